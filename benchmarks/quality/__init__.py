"""gradum's errors on real tables, compared with other libraries: fits and comparisons.

Each table of a folder is divided by seed (`split`), every method (`methods`) is fitted to every
table in a process of its own (`runs`, `one`), and each outcome is a line of a file (`outcomes`), so
that a stopped run can go on. Methods are compared in pairs (`paired`) and ranked (`ranks`), the
ranks are tested (`difference`), the methods are rated (`elo`), and everything is shown (`report`,
`picture`).
"""

from __future__ import annotations


def main(*arguments: str) -> None:
    """Run the command; its imports stay out of the processes that fit."""
    from benchmarks.quality.command import main as command

    command(*arguments)
