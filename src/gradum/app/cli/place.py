"""The progress of a run as one line: rung, fold, epoch or partition, and the time left."""

from __future__ import annotations

import math
import time
from functools import reduce
from typing import Any

from gradum.app.cli.waiting import TimeLeft
from gradum.messages import marked, say
from gradum.run.events.events import (
    PartitionDone,
    PartitionLate,
    Passed,
    PathStep,
    RivalFitted,
    RungFinished,
    RungStarted,
)
from gradum.rungs.registry import KINDS
from gradum.solvers.solution import EpochDone

PASSES = {
    "survey": marked("first pass over the table:"),
    "encoding": marked("second pass over the table:"),
}
"""Titles of the passes that come before training."""
PARTITION = marked("partition {done:,} of {partitions:,}")
PORTIONS = {"lanes": marked("lane {done:,} of {partitions:,}")}
"""What a pass does one after the other, where that is not a partition."""


class Place:
    """The progress of a run, in one line: the rung and its fold, and details of its training."""

    title: str
    details: list[str]
    fold: int
    """The fold whose fits are at work, from 1; 0 if the fit is the one that is kept."""

    def __init__(self) -> None:
        self.title, self.details = "", []
        self._pass: list[str] = []  # how far the pass over the table has come
        self._first: PartitionDone | None = None  # of this pass
        self._epochs, self._folds_began, self.fold, self._folds = 0, 0.0, 0, 0
        self._limit = math.inf  # a point in time
        self._compiled: float | None = None  # seconds that a training's first epoch took
        self._left, self._left_of_folds = TimeLeft(), TimeLeft()

    def note(self, event: Any) -> None:
        """Take an event into account."""
        match event:
            case RungStarted():
                self.title, self.details, self._pass = _title(event), [], []
                self._epochs, self._compiled, self._left = event.epochs, None, TimeLeft()
                limit = math.inf if event.seconds is None else event.seconds
                self._limit = time.monotonic() + limit
                if event.fold == 1 and self.fold != 1:
                    self._folds_began, self._left_of_folds = time.monotonic(), TimeLeft()
                self.fold, self._folds = event.fold, event.folds
            case PathStep():
                self.details = [
                    say("penalty {step} of at most {steps}", step=event.step, steps=event.steps),
                    _validation(event.loss),
                    self._until_the_limit(),
                ]
            case Passed():
                self.details = [
                    say("pass {passes} over {rows:,} rows", passes=event.passes, rows=event.rows),
                    self._until_the_limit(),
                ]
                self._pass = []
            case PartitionDone():
                self._pass = self._of_partitions(event)
            case PartitionLate():
                self._pass = [late_in_words(event)]
            case EpochDone():
                self.details = [*_epoch(event), self._time_left(event)]
                self._pass = []
            case RungFinished():
                self._pass = []
                if event.loss is not None:
                    self.details = [_validation(event.loss)]
                self.details.append(say("{seconds:.1f} s", seconds=event.seconds))
            case _:
                pass

    def _of_partitions(self, event: PartitionDone) -> list[str]:
        """Say how far a pass has come; those before training have no rung's title.

        The first partition tells no speed: workers may have started in its time.
        """
        if event.stage in PASSES:
            self.title = say(PASSES[event.stage])
        where = say(
            PORTIONS.get(event.stage, PARTITION), done=event.done, partitions=event.partitions
        )
        if event.done == 1 or self._first is None:
            self._first, self._left = event, TimeLeft()
            return [where]
        seconds = max(event.seconds - self._first.seconds, 1e-9)
        rate = (event.rows - self._first.rows) / seconds
        left = seconds / (event.done - 1) * (event.partitions - event.done)
        return [where, say("{rate:,.0f} rows/s", rate=rate), self._left.about(left)]

    def _time_left(self, event: EpochDone) -> str:
        """Say how long this rung may still take at most, or all its folds, judging by what is done.

        The first epoch is ignored, because the program is compiled in it.
        """
        if self._compiled is None:
            self._compiled = event.seconds
        if self.fold > 1:
            elapsed = time.monotonic() - self._folds_began
            left = elapsed / (self.fold - 1) * (self._folds - self.fold + 1)
            return self._left_of_folds.about(left)
        if self._epochs > event.epoch and event.seconds > 2 * self._compiled:
            left = event.seconds / event.epoch * (self._epochs - event.epoch)
            left = min(left, max(self._limit - time.monotonic(), 0.0))
            return self._left.at_most(left)
        return self._until_the_limit()

    def _until_the_limit(self) -> str:
        """Say what is left of this rung's share of the time limit; nothing without a limit."""
        if math.isinf(self._limit):
            return ""
        return self._left.at_most(max(self._limit - time.monotonic(), 0.0))

    @property
    def line(self) -> str:
        """The line."""
        details = [detail for detail in self._pass or self.details if detail]
        if not details:
            return self.title
        together = reduce(
            lambda before, last: say("{before}, {last}", before=before, last=last), details
        )
        return say("{rung} {details}", rung=self.title, details=together)

    def ended(self, status: str) -> str:
        """Return the line of a rung that has ended, and why."""
        why = say(status.replace("_", " "))
        return say("{line}: {why}", line=self.line, why=why)


def _title(event: RungStarted) -> str:
    title = say(KINDS[event.rung].title)
    return with_fold(title, event) if event.folds else title


def with_fold(title: str, event: RungStarted | RivalFitted) -> str:
    """Return a title with the fold that it is fitted in."""
    return say("{title} (fold {fold} of {folds})", title=title, fold=event.fold, folds=event.folds)


def _validation(loss: float) -> str:
    return say("validation loss {loss:.3g}", loss=loss)


def late_in_words(event: PartitionLate) -> str:
    """Say which partition is waited for."""
    if event.where:
        return say(
            "waiting {seconds:.0f} s for {partition} on {where}, where others took {usual:.1f} s",
            seconds=event.seconds,
            partition=event.partition,
            where=event.where,
            usual=event.usual,
        )
    return say(
        "waiting {seconds:.0f} s for {partition}, where others took {usual:.1f} s",
        seconds=event.seconds,
        partition=event.partition,
        usual=event.usual,
    )


def _epoch(event: EpochDone) -> list[str]:
    epoch = say("epoch {epoch}", epoch=event.epoch)
    objective = say("objective {loss:.3g}", loss=event.train_loss)
    if event.validation_loss is None:
        return [epoch, objective]
    return [epoch, objective, _validation(event.validation_loss)]
