"""The cost and error of explanations, compared with other libraries.

``python -m benchmarks explanations FOLDER [PARTS]``, with a folder of tables as in
`benchmarks.quality.sets`. Shapley values are checked against enumerating all coalitions: on real
tables (`agreement`), on a network together with shap, shapiq and lightshap (`exact`, `drawn`), and
by their stated errors (`coverage`); `pack` times a pack, and `counterfactuals` compares the changes
that flip a decision with DiCE's. The libraries work in environments of their own (`environments`),
on the same function (`network`).
"""

from __future__ import annotations


def main(*arguments: str) -> None:
    """Run the command; its imports stay out of the processes of other libraries."""
    from benchmarks.explanations.command import main as command

    command(*arguments)
