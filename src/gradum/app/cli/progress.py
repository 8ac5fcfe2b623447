"""A run's events as they happen: a live line on a terminal, plain lines or JSON elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Protocol

from gradum.app.cli.console import write, write_json
from gradum.app.cli.place import Place, late_in_words, with_fold
from gradum.app.cli.redrawn_line import RedrawnLine
from gradum.app.cli.waiting import StageProgress
from gradum.messages import marked, say
from gradum.run.events.events import (
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
    Understood,
    as_json,
)
from gradum.rungs.registry import KINDS
from gradum.show.text import alarm_parts, schema_parts, verdict_parts
from gradum.show.words.visible import visible
from gradum.solvers.solution import EpochDone
from gradum.waiting import Stage

if TYPE_CHECKING:
    from gradum.tables.schema.schema import Schema

PLAIN_SECONDS = 2.0  # between the lines of two folds
LONG_SECONDS = 60.0  # within what is still the same fit
REPORTING = marked("report: errors, columns, segments, learning curve")


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
                write(late_in_words(event))
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
    """A line of a terminal that is redrawn, and above it what stays."""

    def __init__(self) -> None:
        self._place, self._told, self._line = Place(), Told(), RedrawnLine()
        self._stages: StageProgress | None = None  # of the report, once it has begun

    def __call__(self, event: Any) -> None:
        """Redraw the line, or print what should stay above it."""
        self._place.note(event)
        self._told.note(event)
        match event:
            case Understood():
                self._line.above(*schema_parts(event.schema, event.notes))
            case Alarmed():
                self._line.above(*alarm_parts(event.alarms))
            case Expected(much=True) | NotRefitted():
                self._line.above(event.sentence)
            case Judged():
                self.close()
                verdict = verdict_parts(event.judgement, self._told, schema=self._told.schema)
                self._line.above(*verdict)
            case Resumed():
                self._line.above(_resumed(event))
            case RivalFitted() if event.fold == event.folds:
                self._line.above(_rival(event))
            case RungFinished() if event.folds == 0:
                self._line.above(self._place.ended(event.status))
            case _:
                self._line.draw(lambda: self._place.line)

    def reporting(self) -> None:
        """Say what the last seconds are for."""
        self._stages = StageProgress()
        self._line.close()
        self._line.draw(lambda: say(REPORTING))

    def waits(self, stage: Stage) -> None:
        """Show how far the report has come."""
        stages = self._stages
        if stages is not None:
            stages.note(stage)
            if stages.is_long:
                self._line.draw(lambda: stages.line)

    def close(self) -> None:
        """Take the live line away."""
        self._line.close()


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


def _resumed(event: Resumed) -> str:
    return say(
        "{rung}: goes on after epoch {epoch} of at most {epochs}",
        rung=say(KINDS[event.rung].title),
        epoch=event.epoch,
        epochs=event.epochs,
    )


def _rival(event: RivalFitted) -> str:
    title = say("{rival}, a rival", rival=visible(event.rival))
    title = with_fold(title, event) if event.folds else title
    return say("{rival}: {seconds:.1f} s", rival=title, seconds=event.seconds)
