"""A run's events as they happen: a live line on a terminal, plain lines or JSON elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any, Protocol

from gradum.app.cli.console import write, write_json
from gradum.app.cli.waiting import REDRAWS_PER_SECOND, StageProgress, TimeLeft
from gradum.messages import marked, say
from gradum.run.events import (
    Alarmed,
    Expected,
    Judged,
    NotRefitted,
    PartitionDone,
    PartitionLate,
    Passed,
    PathStep,
    Resumed,
    RivalFitted,
    RungFinished,
    RungStarted,
    Understood,
    as_json,
)
from gradum.rungs.registry import KINDS
from gradum.show.text import alarm_parts, schema_parts, verdict_parts
from gradum.show.visible import visible
from gradum.solvers.solution import EpochDone
from gradum.waiting import Stage

if TYPE_CHECKING:
    from gradum.tables.schema import Schema

PLAIN_SECONDS = 2.0  # between the lines of two folds
LONG_SECONDS = 60.0  # within what is still the same fit
REPORTING = marked("report: errors, columns, segments, learning curve")
PASSES = {
    "survey": marked("first pass over the table:"),
    "encoding": marked("second pass over the table:"),
}
"""Titles of the passes that come before training."""
PARTITION = marked("partition {done:,} of {partitions:,}")
PORTIONS = {"lanes": marked("lane {done:,} of {partitions:,}")}
"""What a pass does one after the other, where that is not a partition."""


class Progress(Protocol):
    """Takes the events of a run."""

    def __call__(self, event: Any) -> None:
        """Show one event."""
        ...

    def reporting(self) -> None:
        """Show that the report is being worked out."""
        ...

    def waits(self, stage: Stage) -> None:
        """Show how far the report has come."""
        ...

    def close(self) -> None:
        """Leave the terminal tidy."""
        ...


def choose(*, as_json: bool, quiet: bool) -> Progress:
    """Pick the way of showing that suits the options and the terminal."""
    if as_json:
        return JsonLines()
    if quiet:
        return Silent()
    return Live() if sys.stdout.isatty() else PlainLines()


class Silent:
    """Shows nothing."""

    def __call__(self, event: Any) -> None:
        """Ignore the event."""

    def reporting(self) -> None:
        """Do nothing."""

    def waits(self, stage: Stage) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class JsonLines:
    """One JSON object per line: ``event`` and the event's fields."""

    def __call__(self, event: Any) -> None:
        """Print the event."""
        write_json(as_json(event))

    def reporting(self) -> None:
        """Do nothing."""

    def waits(self, stage: Stage) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class PlainLines:
    """Plain lines, for a pipe or a log: one for each fold, and one a minute while a fit goes on."""

    def __init__(self) -> None:
        self._place, self._told = Place(), Told()
        self._stages: StageProgress | None = None  # of the report, once it has begun
        self._last, self._fold, self._late = time.monotonic(), 0, ""

    def __call__(self, event: Any) -> None:
        """Print what a reader of the log needs."""
        self._place.note(event)
        self._told.note(event)
        match event:
            case Understood():
                write(*schema_parts(event.schema, event.notes))
            case Alarmed():
                write(*alarm_parts(event.alarms))
            case Expected(much=True) | NotRefitted():
                write(event.sentence)
            case Judged():
                write(*verdict_parts(event.judgement, self._told, schema=self._told.schema))
            case Resumed():
                write(_resumed(event))
            case RivalFitted() if event.fold == event.folds:
                write(_rival(event))
            case RungFinished() if event.folds == 0:
                write(self._place.ended(event.status))
            case PartitionLate() if self._is_news(event):
                write(_late(event))
            case EpochDone() | PathStep() | Passed() | PartitionDone() if self._is_time():
                self._last, self._fold = time.monotonic(), self._place.fold
                write(self._place.line)
            case _:
                pass

    def _is_time(self) -> bool:
        """Whether a fold has not been told of yet, or a fit has taken long."""
        wait = LONG_SECONDS if self._place.fold == self._fold else PLAIN_SECONDS
        return time.monotonic() - self._last > wait

    def _is_news(self, event: PartitionLate) -> bool:
        """Whether a straggler has not been told of yet."""
        news, self._late = event.partition != self._late, event.partition
        return news

    def reporting(self) -> None:
        """Say what the last seconds are for."""
        self._stages = StageProgress()
        write(say(REPORTING))

    def waits(self, stage: Stage) -> None:
        """Say what the report is at, each stage once."""
        if self._stages is not None and self._stages.note(stage) and self._stages.is_long:
            write(stage.words)

    def close(self) -> None:
        """Do nothing."""


class Live:
    """One line that is redrawn at most ten times a second."""

    def __init__(self) -> None:
        from rich.live import Live as RichLive

        from gradum.show.terminal import Terminal

        self._place, self._told = Place(), Told()
        self._console = Terminal(highlight=False, markup=False, emoji=False)
        self._live = RichLive(
            console=self._console, refresh_per_second=REDRAWS_PER_SECOND, transient=True
        )
        self._drawn = 0.0
        self._stages: StageProgress | None = None  # of the report, once it has begun
        self._started = False

    def __call__(self, event: Any) -> None:
        """Redraw the line, or print what should stay above it."""
        self._place.note(event)
        self._told.note(event)
        match event:
            case Understood():
                self._print(schema_parts(event.schema, event.notes))
            case Alarmed():
                self._print(alarm_parts(event.alarms))
            case Expected(much=True) | NotRefitted():
                self._print([event.sentence])
            case Judged():
                self.close()
                self._print(verdict_parts(event.judgement, self._told, schema=self._told.schema))
            case Resumed():
                self._print([_resumed(event)])
            case RivalFitted() if event.fold == event.folds:
                self._print([_rival(event)])
            case RungFinished() if event.folds == 0:
                self._print([self._place.ended(event.status)])
            case _:
                self._redraw(lambda: self._place.line)

    def _print(self, parts: list[Any]) -> None:
        for part in parts:
            self._console.print(part)

    def _redraw(self, line: Callable[[], str]) -> None:
        if time.monotonic() - self._drawn < 1 / REDRAWS_PER_SECOND:
            return
        self._drawn = time.monotonic()
        if not self._started:
            self._live.start()
            self._started = True
        self._live.update(line())

    def reporting(self) -> None:
        """Say what the last seconds are for."""
        self._stages = StageProgress()
        self._live.start()
        self._started = True
        self._live.update(say(REPORTING))

    def waits(self, stage: Stage) -> None:
        """Show how far the report has come."""
        stages = self._stages
        if stages is not None:
            stages.note(stage)
            if stages.is_long:
                self._redraw(lambda: stages.line)

    def close(self) -> None:
        """Take the live line away."""
        if self._started:
            self._live.stop()
            self._started = False


class Told(set[str]):
    """The notes and alarms that were printed, so that none is printed twice, and the schema."""

    schema: Schema | None = None

    def note(self, event: Any) -> None:
        """Take an event into account."""
        match event:
            case Understood():
                self.schema = event.schema
                self.update(event.notes)
            case Alarmed():
                self.update(alarm.sentence for alarm in event.alarms)
            case _:
                pass


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
                self._pass = [_late(event)]
            case EpochDone():
                self.details = [*_epoch(event), self._time_left(event)]
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
    return _with_fold(title, event) if event.folds else title


def _with_fold(title: str, event: RungStarted | RivalFitted) -> str:
    return say("{title} (fold {fold} of {folds})", title=title, fold=event.fold, folds=event.folds)


def _validation(loss: float) -> str:
    return say("validation loss {loss:.3g}", loss=loss)


def _late(event: PartitionLate) -> str:
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


def _resumed(event: Resumed) -> str:
    return say(
        "{rung}: goes on after epoch {epoch} of at most {epochs}",
        rung=say(KINDS[event.rung].title),
        epoch=event.epoch,
        epochs=event.epochs,
    )


def _rival(event: RivalFitted) -> str:
    title = say("{rival}, a rival", rival=visible(event.rival))
    title = _with_fold(title, event) if event.folds else title
    return say("{rival}: {seconds:.1f} s", rival=title, seconds=event.seconds)


def _epoch(event: EpochDone) -> list[str]:
    epoch = say("epoch {epoch}", epoch=event.epoch)
    objective = say("objective {loss:.3g}", loss=event.train_loss)
    if event.validation_loss is None:
        return [epoch, objective]
    return [epoch, objective, _validation(event.validation_loss)]
