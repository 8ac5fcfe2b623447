"""``never CLASS``: a class is predicted for no row of the region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.core.bounds.property import Polyhedron
from gradum.errors import PropertyError
from gradum.run.fitted import Fitted
from gradum.study.properties.property_words import place_of, unquoted
from gradum.study.properties.question import PropertyQuestion
from gradum.study.properties.result import Counterexample, Verified
from gradum.tables.wording import SHOWN_NAMES, quoted


@dataclass(frozen=True)
class NeverProperty:
    """Another class is always preferred to the one at position ``barred``."""

    barred: int

    @property
    def place(self) -> None:
        """None, as it is about the predicted class, not about the probability of one."""
        return

    @classmethod
    def read(cls, text: str, fitted: Fitted) -> NeverProperty:
        """Read the text after "never"."""
        name = unquoted(text.strip())
        if not fitted.classes:
            raise PropertyError(
                "The answer is a number, and none of several classes.",
                'State its range, as in "range 0..100".',
            )
        if not name:
            raise PropertyError(
                "No class is named behind never.",
                "Name one of {names}.",
                names=quoted(fitted.classes, SHOWN_NAMES),
            )
        return cls(place_of(name, fitted.classes))

    def verify(self, question: PropertyQuestion) -> Verified:
        """Search for a row at which the class has a margin of 0 or more over all others."""
        table = question.table
        graph = table.table_graph.margin(self.barred)
        outputs = graph.widths[-1]
        unsafe = [Polyhedron(-np.eye(outputs), np.zeros(outputs))]

        def replay(points: np.ndarray) -> np.ndarray:
            predicted = table.predicted(table.rows(points)).value == self.barred
            return np.where(predicted[:, None], 1.0, -1.0) * np.ones(outputs)

        outcome = question.search(graph, table.domain(question.box, unsafe), replay)

        def shown(x: np.ndarray) -> Counterexample:
            label = question.table_graph.fitted.classes[self.barred]
            return Counterexample(tuple(table.rows(x[None])), (label,))

        return question.conclude(outcome, shown)
