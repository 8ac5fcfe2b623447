"""The error of the score that is expected without labels.

``python -m benchmarks expected FOLDER [SEEDS] [MODELS]``, with a folder of tables as that of
`benchmarks.quality.sets`: six shifts by time, region and reweighting (`shifts`), beside the CBPE of
nannyml (`cbpe`), which gets the same predictions and labels. ``python -m benchmarks expected
simulated [DRAWS]`` counts how often the interval holds where the truth is known (`simulated`).
"""

from __future__ import annotations


def main(*arguments: str) -> None:
    """Run the command; its imports stay out of the processes of other libraries."""
    from benchmarks.expected.command import main as command

    command(*arguments)
