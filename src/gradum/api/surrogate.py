"""The tree that takes the place of the rung in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradum.errors import SpecError
from gradum.forks import refuse_after_fork
from gradum.messages import say
from gradum.questions.rows.learned_rows import no_run_folder, no_single_rows
from gradum.rungs.registry import KINDS
from gradum.show.answers.surrogate import SurrogateTree
from gradum.study.explanation.surrogate import surrogate as grown

if TYPE_CHECKING:
    from gradum.questions.subject import Subject


def surrogate(self: Subject) -> SurrogateTree:
    """Grow a tree of at most four questions that imitates the rung in use.

    Its fidelity is the R² of its answers on rows that it was not grown on; below 0.8 the tree is
    not shown. The fidelity of the linear rung is given as well.

    Returns
    -------
    SurrogateTree
        It displays itself; ``frame`` has one line per rule.

    Raises
    ------
    SpecError
        The model was loaded from a file alone, or there is no tree.
    """
    refuse_after_fork()
    tree = None
    if self.run is not None:
        tree = grown(self.run)
    elif self.folder is None:
        raise no_run_folder()
    elif not self.fitted.spec.report.rows:
        raise no_single_rows()
    elif not self.fitted.spec.report.explain:
        raise SpecError(
            "The run was not explained (--no-explain), and no tree was grown.",
            "Fit again without --no-explain.",
        )
    elif self.findings is not None:
        tree = self.findings.surrogate
    if tree is None:
        raise SpecError(
            "No tree was grown for this run: {rung} answers alike for every row, all columns "
            "are texts, or there are too few rows.",
            "Ask about single rows with explain.",
            rung=say(KINDS[self.used].in_words),
        )
    return SurrogateTree(tree, self.fitted)
