"""``robust COL ±N, COL ±N%, COL any [within T]``: rows keep their answers while columns move.

It is checked around each row of a table: the predicted class stays the same, or the number moves by
at most T.

Shapes: n rows, d inputs, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from gradum.core.bounds import Box, Graph
from gradum.core.bounds.property import Polyhedron
from gradum.errors import PropertyError, SpecError
from gradum.run.fitted import Fitted
from gradum.study.properties.property_words import (
    Amount,
    amount_of,
    column_of,
    number_of,
    parts_of,
    qualifiers,
)
from gradum.study.properties.question import CentreRows, PropertyQuestion, why_too_fine
from gradum.study.properties.result import Counterexample, Verified
from gradum.study.properties.table_domain import HARDLY, Row, TableDomain
from gradum.study.verification.domain import InputForm, Stage, Verdict, gravest, latest
from gradum.waiting import portion

ANY = "any"


class ColumnMove(NamedTuple):
    """A column that moves by an amount either way or, without an amount, to any of its levels."""

    column: str
    amount: Amount | None


@dataclass(frozen=True)
class RobustProperty:
    """A change of some columns within limits never changes a row's answer."""

    changes: tuple[ColumnMove, ...]
    within: float | None
    """T, in the target's unit; None for classes."""

    @property
    def place(self) -> None:
        """None, as it is about the class of each row, not about the probability of one class."""
        return

    @classmethod
    def read(cls, text: str, fitted: Fitted) -> RobustProperty:
        """Read the text after "robust"."""
        text, words = qualifiers(text, ("within",))
        changes = tuple(_change(part, fitted) for part in parts_of(text))
        names = [change.column for change in changes]
        for name in names:
            if names.count(name) > 1:
                raise PropertyError(
                    "Column {column!r} moves twice.", "Give each column one amount.", column=name
                )
        if fitted.classes and "within" in words:
            raise PropertyError(
                "The answer is a class, which does not move by an amount.", 'Leave "within" out.'
            )
        if not fitted.classes and "within" not in words:
            raise PropertyError(
                "The answer is a number: by how much may it move?",
                'Add "within 100", in the unit of the target.',
            )
        return cls(changes, number_of(words["within"]) if "within" in words else None)

    def verify(self, question: PropertyQuestion) -> Verified:
        """Search around the rows one by one."""
        if question.rows is None:
            raise SpecError(
                "A model is robust around rows, and none are given.",
                "Name a table behind the model, in Python data=….",
            )
        rows = question.rows.within(question.table, question.region)
        if not len(rows):
            raise PropertyError("No row of the table lies in the region.", "Give a wider region.")
        # Rows for which no time is left remain open.
        around: list[_Around] = []
        for place in range(len(rows)):
            if around and not question.seconds_left:
                break
            share = 1 / (len(rows) - place)
            with portion(place / len(rows), (place + 1) / len(rows)):
                around.append(self._around(question, rows.chosen(place), share))
        verdicts: list[Verdict] = ["not decided"] * len(rows)
        verdicts[: len(around)] = (one.verdict for one in around)
        return question.verified(
            gravest(verdicts),
            latest(one.stage for one in around),
            verdicts.count("proved") / len(rows),
            counterexample=next((one.example for one in around if one.example is not None), None),
            rows=len(rows),
            refuted_rows=verdicts.count("refuted"),
            **self._rounding(around),
        )

    def _rounding(self, around: Sequence[_Around]) -> dict[str, Any]:
        """Return how much counts as rounding, and the reason if it leaves rows open."""
        most = max((one.too_much for one in around if one.too_much is not None), default=None)
        if most is None or any(one.verdict == "refuted" for one in around):
            return {"rounding": max(one.rounding for one in around)}
        return {"rounding": most, "reason": why_too_fine(most)}

    def _around(self, question: PropertyQuestion, row: CentreRows, share: float) -> _Around:
        """Search around one row, within a share of the remaining time."""
        table, classes = question.table, question.table_graph.fitted.classes
        (number,), (x,), (raw,) = row.numbers, row.x, row.raw
        columns = [change.column for change in self.changes]

        def changed(points: np.ndarray) -> list[Row]:
            return [
                {**raw, **{column: other[column] for column in columns}}
                for other in table.rows(points)
            ]

        present = table.predicted([raw]).value[0]
        box, form = self._reached(question, x)
        if np.array_equal(box.low, box.high):  # it is the row itself
            return _Around("proved", "interval", 0.0)
        tie = 0.0 if self.within is None else table.tie(box, self.within)
        if self.within is None:
            claim = _class_stays(table, int(present))
        else:
            claim = _number_stays(table, present, self.within + tie)

        def replay(points: np.ndarray) -> np.ndarray:
            return claim.outputs(table.predicted(changed(points)).value)

        domain = table.domain(box, claim.unsafe, form)
        outcome = question.search(claim.graph, domain, replay, share=share)
        around = _Around(outcome.verdict, outcome.stage, tie)
        if outcome.verdict == "not decided" and self.within is not None:
            more = question.too_fine(box, self.within + tie)
            return around._replace(too_much=more.get("rounding"))
        if outcome.verdict == "proved" and not self.within and tie > HARDLY * abs(present):
            return around._replace(verdict="not decided", too_much=tie)
        if outcome.x is None:
            return around
        (other,) = changed(outcome.x[None])
        answers = (present, table.predicted([other]).value[0])
        if classes:
            answers = tuple(classes[int(place)] for place in answers)
        rows = ({column: raw.get(column) for column in other}, other)
        return around._replace(example=Counterexample(rows, answers, int(number)))

    def _reached(self, question: PropertyQuestion, x: np.ndarray) -> tuple[Box, InputForm]:
        """Return the possible inputs [d] of a changed row; only whole numbers stay whole."""
        table, table_graph = question.table, question.table_graph
        low, high = x[None].copy(), x[None].copy()
        for column, amount in self.changes:
            there = table_graph.inputs.sources == column
            if amount is None:
                flags = [table.inputs.places(column).get("missing", -1)]
                there &= ~np.isin(np.arange(len(x)), flags)
                low[:, there], high[:, there] = 0.0, table.box.high[:, there]
                continue
            value = float(x[table.inputs.places(column).get("value", 0)])
            radius = amount.size * (abs(value) if amount.relative else 1.0)
            moved = table_graph.inputs.around(x[None], {column: radius})
            low[:, there], high[:, there] = moved.low[:, there], moved.high[:, there]
        form = table.form
        form = replace(form, whole=form.whole & (x == np.rint(x)), tried=np.full(len(x), np.nan))
        return Box(*form.narrowed(low, high)), form


class _Around(NamedTuple):
    """The result for one row, what counts as rounding there, and how much it is if too much."""

    verdict: Verdict
    stage: Stage
    rounding: float
    example: Counterexample | None = None
    too_much: float | None = None


class _Claim(NamedTuple):
    """The claim that the answer for a row stays the same.

    It is stated about the outputs of a graph, some of which are unsafe; ``outputs`` maps predicted
    values [N] to the corresponding outputs [N, k].
    """

    graph: Graph
    unsafe: list[Polyhedron]
    outputs: Callable[[np.ndarray], np.ndarray]


def _class_stays(table: TableDomain, present: int) -> _Claim:
    """Return the claim that all margins of a class over the others are above 0."""
    graph = table.table_graph.margin(present)
    margins = np.eye(graph.widths[-1])
    unsafe = [Polyhedron(margin[None], np.zeros(1)) for margin in margins]
    return _Claim(
        graph,
        unsafe,
        lambda classes: np.where(classes == present, 1.0, -1.0)[:, None] * np.ones(len(margins)),
    )


def _number_stays(table: TableDomain, present: float, within: float) -> _Claim:
    """Return the claim that a number moves by less than ``within``."""
    unsafe = [
        Polyhedron(np.full((1, 1), sign), np.full(1, sign * present - within))
        for sign in (1.0, -1.0)
    ]
    return _Claim(table.table_graph.answer, unsafe, lambda numbers: numbers[:, None])


def _change(text: str, fitted: Fitted) -> ColumnMove:
    """Read ``income ±5%`` or ``colour any``."""
    column, rest = column_of(text, fitted)
    if column.role != "feature":
        raise SpecError(
            "The model does not use column {column!r}.",
            "Name columns that it learned from.",
            column=column.name,
        )
    if rest == ANY and column.traits.has_levels:
        return ColumnMove(column.name, None)
    amount = amount_of(rest)
    if amount is not None and column.traits.is_quantity:
        return ColumnMove(column.name, amount)
    if not (column.traits.has_levels or column.traits.is_quantity):
        raise PropertyError(
            "Column {column!r} is of the kind {kind}: a proof knows no small change of it.",
            "Name columns of numbers or of levels.",
            column=column.name,
            kind=column.kind,
        )
    raise PropertyError(
        "How column {column!r} moves cannot be read from {text!r}.",
        'Write "{column} ±1" or "±5%" of numbers, "{column} any" of levels.',
        column=column.name,
        text=rest,
    )
