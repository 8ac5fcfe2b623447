"""Properties of networks: how many are decided in which time, and none wrongly.

``python -m benchmarks verification FOLDER [SECONDS]`` verifies the instances of a folder as the
verification competition publishes them: a file whose name ends in ``instances.csv``, with a
network, a property and a time limit a line and perhaps a known verdict, beside these files or an
archive of them. ``python -m benchmarks verification random [COUNT] [SEED]`` holds small random
networks against mixed-integer programming (`exact`).
"""

from __future__ import annotations


def main(*arguments: str) -> None:
    """Run the command."""
    from benchmarks.verification.command import main as command

    command(*arguments)
