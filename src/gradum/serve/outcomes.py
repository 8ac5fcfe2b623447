"""Outcomes that arrive later, joined with what was predicted, and tested as they come.

Errors are counted in the order in which outcomes arrive, by the test of
`gradum.study.watch.error_rate_test`, which is valid at every look.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradum.errors import SpecError, TargetError
from gradum.run.reference.judged_errors import is_wrong
from gradum.serve.requests import Outcome
from gradum.serve.served_model import ServedModel
from gradum.study.watch.error_rate_test import Labelled, follow
from gradum.study.watch.sequential_test import ErrorBound, ErrorCount, Unjudged
from gradum.tables.kinds.values import LARGEST
from gradum.tables.wording import shortened

LOG = logging.getLogger("gradum.serve")


@dataclass(frozen=True)
class Joined:
    """What some outcomes showed."""

    rows: int
    errors: int
    """Outcomes of known rows, and how many of them were predicted otherwise."""
    unknown: int
    """Outcomes of rows that are not known, or whose outcome was told before."""
    alarm: bool
    """Whether errors are shown to be more frequent than the judged rows allow."""
    sentences: tuple[str, ...] = ()
    """The test in words."""


class Waiting:
    """Predictions of one model that wait for their outcome.

    Parameters
    ----------
    most : int
        How many are kept; the oldest are forgotten first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._predicted: OrderedDict[str, Any] = OrderedDict()
        self._count: ErrorCount | None = None
        self._lock = threading.Lock()

    def keep(self, names: Sequence[str | None], predictions: Sequence[Any], version: str) -> None:
        """Keep a version's predictions; a later one of the same name replaces the earlier."""
        with self._lock:
            for name, prediction in zip(names, predictions, strict=True):
                if name is not None:
                    self._predicted[name] = version, prediction
                    self._predicted.move_to_end(name)
            while len(self._predicted) > self._most:
                self._predicted.popitem(last=False)

    def join(self, served: ServedModel, outcomes: Sequence[Outcome]) -> Joined:
        """Hold outcomes against the predictions of their rows.

        Each prediction is joined once. A new version of the model begins a new count, in which
        predictions of the old one have no part.

        Raises
        ------
        GradumError
            An outcome is of another type than the target, or no bound is known.
        """
        with self._lock:
            count = self._begun(served)
            truths = [_truth(served, outcome) for outcome in outcomes]
            pairs = []
            for truth, outcome in zip(truths, outcomes, strict=True):
                version, predicted = self._predicted.pop(outcome.id, (None, None))
                if version == served.version:
                    pairs.append((truth, predicted))
            unknown = len(outcomes) - len(pairs)
            if not pairs:
                return Joined(0, 0, unknown, count.alarm is not None)
            wrong = _wrong(served, pairs, count)
            numbers = np.arange(count.rows + 1, count.rows + 1 + len(pairs))
            test = follow(Labelled("", served.model.target, wrong, numbers, Unjudged()), count)
            if test.count.alarm is not None and count.alarm is None:
                LOG.error(
                    "error-rate-alarm", extra={"model": served.name, "rows": test.count.alarm}
                )
            self._count = test.count
            alarm = test.count.alarm is not None
            return Joined(len(pairs), int(wrong.sum()), unknown, alarm, test.sentences)

    def _begun(self, served: ServedModel) -> ErrorCount:
        if self._count is None or self._count.fingerprint != served.version:
            self._count = ErrorCount(served.version, _bound(served))
        return self._count


def _bound(served: ServedModel) -> ErrorBound:
    """Return the highest rate of errors that is compatible with the judged rows."""
    reference = served.model.fitted.reference
    if reference is None or reference.errors is None:
        raise SpecError(
            "Of the model {name} it is not known how often it errs.",
            "Fit it again with rows that judge it.",
            name=served.name,
        )
    return ErrorBound.of_judged(reference.errors)


def _truth(served: ServedModel, outcome: Outcome) -> Any:
    """Return an outcome as the target has it: a number, or the text of a class."""
    if served.model.classes:
        return str(outcome.label)
    label, name = outcome.label, shortened(outcome.id)
    if isinstance(label, str | bool):
        raise TargetError(
            "The outcome of {name!r} is no number.",
            "The target {target!r} is one.",
            name=name,
            target=served.model.target,
        )
    if abs(label) > LARGEST:  # also a whole number that no float can hold
        raise TargetError(
            "The outcome of {name!r} is too large a number.",
            "Give a number of at most {most:.0e}.",
            name=name,
            most=LARGEST,
        )
    return float(label)


def _wrong(served: ServedModel, pairs: Sequence[tuple[Any, Any]], count: ErrorCount) -> np.ndarray:
    if served.model.classes:
        return np.array([truth != str(predicted) for truth, predicted in pairs])
    truth, predicted = (np.array(values, np.float64) for values in zip(*pairs, strict=True))
    return is_wrong(truth, predicted, count.bound.beyond)
