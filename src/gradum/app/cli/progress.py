"""A run's events, as they come: a live line on a terminal, plain lines or JSON elsewhere."""

from __future__ import annotations

import math
import sys
import time
from typing import Any, Protocol

from gradum.app.cli.console import write, write_json
from gradum.fitting.events import (
    Alarmed,
    Expected,
    Judged,
    Passed,
    PathStep,
    Resumed,
    RivalFitted,
    RungFinished,
    RungStarted,
    Understood,
    as_json,
)
from gradum.fitting.spec import TITLES
from gradum.show.text import alarm_parts, schema_parts, verdict_parts
from gradum.show.visible import visible
from gradum.solvers.events import EpochDone

REDRAWS_PER_SECOND = 10
PLAIN_SECONDS = 2.0
REPORTING = "report: errors, columns, segments, learning curve"


class Progress(Protocol):
    """Takes the events of a run."""

    def __call__(self, event: Any) -> None:
        """Show one event."""
        ...

    def reporting(self) -> None:
        """Show that the report is being worked out."""
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
        """Take no notice."""

    def reporting(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class JsonLines:
    """One JSON object a line: ``event`` and the event's fields."""

    def __call__(self, event: Any) -> None:
        """Print the event."""
        write_json(as_json(event))

    def reporting(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class PlainLines:
    """Plain lines, for a pipe or a log: at most one every two seconds while a rung trains."""

    def __init__(self) -> None:
        self._place, self._told = Place(), Told()
        self._last = 0.0

    def __call__(self, event: Any) -> None:
        """Print what a reader of the log needs."""
        self._place.note(event)
        self._told.note(event)
        match event:
            case Understood():
                write(*schema_parts(event.schema, event.notes))
            case Alarmed():
                write(*alarm_parts(event.alarms))
            case Expected():
                write(event.sentence)
            case Judged():
                write(*verdict_parts(event.judgement, self._told))
            case Resumed():
                write(_resumed(event))
            case RivalFitted() if event.fold == event.folds:
                write(_rival(event))
            case RungFinished() if event.folds == 0:
                write(f"{self._place.line}: {event.status.replace('_', ' ')}")
            case EpochDone() | PathStep() | Passed() if self._is_time():
                self._last = time.monotonic()
                write(self._place.line)
            case _:
                pass

    def _is_time(self) -> bool:
        return time.monotonic() - self._last > PLAIN_SECONDS

    def reporting(self) -> None:
        """Say what the last seconds are for."""
        write(REPORTING)

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
        self._started = False

    def __call__(self, event: Any) -> None:
        """Redraw the line, or print what is to stay above it."""
        self._place.note(event)
        self._told.note(event)
        match event:
            case Understood():
                self._print(schema_parts(event.schema, event.notes))
            case Alarmed():
                self._print(alarm_parts(event.alarms))
            case Expected():
                self._print([event.sentence])
            case Judged():
                self.close()
                self._print(verdict_parts(event.judgement, self._told))
            case Resumed():
                self._print([_resumed(event)])
            case RivalFitted() if event.fold == event.folds:
                self._print([_rival(event)])
            case RungFinished() if event.folds == 0:
                self._print([f"{self._place.line}: {event.status.replace('_', ' ')}"])
            case _:
                self._redraw()

    def _print(self, parts: list[Any]) -> None:
        for part in parts:
            self._console.print(part)

    def _redraw(self) -> None:
        if time.monotonic() - self._drawn < 1 / REDRAWS_PER_SECOND:
            return
        self._drawn = time.monotonic()
        if not self._started:
            self._live.start()
            self._started = True
        self._live.update(self._place.line)

    def reporting(self) -> None:
        """Say what the last seconds are for."""
        self._live.start()
        self._started = True
        self._live.update(REPORTING)

    def close(self) -> None:
        """Take the live line away."""
        if self._started:
            self._live.stop()
            self._started = False


class Told(set[str]):
    """The notes and alarms that were printed, which are not printed twice."""

    def note(self, event: Any) -> None:
        """Take an event into account."""
        match event:
            case Understood():
                self.update(event.notes)
            case Alarmed():
                self.update(alarm.sentence for alarm in event.alarms)
            case _:
                pass


class Place:
    """Where a run stands, in one line."""

    def __init__(self) -> None:
        self.rung, self.fold, self.detail = "", "", ""
        self._epochs, self._folds_began, self._fold, self._folds = 0, 0.0, 0, 0
        self._limit = math.inf  # a moment
        self._compiled: float | None = None  # seconds of a training's first epoch

    def note(self, event: Any) -> None:
        """Take an event into account."""
        match event:
            case RungStarted():
                self.rung, self.detail = TITLES[event.rung], ""
                self.fold = f" (fold {event.fold} of {event.folds})" if event.folds else ""
                self._epochs, self._compiled = event.epochs, None
                limit = math.inf if event.seconds is None else event.seconds
                self._limit = time.monotonic() + limit
                if event.fold == 1 and self._fold != 1:
                    self._folds_began = time.monotonic()
                self._fold, self._folds = event.fold, event.folds
            case PathStep():
                self.detail = (
                    f" penalty {event.step} of at most {event.steps}, "
                    f"validation loss {event.loss:.4g}{self._until_the_limit()}"
                )
            case Passed():
                passes = f" pass {event.passes} over {event.rows:,} rows"
                self.detail = passes + self._until_the_limit()
            case EpochDone():
                self.detail = _epoch(event) + self._time_left(event)
            case RungFinished():
                if event.loss is not None:
                    self.detail = f" validation loss {event.loss:.4g},"
                self.detail += f" {event.seconds:.1f} s"
            case _:
                pass

    def _time_left(self, event: EpochDone) -> str:
        """Say how long this rung may take at most, or all folds, going by those that are done.

        Its first epoch tells nothing: the program is compiled in it.
        """
        if self._compiled is None:
            self._compiled = event.seconds
        if self._fold > 1:
            elapsed = time.monotonic() - self._folds_began
            left = elapsed / (self._fold - 1) * (self._folds - self._fold + 1)
            return f", about {left:.0f} s left"
        if self._epochs > event.epoch and event.seconds > 2 * self._compiled:
            left = event.seconds / event.epoch * (self._epochs - event.epoch)
            left = min(left, max(self._limit - time.monotonic(), 0.0))
            return f", at most {left:.0f} s left"
        return self._until_the_limit()

    def _until_the_limit(self) -> str:
        """Say what is left of this rung's share of the time limit; nothing without a limit."""
        if math.isinf(self._limit):
            return ""
        return f", at most {max(self._limit - time.monotonic(), 0.0):.0f} s left"

    @property
    def line(self) -> str:
        """The line."""
        return f"{self.rung}{self.fold}{self.detail}"


def _resumed(event: Resumed) -> str:
    return f"{TITLES[event.rung]}: goes on after epoch {event.epoch} of at most {event.epochs}"


def _rival(event: RivalFitted) -> str:
    folds = f" (fold {event.fold} of {event.folds})" if event.folds else ""
    return f"{visible(event.rival)}, a rival{folds}: {event.seconds:.1f} s"


def _epoch(event: EpochDone) -> str:
    said = f" epoch {event.epoch}, objective {event.train_loss:.4g}"
    if event.validation_loss is not None:
        said += f", validation loss {event.validation_loss:.4g}"
    return said
