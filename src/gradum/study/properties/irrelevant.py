"""``irrelevant COL [within T] [of CLASS]``: the answer does not depend on a column."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradum.core.bounds.property import Polyhedron
from gradum.errors import PropertyError
from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.study.certified.table_inputs import not_certifiable
from gradum.study.properties.property_words import class_of, column_of, qualifiers, within_of
from gradum.study.properties.question import PropertyQuestion, why_too_fine
from gradum.study.properties.result import Counterexample, Verified
from gradum.study.verification.copies import Copies

MOST_INPUTS = 1000
"""Of a column, such as the words of a text: bounds of pairs of rows grow with its square."""


@dataclass(frozen=True)
class IrrelevantProperty:
    """Two rows that differ in one column have the same answer, or answers no farther apart than T.

    It is about the answers as they are computed. Without T, "the same answer" allows only
    differences from float64 rounding (`TableDomain.tie`), and these only where they are less than a
    millionth of every answer. Single precision rounds more coarsely, so nothing is proved about its
    answers unless no weight leads from the column.
    """

    column: str
    within: float
    """T, in the target's unit or as a probability."""
    place: int | None
    """Position of the class whose probability counts; None for a number, or for every class."""

    @classmethod
    def read(cls, text: str, fitted: Fitted) -> IrrelevantProperty:
        """Read the text after "irrelevant"."""
        column, rest = column_of(text, fitted)
        rest, words = qualifiers(rest, ("of", "within"))
        if rest:
            raise PropertyError(
                "{rest!r} cannot be read behind column {column!r}.",
                'Write it as in "irrelevant age" or "irrelevant age within 0.05".',
                rest=rest,
                column=column.name,
            )
        within = within_of(words)
        if column.role == "target":
            raise PropertyError(
                "Column {column!r} is the target.",
                "Name a column that the model may learn from.",
                column=column.name,
            )
        if column.traits.is_grid:
            raise not_certifiable(column.name, column.traits)
        every = len(fitted.classes) > 2 and "of" not in words
        place = None if every else class_of(words.get("of"), fitted)
        return cls(column.name, within, place)

    def verify(self, question: PropertyQuestion) -> Verified:
        """Check whether any weight leads from the column; if so, search for two such rows."""
        graph, table, box = question.table_graph.answer, question.table, question.box
        changed = np.flatnonzero(question.table_graph.inputs.sources == self.column)
        unreached = question.unreached(box, changed, self.within)
        if unreached is not None:
            return unreached
        if len(changed) > MOST_INPUTS:
            why = say(
                "Column {column!r} becomes {count:,} inputs, more than the {most:,} that are "
                "searched: only a model with no weight on it is proved not to depend on it.",
                column=self.column,
                count=len(changed),
                most=MOST_INPUTS,
            )
            return question.verified("not decided", "interval", 0.0, reason=why)
        copies = Copies(changed)
        tie = table.tie(box, self.within)
        unsafe = self._apart(graph.widths[-1], self.within + tie)
        domain = copies.domain(table.domain(box, unsafe))
        outcome = question.search(
            copies.difference(graph), domain, copies.differences(table.outputs)
        )

        def shown(x: np.ndarray) -> Counterexample:
            both = np.concatenate(copies.pair(x[None]))
            answers, classes = table.outputs(both), question.table_graph.fitted.classes
            place = int(np.abs(answers[1] - answers[0]).argmax())
            place = place if self.place is None else self.place
            return Counterexample(
                tuple(table.rows(both)),
                tuple(answers[:, place].tolist()),
                of=classes[place] if classes else None,
            )

        more: dict[str, Any] = {"rounding": tie}
        if outcome.verdict == "proved" and not self.within and not table.is_hardly(tie, box):
            outcome = replace(outcome, verdict="not decided", certified=0.0)
            more["reason"] = why_too_fine(tie)
        elif outcome.verdict == "not decided":
            more |= question.too_fine(box, self.within + tie)
            if "reason" not in more and not np.isnan(table.form.tried[changed]).any():
                more["reason"] = say(
                    "Column {column!r} is a date, a time of day or a text, for which no two values "
                    "are tried: only a proof could decide.",
                    column=self.column,
                )
        return question.conclude(outcome, shown, **more)

    def _apart(self, outputs: int, least: float) -> tuple[Polyhedron, ...]:
        """Return the differences between answers that are too far apart, by ``least`` or more."""
        places = range(outputs) if self.place is None else (self.place,)
        forms = np.eye(outputs)[list(places)]
        limit = np.full(1, -least)
        return tuple(Polyhedron(sign * form[None], limit) for form in forms for sign in (1.0, -1.0))
