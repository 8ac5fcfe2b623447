"""The form for one row in a report: of the model in use, or of a smaller one where it is too large.

The module of JavaScript of the exports answers in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradum.api.compress import compress
from gradum.errors import ExportError, GradumError, OverBudgetError, SpecError
from gradum.messages import say
from gradum.questions.rows.judges import conformal_of
from gradum.run.fitted import Fitted
from gradum.run.judging.verdict import model_in_words
from gradum.rungs.names import BASELINE
from gradum.scores.figures import with_interval
from gradum.scores.metrics import METRICS
from gradum.ship.forms.javascript.file import document_of, module
from gradum.ship.recording.model import recorded_model
from gradum.show.page.what_if import WhatIf
from gradum.tables.wording import size

if TYPE_CHECKING:
    from gradum.questions.subject import Subject

COVERAGE = 0.9

BUDGET = 0.05
"""By how much a smaller model may err more: the page says how much it does."""


def what_if_form(model: Subject, room: int, *, data: str | None = None) -> WhatIf:
    """Make the form for one row of a model's report.

    Parameters
    ----------
    room : int
        The bytes by which the report may grow. For a model that takes more, the first of these that
        fits answers: a smaller model distilled from a network ensemble, for which the run's table
        is read again; the simpler models of the same run, from the best equipped one down. Where
        none fits, the form has only reasons.
    data : str, optional
        As in `compress`.
    """
    own = model_in_words(model.used)
    how = say(
        "Type, and the answer follows: this page computes it, and nothing leaves it. The form "
        "begins with medians and common levels, and an empty field is a missing value."
    )
    try:
        form = _form(model, [how, say("The model in use answers, {model}.", model=own)])
    except ExportError as error:
        return WhatIf(model.fitted, [error.message, error.remedy])
    if form.bytes <= room:
        return form
    large = say(
        "The model in use, {model}, takes {size}, but the page has room for {room}.",
        model=own,
        size=size(form.bytes),
        room=size(max(room, 0)),
    )
    reasons = [large, say("No smaller model answers in its place.")]
    try:
        small = compress(model, budget=BUDGET, data=data)
        of = small.fitted.provenance.compression
        assert of is not None
        stand_in = say("A smaller model that was distilled from it answers in its place.")
        form = _form(small, [how, large, stand_in], [of.sentence])
        if form.bytes <= room:
            return form
        reasons.append(
            say("The smaller model that was distilled from it takes {size}.", size=size(form.bytes))
        )
    except OverBudgetError as error:
        reasons.append(error.message)
    except GradumError as error:
        reasons += [error.message, error.remedy]
    for rung in _simpler(model.fitted):
        form = _form(model, [how, large, _in_its_place(model.fitted, rung)], rung=rung)
        if form.bytes <= room:
            return form
    return WhatIf(model.fitted, reasons)


def _simpler(fitted: Fitted) -> list[str]:
    """Return the rungs below the one in use, from above, without guessing."""
    names = list(fitted.rungs)
    below = names[: names.index(fitted.used)]
    return [name for name in reversed(below) if name != BASELINE]


def _in_its_place(fitted: Fitted, rung: str) -> str:
    """Say which simpler model answers, and its score beside that of the model in use."""
    judgement = fitted.judgement
    assert judgement is not None  # otherwise the last model is in use, and it is the only one
    metric = judgement.verdict.metric
    small, large = (judgement.scores[name]["test"][metric] for name in (rung, fitted.used))
    return say(
        "A simpler model of the same run answers in its place, {model}: on the judged rows, its "
        "{metric} is {small} instead of {large}.",
        model=model_in_words(rung),
        metric=METRICS[metric].words,
        small=with_interval(small),
        large=with_interval(large),
    )


def _form(
    model: Subject, notes: Sequence[str], promises: Sequence[str] = (), rung: str | None = None
) -> WhatIf:
    """Return the form of a rung, with intervals or sets where they can leave gradum."""
    try:
        promise = conformal_of(model, COVERAGE, rung=rung)
        recorded = recorded_model(model.fitted, rung, promise)
        coverage, promised = COVERAGE, promise.statement.sentence
    except (SpecError, ExportError) as error:
        recorded = recorded_model(model.fitted, rung)
        coverage, promised = None, error.message
    found = None if model.findings is None else model.findings.found("importance")
    return WhatIf(
        model.fitted,
        notes,
        [*promises, promised],
        module(document_of(recorded)).decode(),
        coverage,
        [column.column for column in found.columns] if found else [],
    )
