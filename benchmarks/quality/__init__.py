"""How small gradum's errors are on real tables, beside other libraries: fits and comparisons.

A folder of tables is divided by seed (`split`), every method (`methods`) is fitted to every table
in a process of its own (`runs`, `one`), and what each gave is a line of a file (`outcomes`), so
that a run which was stopped goes on. Methods are compared in pairs (`paired`) and ranked (`ranks`),
the ranks are tested (`difference`) and rated (`elo`), and all is shown (`report`, `picture`).
"""

from __future__ import annotations


def main(*arguments: str) -> None:
    """Run the command; its imports stay out of the processes that fit."""
    from benchmarks.quality.command import main as command

    command(*arguments)
