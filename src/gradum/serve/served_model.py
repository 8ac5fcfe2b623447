"""One model at work: what it answers, and which rows it refuses."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gradum.api.model import Model
from gradum.errors import GradumError, ModelFileError, SchemaError
from gradum.questions.rows.asked_rows import background_of
from gradum.questions.rows.judges import conformal_of
from gradum.run.predicting import predict_plain, predict_rows, predict_typed
from gradum.run.spec.exposure import for_exposure
from gradum.rungs.rung import Prediction
from gradum.serve.requests import Content, PredictRequest, Record
from gradum.study.example_row import example_row
from gradum.tables.check.check import check
from gradum.tables.check.differences import Difference, absent_in
from gradum.tables.check.record_names import RecordNames
from gradum.tables.kinds import KINDS
from gradum.tables.sources.read import read


@dataclass(frozen=True)
class Answered:
    """The answers to some rows."""

    answers: list[dict[str, Any]]
    """``prediction``; of classes also ``probability`` by class; and what else was asked for."""
    differences: tuple[Difference, ...]
    """How the rows differ from those that the model learned from."""
    rows: list[Record]
    """What was asked: the columns that the model knows."""

    @property
    def predictions(self) -> list[Any]:
        """The predicted labels or numbers."""
        return [answer["prediction"] for answer in self.answers]


@dataclass(frozen=True, eq=False)
class ServedModel:
    """A model under a name."""

    name: str
    """What callers call it."""
    model: Model
    allow_missing: bool = False
    """Whether a record may lack a column of which training rows lacked values; each is noted."""
    others: Collection[str] = frozenset()
    """Columns that a record may name besides: what models before it know, or its shadow."""

    @cached_property
    def example(self) -> Record:
        """The row on which it is tested, for an exposure of 1 if the model has exposures."""
        exposure = self.model.fitted.schema.exposure
        return example_row(self.model.fitted) | ({} if exposure is None else {exposure: 1})

    @property
    def version(self) -> str:
        """The fingerprint of the weights: equal for bit-identical models."""
        return self.model.fitted.provenance.fingerprint

    @cached_property
    def needed(self) -> frozenset[str]:
        """The columns of which no value was missing in training."""
        return frozenset(c.name for c in self.model.fitted.schema.features if not c.missing)

    @property
    def required(self) -> frozenset[str]:
        """The columns that a record must name, be it with null."""
        return self.needed if self.allow_missing else self._record_names.features

    @cached_property
    def asks_for(self) -> frozenset[str]:
        """The columns that its answers hang on: those of its features, and of the exposure."""
        schema = self.model.fitted.schema
        also = () if schema.exposure is None else (schema.exposure,)
        return frozenset((*self.model.features, *also))

    @cached_property
    def explains(self) -> bool:
        """Whether its run keeps rows against which answers can be explained."""
        try:
            return bool(len(background_of(self.model, None)))
        except GradumError:
            return False

    def promises(self, coverage: float) -> bool:
        """Whether it has intervals or sets of this coverage."""
        try:
            conformal_of(self.model, coverage)
        except GradumError:
            return False
        return True

    @cached_property
    def known(self) -> frozenset[str]:
        """The columns of its table, used or not."""
        return frozenset(column.name for column in self.model.fitted.schema.columns)

    @cached_property
    def _record_names(self) -> RecordNames:
        return RecordNames(self.model.fitted.schema)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(str(label) for label in self.model.classes)

    @cached_property
    def grids(self) -> tuple[str, ...]:
        """The columns of pictures and sounds, which come as bytes."""
        features = self.model.fitted.schema.features
        return tuple(column.name for column in features if column.traits.is_file)

    def decoded_size(self, records: Sequence[Record]) -> int:
        """Return how many numbers the pictures and sounds of records state to hold."""
        if not self.grids:
            return 0
        cells = (record.get(name) for record in records for name in self.grids)
        contents = (cell.base64 for cell in cells if isinstance(cell, Content))
        return sum(max(kind.decoded_size(each) for kind in KINDS.values()) for each in contents)

    def test(self) -> None:
        """Answer a row, so that a model that cannot is not put to work, and what is slow is done.

        Raises
        ------
        ModelFileError
            It cannot, or its answer is not finite.
        """
        answer = self.answered(PredictRequest([self.example])).answers[0]
        numbers = [*answer.get("probability", {"": answer["prediction"]}).values()]
        if not np.isfinite(np.array(numbers, np.float64)).all():
            raise ModelFileError("The model's answer to a common row is not finite.")

    def answered(self, asked: PredictRequest) -> Answered:
        """Answer rows.

        Raises
        ------
        GradumError
            A record lacks a column or has an unknown one, or a value cannot be used; or nothing of
            the kind can be asked of this model. The message says which, and why.
        """
        rows, absent = self._rows(asked)
        if not rows:
            return Answered([], absent, rows)
        if asked.coverage is not None:
            answers, differences = self._promised(rows, asked)
        else:
            prediction, differences = predict_rows(self.model.fitted, rows, rung=asked.rung)
            answers = self._plain(prediction)
        if asked.is_explained:
            self._add_explained(answers, rows, asked)
        return Answered(answers, (*absent, *differences), rows)

    def answered_plain(self, several: Sequence[PredictRequest]) -> list[Answered] | None:
        """Answer requests for one row and the same rung; None if one of them is not plain."""
        try:
            found = [self._rows(asked) for asked in several]
            rows = [row for (row,), _ in found]
            if self.model.fitted.schema.exposure is not None:
                return None
            prediction = predict_plain(self.model.fitted, rows, rung=several[0].rung)
        except GradumError:
            return None
        if prediction is None:
            return None
        return [
            Answered([answer], absent, own)
            for answer, (own, absent) in zip(self._plain(prediction), found, strict=True)
        ]

    def _rows(self, asked: PredictRequest) -> tuple[list[Record], tuple[Difference, ...]]:
        """Return rows with the model's columns alone, and which columns records lacked.

        Raises
        ------
        SchemaError
            As `answered`.
        """
        rows, differences, features = asked.records, (), self._record_names.features
        if not all(record.keys() == features for record in rows):
            rows, differences = self._completed(asked)
        if self.grids or any(Content in map(type, row.values()) for row in rows):
            rows = [self._with_bytes(row, number) for number, row in enumerate(rows, 1)]
        return rows, differences

    def _completed(self, asked: PredictRequest) -> tuple[list[Record], tuple[Difference, ...]]:
        """Return records with the model's columns, null where they may be absent, and who lacks."""
        names, features = self._record_names, self.model.features
        may_lack = names.features - self.required
        others = {*self.others, *([] if asked.id is None else [asked.id])}
        rows, lacking = [], {}
        for number, record in enumerate(asked.records, 1):
            names.check_one(record, number, also=others, may_lack=may_lack)
            absent = [name for name in features if name not in record]
            for name in absent:
                lacking.setdefault(name, []).append(number - 1)
            own = {name: value for name, value in record.items() if name in self.known}
            rows.append(own | dict.fromkeys(absent))
        return rows, tuple(absent_in(name, places) for name, places in lacking.items())

    def _with_bytes(self, row: Record, number: int) -> dict[str, Any]:
        """Return a row with the bytes of its pictures and sounds; a name opens no file here."""
        cells: dict[str, Any] = dict(row)
        for name, value in row.items():
            if isinstance(value, Content) and name in self.grids:
                cells[name] = value.base64
            elif isinstance(value, Content):
                raise SchemaError(
                    "Record {number:,} has bytes in {column!r}.",
                    "Give a number, a text, true, false or null.",
                    number=number,
                    column=name,
                )
            elif name in self.grids and value is not None:
                raise SchemaError(
                    "Record {number:,} has no bytes in {column!r}.",
                    "Send the file itself, as {form}.",
                    number=number,
                    column=name,
                    form='{"base64": "…"}',
                )
        return cells

    def _plain(self, prediction: Prediction) -> list[dict[str, Any]]:
        values = prediction.value.tolist()
        if prediction.probability is None:
            return [{"prediction": value} for value in values]
        classes, names = self.model.classes, self._names
        return [
            {"prediction": classes[place], "probability": dict(zip(names, shares, strict=True))}
            for place, shares in zip(values, prediction.probability.tolist(), strict=True)
        ]

    def _promised(
        self, rows: list[Record], asked: PredictRequest
    ) -> tuple[list[dict[str, Any]], tuple[Difference, ...]]:
        """Return answers with intervals or sets; the rows are read and predicted once for both."""
        assert asked.coverage is not None
        fitted = self.model.fitted
        conformal = conformal_of(self.model, asked.coverage, rung=asked.rung)
        checked = check(read(rows), fitted.schema, encoder=fitted.encoder, also=conformal.also)
        prediction = predict_typed(fitted, checked.frame, rung=asked.rung)
        answers = self._plain(for_exposure(fitted.schema, checked.frame, prediction))
        if fitted.classes:
            sets = conformal.labels(conformal.sets(checked.frame, prediction))
            for answer, labels in zip(answers, sets, strict=True):
                answer["set"] = list(labels)
        else:
            ends = conformal.intervals(checked.frame).tolist()
            for answer, (low, high) in zip(answers, ends, strict=True):
                answer["interval"] = [low, high]
        return answers, checked.differences

    def _add_explained(
        self, answers: list[dict[str, Any]], rows: list[Record], asked: PredictRequest
    ) -> None:
        explanation = self.model.explain(rows, rung=asked.rung)
        if asked.explain:
            for answer, shares in zip(answers, explanation.found.shares, strict=True):
                answer["explanation"] = {"columns": shares}
        if asked.favourable is not None:
            favourable = next(
                (label for label in self.model.classes if str(label) == asked.favourable),
                asked.favourable,
            )
            reasons = explanation.reasons(favourable=favourable)
            for answer in answers:
                answer["reasons"] = []
            for line in reasons.frame.iter_rows(named=True):
                answers[line["row"] - 1]["reasons"].append(
                    {name: line[name] for name in ("column", "contribution", "sentence")}
                )
