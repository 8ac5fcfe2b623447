"""The form for one row in a report: of the model in use, or of a smaller one where it is too large.

The module of JavaScript of the exports answers in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradum.api.compress import compress
from gradum.api.intervals import conformal_of
from gradum.api.model import Model
from gradum.errors import ExportError, GradumError, SpecError
from gradum.messages import say
from gradum.run.judging.verdict import model_in_words
from gradum.ship.forms.javascript.file import document_of, module
from gradum.ship.recording.model import recorded_model
from gradum.show.what_if import WhatIf
from gradum.tables.wording import size

COVERAGE = 0.9

BUDGET = 0.05
"""By how much a smaller model may err more: the page says how much it does."""


def what_if_form(model: Model, room: int, *, data: str | None = None) -> WhatIf:
    """Make the form for one row of a model's report.

    Parameters
    ----------
    model : Model
    room : int
        The bytes by which the report may grow. A network ensemble that takes more is compressed,
        which reads the run's table again and fits; its form has only a reason if that is not
        possible, or if the smaller model takes more too.
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
    try:
        small = compress(model, budget=BUDGET, data=data)
        of = small.fitted.provenance.compression
        assert of is not None
        stand_in = say("A smaller model that was distilled from it answers in its place.")
        form = _form(small, [how, large, stand_in], [of.sentence])
    except GradumError as error:
        none = say("No smaller model answers in its place.")
        return WhatIf(model.fitted, [large, none, error.message, error.remedy])
    if form.bytes <= room:
        return form
    still = say(
        "The smaller model that was distilled from it takes {size}, so there is no form. With a "
        "larger budget, {command} may find one that fits; ask for the form in its report.",
        size=size(form.bytes),
        command="gradum compress",
    )
    return WhatIf(model.fitted, [large, still])


def _form(model: Model, notes: Sequence[str], promises: Sequence[str] = ()) -> WhatIf:
    """Return the form of a model, with intervals or sets where they can leave gradum."""
    try:
        promise = conformal_of(model, COVERAGE)
        recorded = recorded_model(model.fitted, promise=promise)
        coverage, promised = COVERAGE, promise.statement.sentence
    except (SpecError, ExportError) as error:
        recorded = recorded_model(model.fitted)
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
