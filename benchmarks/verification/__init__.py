"""Properties of networks: how many are decided in what time, and that none is decided wrongly.

``python -m benchmarks verification FOLDER [SECONDS]`` verifies the instances of a folder as the
verification competition publishes them: a file whose name ends in ``instances.csv``, with a
network, a property, a time limit and perhaps a known verdict on each line, beside these files or an
archive of them. ``python -m benchmarks verification random [COUNT] [SEED]`` checks small random
networks against mixed-integer programming (`exact`).
"""

from __future__ import annotations


def main(*arguments: str) -> None:
    """Run the command."""
    from benchmarks.verification.command import main as command

    command(*arguments)
