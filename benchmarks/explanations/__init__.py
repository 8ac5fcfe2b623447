"""What explanations cost and how far off they are, beside other libraries.

``python -m benchmarks explanations FOLDER [PARTS]``, with a folder of tables as that of
`benchmarks.quality.sets`. Shapley values are held against all coalitions written out: of real
tables (`agreement`), of a network beside shap, shapiq and lightshap (`exact`, `drawn`), and by the
errors that are stated with them (`coverage`); `pack` times a pack, and `counterfactuals` has the
changes that flip a decision beside DiCE's. The libraries work in environments of their own
(`environments`), on the same function (`network`).
"""

from __future__ import annotations


def main(*arguments: str) -> None:
    """Run the command; its imports stay out of the processes of other libraries."""
    from benchmarks.explanations.command import main as command

    command(*arguments)
