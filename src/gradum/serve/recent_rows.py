"""The rows of late, held against those that a model learned from while requests are answered."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence

from gradum.errors import GradumError
from gradum.serve.requests import Record
from gradum.serve.served_model import ServedModel
from gradum.serve.telemetry import Telemetry

LOG = logging.getLogger("gradum.serve")

MOST_ROWS = 2_000
FEWEST_ROWS = 500
"""Fewer would tell little."""
MOST_BYTES = 64_000_000
"""Of the bodies that brought the rows: there may be texts and pictures in them."""


class RecentRows:
    """The last rows that one model was asked about, since the last look at them.

    They stay in memory, and are forgotten after a look. One look raises an alarm for at most 5% of
    rows without drift, and there are many looks in a day. So an alarm takes two in a row, which are
    of different rows.
    """

    def __init__(self) -> None:
        self._rows: deque[tuple[Record, float]] = deque()
        self._bytes = 0.0
        self._version = ""
        self._seen_before = False
        self._lock = threading.Lock()

    def add(self, served: ServedModel, rows: Sequence[Record], size: int) -> None:
        """Keep the rows of a request whose body has so many bytes; the oldest are forgotten."""
        with self._lock:
            if served.version != self._version:
                self._taken()
                self._version, self._seen_before = served.version, False
            each = size / max(len(rows), 1)
            for row in rows[-MOST_ROWS:]:
                self._rows.append((row, each))
                self._bytes += each
            while len(self._rows) > MOST_ROWS or self._bytes > MOST_BYTES:
                self._bytes -= self._rows.popleft()[1]

    def look(self, served: ServedModel, telemetry: Telemetry) -> None:
        """Watch the rows, if enough of them are new; an alarm is a figure and a line in the log."""
        with self._lock:
            if len(self._rows) < FEWEST_ROWS or served.version != self._version:
                return
            rows = self._taken()
        try:
            watch = served.model.watch(rows)
        except GradumError as error:
            LOG.warning("not-watched", extra={"model": served.name, "cause": str(error)})
            return
        drifted = [column.column for column in watch.found.columns if column.drifted]
        alarm, self._seen_before = watch.alarm and self._seen_before, watch.alarm
        telemetry.drift.labels(served.name).set(alarm)
        telemetry.drifted.labels(served.name).set(len(drifted))
        if alarm:
            LOG.error("drift-alarm", extra={"model": served.name, "columns": drifted})

    def _taken(self) -> list[Record]:
        """Return the rows, and forget them."""
        rows = [row for row, _ in self._rows]
        self._rows.clear()
        self._bytes = 0.0
        return rows
