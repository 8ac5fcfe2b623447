"""The error of scores that are expected without labels.

``python -m benchmarks expected FOLDER [SEEDS] [MODELS]``, with a folder of tables as in
`benchmarks.quality.sets`: six shifts by time, region and reweighting (`shifts`), compared with
nannyml's CBPE (`cbpe`), which gets the same predictions and labels.
``python -m benchmarks expected simulated [DRAWS]`` counts how often the interval
holds when the truth is known (`simulated`).
"""

from __future__ import annotations


def main(*arguments: str) -> None:
    """Run the command; its imports stay out of the processes of other libraries."""
    from benchmarks.expected.command import main as command

    command(*arguments)
