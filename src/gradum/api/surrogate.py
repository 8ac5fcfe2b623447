"""The tree that stands in place of the rung in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradum.api.learned_rows import no_run_folder, no_single_rows
from gradum.errors import SpecError
from gradum.messages import say
from gradum.rungs.registry import KINDS
from gradum.show.surrogate import SurrogateTree
from gradum.study.explanation.surrogate import surrogate

if TYPE_CHECKING:
    from gradum.api.model import Model


def surrogate_of(model: Model) -> SurrogateTree:
    """Return the tree in place of the rung in use; see `Model.surrogate`."""
    tree = None
    if model.run is not None:
        tree = surrogate(model.run)
    elif model.folder is None:
        raise no_run_folder()
    elif not model.fitted.spec.report.rows:
        raise no_single_rows()
    elif not model.fitted.spec.report.explain:
        raise SpecError(
            say("The run was not explained (--no-explain), and no tree was grown."),
            say("Fit again without --no-explain."),
        )
    elif model.findings is not None:
        tree = model.findings.surrogate
    if tree is None:
        raise SpecError(
            say(
                "No tree was grown for this run: {rung} says the same of every row, there are "
                "only texts to ask about, or too few rows.",
                rung=say(KINDS[model.used].in_words),
            ),
            say("Ask about single rows with explain."),
        )
    return SurrogateTree(tree, model.fitted)
