"""``range LOW..HIGH [of CLASS]``: the number, or a class's probability, never leaves a range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradum.core.bounds.property import Polyhedron
from gradum.errors import PropertyError
from gradum.run.fitted import Fitted
from gradum.study.properties.property_words import class_of, qualifiers, range_of
from gradum.study.properties.question import PropertyQuestion
from gradum.study.properties.result import Counterexample, Verified
from gradum.study.properties.table_domain import TIE


@dataclass(frozen=True)
class RangeProperty:
    """Every answer, as computed, lies in a range, or beyond its ends by at most `TIE` of them."""

    low: float
    high: float
    """In the target's unit, or as a probability; infinite where there is no such end."""
    place: int | None
    """Position of the class; None for a number."""

    @classmethod
    def read(cls, text: str, fitted: Fitted) -> RangeProperty:
        """Read the text after "range"."""
        text, words = qualifiers(text, ("of",))
        place = class_of(words.get("of"), fitted)
        ends = range_of(text)
        if ends is None:
            raise PropertyError(
                "{text!r} is no range.", 'Write it as in "range 0..100".', text=text
            )
        return cls(*ends, place)

    def verify(self, question: PropertyQuestion) -> Verified:
        """Search for an answer below or above the range."""
        graph, table = question.table_graph.answer, question.table
        output = self.place or 0
        unsafe = []
        for sign, end in ((1.0, self.low), (-1.0, -self.high)):
            # No probability is below 0 or above 1, so such ends need no search.
            if np.isfinite(end) and (self.place is None or end > (0.0 if sign > 0 else -1.0)):
                form = np.zeros((1, graph.widths[-1]))
                form[0, output] = sign
                unsafe.append(Polyhedron(form, np.full(1, end - TIE * abs(end))))
        domain = table.domain(question.box, unsafe)
        outcome = question.search(graph, domain, table.outputs)

        def shown(x: np.ndarray) -> Counterexample:
            answer = table.outputs(x[None])[0, output]
            return Counterexample(tuple(table.rows(x[None])), (float(answer),))

        sizes = np.abs([end for end in (self.low, self.high) if np.isfinite(end)])
        more: dict[str, Any] = {"rounding": TIE * float(sizes.max(initial=0.0))}
        if outcome.verdict == "not decided":
            more |= question.too_fine(question.box, self.high - self.low)
        return question.conclude(outcome, shown, **more)
