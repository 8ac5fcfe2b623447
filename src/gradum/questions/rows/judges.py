"""Intervals and sets of a model, with the guarantee that its run folder allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradum.run.intervals.predictor import ConformalPredictor
from gradum.run.judge import Judge, first_repeat
from gradum.ship.judges import load_judges
from gradum.ship.layout import JUDGES

if TYPE_CHECKING:
    from gradum.questions.subject import Subject


def judges_of(model: Subject) -> tuple[Judge, ...]:
    """Return the judges that a model's guarantee needs; none if they are not at hand.

    Raises
    ------
    ModelFileError
        Their file is damaged, or of another model.
    """
    guarantee = model.fitted.guarantee
    if guarantee is None or guarantee.terms.name != "cross":
        return ()
    if model.run is not None:
        return first_repeat(model.run.judges)
    if model.folder is None or not (model.folder / JUDGES).exists():
        return ()
    return load_judges(model.fitted, model.folder / JUDGES)


def conformal_of(
    model: Subject, coverage: float = 0.9, *, rung: str | None = None, by_class: bool | None = None
) -> ConformalPredictor:
    """Return the predictor of a model's intervals and sets at a coverage, and of its distributions.

    Raises
    ------
    SpecError
        As in `ConformalPredictor.of`.
    """
    return ConformalPredictor.of(model.fitted, model.judges, coverage, rung=rung, by_class=by_class)
