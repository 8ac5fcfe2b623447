"""A rung of a fitted model as a program from raw columns to answers, recorded as it predicts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gradum.core.models.input_blocks import of_matrix
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.parameters import named
from gradum.errors import ExportError
from gradum.margins import EQUAL
from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.run.intervals.conformal.conformal_intervals import conformal_intervals
from gradum.run.intervals.conformal.score_list import wanted_mass
from gradum.run.intervals.predictor import ConformalPredictor
from gradum.run.judging.verdict import model_in_words
from gradum.rungs.rung import Rung
from gradum.ship.recording.program import RecordedProgram, rows_axis, without_axes_of
from gradum.ship.recording.recorded import Recorded, of_rows
from gradum.tables.columns import Column
from gradum.tables.kinds.blocks import FORMS


@dataclass(frozen=True, eq=False)
class RecordedModel:
    """A rung of a model as a program."""

    fitted: Fitted
    rung: Rung
    columns: tuple[Column, ...]
    """The raw columns that it takes, in the table's order."""
    answers: Mapping[str, str]
    """The program's name for each answer: ``prediction`` [n], the number or the label; for classes
    also ``probability`` [n, K] and ``logits`` [n, k], after calibration; with a promise, ``low``
    and ``high`` [n], or ``set`` [n, K], which classes are in it. The names differ where a column is
    called so."""
    program: RecordedProgram
    promise: ConformalPredictor | None = None
    """What the intervals or sets are made by."""

    def raw(self, frame: pl.DataFrame) -> dict[str, np.ndarray]:
        """Return typed columns, as `tables.check` leaves them, as the program takes them."""
        return {c.name: c.traits.as_raw(frame[c.name])[:, None] for c in self.columns}


def recorded_model(
    fitted: Fitted, name: str | None = None, promise: ConformalPredictor | None = None
) -> RecordedModel:
    """Record a rung of a model, and the intervals or sets of a promise, if one is given.

    Raises
    ------
    ExportError
        A column or a step has no form outside of gradum; the message says which, and why.
    SpecError
        The model has no such rung.
    """
    rung = fitted.rung(name)
    if fitted.spec.is_forecast:
        raise ExportError(
            "A forecast looks at the past of its series, which no other form holds.",
            "Forecast with gradum predict.",
        )
    if fitted.schema.exposure is not None:
        raise ExportError(
            "Answers are for the exposure of each row, which no other form takes.",
            "Predict with gradum, or fit rates with --weight (weight) in place of --exposure.",
        )
    if promise is not None:
        _refuse_promise(promise)
    with without_axes_of(_lengths(rung)) as rows:
        return _recorded(fitted, rung, promise, rows)


def _lengths(rung: Rung) -> set[int]:
    """Return the lengths of the axes of a rung's own arrays."""
    lengths = {length for array in named(rung.params).values() for length in np.shape(array)}
    if (layer := rung.input_layer) is None:
        return lengths
    return lengths | {len(layer.centre), *layer.levels, *(1 + count for count in layer.levels)}


def _recorded(
    fitted: Fitted, rung: Rung, promise: ConformalPredictor | None, rows: int
) -> RecordedModel:
    columns = _leaving(fitted, rung)
    raw = {c.name: Recorded.input(_DTYPES[c.traits.raw_type]) for c in columns if c.traits.raw_type}
    try:
        logits, dense = _forward(fitted, rung, raw)
        answers = _answers(rung, logits)
        if promise is not None:
            answers |= _promised(promise, logits, dense, answers)
    except ExportError as error:
        cause = say("{model}: {cause}", model=model_in_words(rung.name), cause=error.message)
        raise ExportError(cause, error.remedy) from None
    if fitted.classes:
        answers["prediction"] = Recorded.constant(fitted.labels)[answers["prediction"]]
    first = next(iter(raw.values()))
    names = {answer: first_free(answer, raw) for answer in answers}
    outputs = {names[answer]: of_rows(values, first).node for answer, values in answers.items()}
    inputs = {column: values.node for column, values in raw.items()}
    return RecordedModel(
        fitted, rung, columns, names, RecordedProgram(inputs, outputs, rows), promise
    )


def first_free(name: str, taken: Collection[str]) -> str:
    """Return a name that is not taken: with as many underscores behind it as that needs."""
    while name in taken:
        name += "_"
    return name


_DTYPES = {"number": np.float64, "text": object}


def _leaving(fitted: Fitted, rung: Rung) -> tuple[Column, ...]:
    """Return the columns that a form takes; refuse a column that reaches the rung and has none."""
    leaving = []
    reach = () if rung.input_layer is None else fitted.encoder.layout.sources
    for column in fitted.schema.features:
        if column.traits.raw_type is not None:
            leaving.append(column)
        elif column.name in reach:
            raise ExportError(
                "Column {column!r} cannot leave gradum: {reason}",
                "Fit again with --drop {column}.",
                column=column.name,
                reason=say(column.traits.stays),
            )
    if not leaving:
        raise ExportError("The model has no column that a form can take.")
    return tuple(leaving)


def _forward(fitted: Fitted, rung: Rung, raw: Mapping[str, Recorded]) -> tuple[Any, Any]:
    """Return the rung's raw outputs [n, k] in float64, and its dense inputs [n, d]."""
    if rung.input_layer is None:
        inputs = of_matrix(np.zeros((rows_axis.get(), 0)))
    else:
        inputs = _inputs(fitted, rung, raw)
    logits = rung.network.forward(_constants(rung.params), inputs)
    return logits.astype(np.float64), inputs["dense"]


def _inputs(fitted: Fitted, rung: Rung, raw: Mapping[str, Recorded]) -> dict[str, Any]:
    """Return the network's inputs, as `InputLayer` makes them of the encoded columns."""
    layer, layout = rung.input_layer, fitted.encoder.layout
    assert layer is not None
    blocks: dict[str, list[Any]] = {name: [] for name in FORMS}
    for column, step in zip(fitted.schema.features, fitted.encoder.steps, strict=True):
        if column.name in layout.sources:
            for block, parts in column.traits.from_raw(column, step, raw[column.name]).items():
                blocks[block] += parts
    dense = np.concatenate(blocks["dense"], axis=1) if blocks["dense"] else None
    codes = RecordedCodes(blocks["codes"])
    design = {"dense": np.zeros((rows_axis.get(), 0)) if dense is None else dense, "codes": codes}
    inputs = layer.narrow_columns(design, dtype=rung.dtype)
    if layer.sparse_levels or blocks["sparse"]:
        wide = [(codes[:, place], count) for place, count in layer.sparse_levels]
        inputs["sparse"] = Sparse(wide, _chosen(layer, blocks["sparse"], rung.dtype))
    return inputs


def _chosen(layer: InputLayer, texts: Sequence[Any], dtype: Any) -> list[Any]:
    """Return the weights of the n-grams [n, k] of each text that the layer lets through."""
    if layer.ngrams is None:
        return [text.astype(dtype) for text in texts]
    ends = np.cumsum([0, *(text.shape[1] for text in texts)])
    places = np.split(np.array(layer.ngrams), np.searchsorted(layer.ngrams, ends[1:-1]))
    pairs = zip(texts, ends[:-1], places, strict=True)
    return [text[:, own - start].astype(dtype) for text, start, own in pairs if len(own)]


class RecordedCodes:
    """Coded columns [n, c], each by itself.

    Parameters
    ----------
    columns : sequence of Recorded
        Each [n, 1].
    """

    def __init__(self, columns: Sequence[Recorded]) -> None:
        self._columns = columns

    def __getitem__(self, key: tuple[slice, int]) -> Recorded:
        return self._columns[key[1]][:, 0]


class Sparse:
    """The sparse columns [n, v]: those of coded columns, then those of texts.

    Of those of a coded column one is 1, or none: a product reads one row of the weights for it.

    Parameters
    ----------
    columns : sequence of (Recorded, int)
        The codes [n] of each column, and how many levels it has.
    texts : sequence of Recorded
        The weights [n, k] of the n-grams of each text.
    """

    def __init__(
        self, columns: Sequence[tuple[Recorded, int]], texts: Sequence[Recorded] = ()
    ) -> None:
        self._columns, self._texts = columns, texts
        levels = sum(count for _, count in columns)
        self.shape = (rows_axis.get(), levels + sum(text.shape[1] for text in texts))

    def __matmul__(self, weight: Recorded) -> Any:
        total, start = None, 0
        for code, count in self._columns:
            own = weight[start : start + count]
            rows = np.concatenate([np.zeros((1, own.shape[1]), own.dtype), own])[code]
            total = rows if total is None else total + rows
            start += count
        for text in self._texts:
            product = text @ weight[start : start + text.shape[1]]
            total = product if total is None else total + product
            start += text.shape[1]
        return total


def _constants(params: Any) -> Any:
    """Return parameters as arrays of the recording."""
    if isinstance(params, dict):
        return {name: _constants(part) for name, part in params.items()}
    if isinstance(params, list):
        return [_constants(part) for part in params]
    return Recorded.constant(np.asarray(params))


def _answers(rung: Rung, logits: Any) -> dict[str, Any]:
    """Return the answers, as `Rung.prediction` makes them of logits [n, k]; of classes, places."""
    deciding = logits
    for step in rung.post:
        logits = step(logits)
        deciding = logits if step.decides else deciding
    if rung.target_scale is not None:
        numbers = rung.learned_by.inverse_link(logits)
        return {"prediction": rung.target_scale.inverse(numbers, clamp=rung.clamp)}
    link = rung.learned_by.inverse_link
    probability = link(logits)
    decided = probability if deciding is logits else link(deciding)
    most = decided.max(axis=1, keepdims=True)  # the first of equal ones, as in `margins`
    place = (decided >= most - EQUAL * np.absolute(most)).astype(np.int64).argmax(axis=1)
    return {"prediction": place, "probability": probability, "logits": logits}


def _promised(
    promise: ConformalPredictor, logits: Any, dense: Any, answers: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the intervals or sets of a split-conformal promise, as `ConformalPredictor` does."""
    scores, rung = promise.scores, promise.rung
    masks = [np.ones(len(scores), bool)]
    if promise.by_class:
        assert scores.label is not None
        masks = [scores.label == code for code in range(len(promise.classes))]
    found = [scores.lists(rung.name, mask, folds=1) for mask in masks]
    if (scale := rung.target_scale) is not None:
        located = rung.located(logits, dense).scaled(scale.centre, scale.scale)
        ends = conformal_intervals(found[0][0], [located], promise.coverage, found[0][1])
        low, high = (scale.unlogged(end) for end in ends)
        return {"low": low, "high": high}
    highest = [
        ranked.highest(wanted_mass(promise.coverage, ranked.total, newcomer))
        for (ranked,), newcomer in found
    ]
    chosen = 1 - answers["probability"] <= np.array(highest)
    return {"set": chosen | (answers["prediction"][:, None] == np.arange(len(promise.classes)))}


def _refuse_promise(promise: ConformalPredictor) -> None:
    """Refuse intervals and sets that need more than one model's file has."""
    terms = promise.terms
    if terms.name == "split" and terms.by is None:
        return
    if terms.name == "cross":
        reason = say("They are made from all models of the cross-validation, not from one.")
    elif terms.name == "adaptive":
        reason = say("They follow the outcomes of earlier rows.")
    elif terms.by is not None:
        reason = say("Each level of column {column!r} has its own.", column=terms.by)
    else:
        reason = terms.reason
    raise ExportError(
        "Intervals and sets of this model cannot leave gradum: {reason}",
        "Leave out --interval (interval).",
        reason=reason,
    )
