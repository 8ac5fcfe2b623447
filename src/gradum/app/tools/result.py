"""The output of a command, cut to fit into an assistant's context."""

from __future__ import annotations

import pathlib
from typing import Any

import msgspec
import polars as pl

from gradum.messages import as_text

LONGEST = 2_000  # characters of a refusal
KEPT_BYTES = 2**25  # of output before it is cut: explanations of a large table take gigabytes
MOST_BYTES = 24_000  # of a result: some 8,000 tokens
MOST_ROWS = 50  # of a file of answers
CUT = "…"  # stands for what is left out

Value = dict[str, Any]


class CommandOutput:
    """The output of ``gradum COMMAND --json``, line by line.

    It is one value, a value a line, or the events of a run, of which those in `TOLD` are kept.
    """

    TOLD = ("understood", "alarmed", "expected", "judged", "not_refitted", "written", "finished")

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._events: Value = {}
        self._bytes = self._left_out = 0

    def add(self, line: bytes) -> Value | None:
        """Take a line; return the event that it tells, if it tells one."""
        value = _decoded(line) if line.startswith(b'{"event":') else None
        if isinstance(value, dict):
            name = value.pop("event")
            if name in self.TOLD:
                self._events[name] = value
            return {"event": name, **value}
        self._bytes += len(line)
        if self._bytes > KEPT_BYTES:
            self._left_out += 1
        else:
            self._lines.append(line)
        return None

    @property
    def value(self) -> Value:
        """All that was printed, cut where it is too long."""
        if self._events:
            self._events.get("understood", {}).pop("schema", None)  # which another tool tells
            return fitting(self._events)
        values = [_decoded(line) for line in self._lines]
        if None in values:
            values = [_decoded(b"\n".join(self._lines))]
        if len(values) == 1 and isinstance(values[0], dict):
            return fitting(values[0])
        return fitting({"rows": values} | ({CUT: self._left_out} if self._left_out else {}))


def without_middle(text: str) -> str:
    """Return a refusal whose middle is left out if it is too long: a remedy stands at the end."""
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST // 2]}{CUT}{text[-LONGEST // 2 :]}"


def first_rows(path: pathlib.Path) -> list[Value]:
    """Return the first rows of a file of predictions."""
    read = pl.scan_csv if path.suffix.lower() == ".csv" else pl.scan_parquet
    rows = read(path, glob=False).head(MOST_ROWS).collect().to_dicts()
    return msgspec.to_builtins(rows, enc_hook=as_text)


def fitting(value: Value) -> Value:
    """Return a value of at most `MOST_BYTES` as JSON: long lists and texts lose their ends.

    At the end of what was cut stands ``…``, with the number of entries that are left out.
    """
    for most in (1_000_000, 1_000, 300, 100, 30, 10, 3, 1):
        cut = _cut(value, most)
        if len(as_json(cut)) <= MOST_BYTES:
            return cut
    return {CUT: len(value)}


def as_json(value: Value) -> bytes:
    """Return a value as JSON."""
    return msgspec.json.encode(value, enc_hook=as_text)


def _cut(value: Any, most: int) -> Any:
    """Return a value whose lists have at most so many entries, and objects and texts ten times."""
    if isinstance(value, str):
        return value if len(value) <= 10 * most else value[: 10 * most] + CUT
    if isinstance(value, list):
        kept = [_cut(each, most) for each in value[:most]]
        return kept if len(value) <= most else [*kept, {CUT: len(value) - most}]
    if isinstance(value, dict):
        kept = {name: _cut(value[name], most) for name in list(value)[: 10 * most]}
        return kept if len(kept) == len(value) else kept | {CUT: len(value) - len(kept)}
    return value


def _decoded(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
