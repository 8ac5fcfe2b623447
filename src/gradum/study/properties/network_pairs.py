"""``irrelevant COL, … within T`` and ``irrelevant COL, … to class``, for a foreign network.

Two rows that differ only in some columns must have answers that differ by at most T, or the same
class. The class is the greatest output or, for a single output, the side of a number (``at T``).

Shapes: N pairs, d inputs, k outputs.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from msgspec import structs

from gradum.core.bounds import Graph, folded, intervals, reaches
from gradum.core.bounds.property import Polyhedron
from gradum.errors import PropertyError
from gradum.messages import listed, say
from gradum.study.properties.network_columns import NetworkColumns
from gradum.study.properties.property_words import (
    column_of,
    number_of,
    parts_of,
    qualifiers,
    within_of,
)
from gradum.study.properties.result import Counterexample, Verification, Verified
from gradum.study.verification.copies import Copies
from gradum.study.verification.domain import VerificationOutcome
from gradum.study.verification.verify import Replay, verify
from gradum.waiting import portion

KEYWORD = "irrelevant"
MOST_CLASSES = 16
"""The most classes of a network, since every pair of classes is searched separately."""
EXAMPLES = ("irrelevant sex within 0.05", "irrelevant sex, age to class")

_TO_CLASS = re.compile(r"\s+to\s+class(?:\s+at\s+(\S+))?\s*$")


@dataclass(frozen=True, eq=False)
class ForeignNetwork:
    """A foreign network, which takes rows of numbers."""

    graph: Graph
    """The network in exact arithmetic."""
    run: Replay
    """From rows [N, d] to the outputs [N, k] of the deployed network."""
    columns: NetworkColumns
    """The network's inputs."""

    @property
    def outputs(self) -> int:
        """The number of outputs, k."""
        return self.graph.widths[-1]


@dataclass(frozen=True)
class PairProperty:
    """Whether rows that differ only in some columns have the same answer."""

    columns: tuple[str, ...]
    within: float = 0.0
    """The most that any output may differ."""
    to_class: bool = False
    """Whether only the class counts, and ``within`` does not."""
    at: float | None = None
    """For a single output, the number that separates the classes."""

    @classmethod
    def read(cls, text: str, network: ForeignNetwork) -> PairProperty:
        """Read a property, including its first word.

        Raises
        ------
        PropertyError
            The property cannot be read, or does not fit the network.
        ColumnError
            The property names a column that does not exist.
        """
        word, *rest = text.split(maxsplit=1) or [""]
        if word.casefold() != KEYWORD or not rest:
            raise PropertyError(
                "The property {text!r} cannot be read.",
                "Of a network, properties are written as in {examples}.",
                text=text.strip(),
                examples=_examples(),
            )
        stated, match = rest[0], _TO_CLASS.search(rest[0])
        if match is not None:
            names = _names(stated[: match.start()], network)
            at = None if match[1] is None else number_of(match[1])
            _check_classes(network.outputs, at)
            return cls(names, to_class=True, at=at)
        stated, words = qualifiers(stated, ("within",))
        return cls(_names(stated, network), within_of(words))

    def verify(
        self, network: ForeignNetwork, *, seconds: float, seed: int
    ) -> VerificationOutcome | None:
        """Search for a pair of rows; return None if no weight leads from them to an answer."""
        domain, graph = network.columns.domain(), network.graph
        changed = np.array([network.columns.place(name) for name in self.columns])
        if not reaches(intervals(graph, domain.box), changed):
            return None
        copies = Copies(changed)
        if self.to_class:
            pairs, replay = copies.answers(graph), self._classes_differ(copies, network.run)
        else:
            pairs, replay = copies.difference(graph), copies.differences(network.run)
        unsafe = tuple(self._unsafe(network.outputs))
        of_pairs = copies.domain(replace(domain, unsafe=unsafe))
        return verify(
            folded(pairs, of_pairs.box, 0.0), of_pairs, replay=replay, seconds=seconds, seed=seed
        )

    def example(self, network: ForeignNetwork, x: np.ndarray) -> Counterexample:
        """Return the two rows of a pair [d + m] with their answers."""
        changed = np.array([network.columns.place(name) for name in self.columns])
        both = np.concatenate(Copies(changed).pair(x[None]))
        answers = np.asarray(network.run(both), np.float64)
        place = int(np.abs(answers[1] - answers[0]).argmax())
        shown = answers.argmax(axis=1) if self.to_class and self.at is None else answers[:, place]
        return Counterexample(
            tuple(network.columns.row(row) for row in both), tuple(shown.tolist())
        )

    def _unsafe(self, outputs: int) -> list[Polyhedron]:
        """Return the unsafe answers; one direction suffices, as the rows of a pair may be swapped.

        For both answers, this means one class for the first row and another for the second. For
        their difference, this means that an output rises by more than ``within``.
        """
        if not self.to_class:
            limit = np.full(1, -np.nextafter(self.within, np.inf))
            return [Polyhedron(-row[None], limit) for row in np.eye(outputs)]
        if self.at is not None:
            sides = np.array([[-1.0, 0.0], [0.0, 1.0]])
            return [Polyhedron(sides, np.array([-self.at, self.at]))]
        first = [np.delete(np.eye(outputs) - np.eye(outputs)[i], i, axis=0) for i in range(outputs)]
        nothing = np.zeros((outputs - 1, outputs))
        return [
            Polyhedron(
                np.block([[first[i], nothing], [nothing, first[j]]]), np.zeros(2 * outputs - 2)
            )
            for i, j in itertools.combinations(range(outputs), 2)
        ]

    def _classes_differ(self, copies: Copies, run: Replay) -> Replay:
        """Return the function from pairs to both answers, NaN where these have the same class."""

        def replay(x: np.ndarray) -> np.ndarray:
            first, second = (np.asarray(run(rows), np.float64) for rows in copies.pair(x))
            of_one = self._class_of(first) == self._class_of(second)
            return np.where(of_one[:, None], np.nan, np.hstack([first, second]))

        return replay

    def _class_of(self, answers: np.ndarray) -> np.ndarray:
        return answers.argmax(axis=1) if self.at is None else answers[:, 0] >= self.at


def verify_pairs(
    network: ForeignNetwork, stated: Sequence[tuple[str, str]], *, seconds: float, seed: int = 0
) -> Verification:
    """Prove or refute properties of a network; each gets an equal part of the remaining time.

    A proof holds for the network in exact arithmetic and for all rows within the ranges of the
    columns. A counterexample consists of float32 numbers, and counts only if `ForeignNetwork.run`
    confirms it.

    Parameters
    ----------
    stated : sequence of (str, str)
        Properties, as `PairProperty.read` reads them, each with the part of the columns' ranges in
        which it is to hold, as `NetworkColumns.within` reads it.
    seconds : float
        Wall time for all properties together.
    seed : int
        Seed of the attacks.

    Raises
    ------
    PropertyError, ColumnError
        A property cannot be read, or its region is empty.
    """
    asked = []
    for text, where in stated:
        there = replace(network, columns=network.columns.within(where))
        there.columns.domain()  # raises where the region is empty
        asked.append((text, where, there, PairProperty.read(text, there)))
    until, found = perf_counter() + seconds, []
    for place, (text, where, there, claimed) in enumerate(asked):
        part = max(until - perf_counter(), 0.0) / (len(asked) - place)
        with portion(place / len(asked), (place + 1) / len(asked)):
            verified = _verified(claimed, there, part, seed)
        words = {"property": " ".join(text.split()), "where": where.strip()}
        found.append(structs.replace(verified, **words))
    return Verification("", "", network.columns.described, tuple(found))


def _verified(
    claimed: PairProperty, network: ForeignNetwork, seconds: float, seed: int
) -> Verified:
    """Return the result for a property, without its text."""
    began = perf_counter()
    outcome = claimed.verify(network, seconds=seconds, seed=seed)
    took = perf_counter() - began
    if outcome is None:
        return Verified("", "", "proved", "weights", 1.0, took)
    example = None if outcome.x is None else claimed.example(network, outcome.x)
    reason = _why_open(took >= seconds) if outcome.verdict == "not decided" else None
    return Verified(
        "", "", outcome.verdict, outcome.stage, outcome.certified, took, example, reason
    )


def _why_open(is_late: bool) -> str:
    if is_late:
        return say("The time was up.")
    return say(
        "What is left cannot be divided further: answers there are within rounding of the limit."
    )


def _examples() -> str:
    return listed([repr(example) for example in EXAMPLES], "or")


def _names(text: str, network: ForeignNetwork) -> tuple[str, ...]:
    """Return the column names in a list."""
    names = []
    for part in parts_of(text):
        column, rest = column_of(part, network.columns)
        if rest:
            raise PropertyError(
                "{rest!r} cannot be read behind column {column!r}.",
                "Of a network, properties are written as in {examples}.",
                rest=rest,
                column=column.name,
                examples=_examples(),
            )
        names.append(column.name)
    return tuple(dict.fromkeys(names))


def _check_classes(outputs: int, at: float | None) -> None:
    """Refuse classes that a network with this many outputs does not have."""
    if outputs == 1 and at is None:
        raise PropertyError(
            "The network has one output, and no threshold says where its classes divide.",
            'Write "to class at 0.5" for a probability, or "at 0" for a logit.',
        )
    if outputs > 1 and at is not None:
        raise PropertyError(
            "The network has {count:,} outputs, of which the greatest is the class.",
            'Write "to class" alone.',
            count=outputs,
        )
    if outputs > MOST_CLASSES:
        raise PropertyError(
            "The network has {count:,} outputs; classes of up to {most} are compared.",
            'Write "within" and by how much outputs may differ.',
            count=outputs,
            most=MOST_CLASSES,
        )
