"""JSON tables: records, one per line or in one list, or columns of values."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import polars as pl

from gradum.errors import TableError
from gradum.messages import listed, marked, say
from gradum.tables.formats.encoding import Content, sample, stream
from gradum.tables.formats.frames import from_data, from_objects, refuse_names
from gradum.tables.formats.nested_records import flattened
from gradum.tables.formats.several import common_type, stacked
from gradum.tables.formats.size_limits import refuse_more_than_memory
from gradum.tables.table import Table
from gradum.tables.wording import size

LOOKS_LIKE_JSON = re.compile(rb"\s*(\{\s*[\"}]|\[\s*([{\[\]\"\d-]|true|false|null))")
BLOCK_BYTES = 2**24
REQUEST = "records"
"""The key of a request's records."""
FEW_CELLS = 10**7
TIMES_AS_OBJECTS = 20  # size over that of its text, of JSON that is not read line by line
LEAST_FILLED = 0.01  # of the cells of a larger table must be filled; else its keys are no columns
REMEDY = marked("Give records, one a line or all in one list, or columns as lists of values.")


def looks_like_json(content: Content) -> bool:
    """Whether a text begins as JSON records or columns do."""
    return LOOKS_LIKE_JSON.match(sample(content)) is not None


def read_records(content: Content, source: str) -> Table:
    """Return the columns of a JSON file in UTF-8.

    It accepts one record per line (JSON lines); a list of records; or an object of columns, each a
    list or, as pandas writes it, an object of values by row. A key that a record lacks is a missing
    value; nested records are `flattened`. An object with a list of records as ``records`` is a
    request, as `gradum serve` takes it: each of these has to name every column of a model.

    Raises
    ------
    TableError
        It is no JSON (the message gives the line and the cause), or it is no table.
    """
    if _is_a_record_a_line(content):
        return Table(_from_lines(content, source), source)
    with stream(content) as file:
        length = file.seek(0, io.SEEK_END)
        refuse_more_than_memory(
            TIMES_AS_OBJECTS * length, say("{length} of JSON", length=size(length)), source
        )
        file.seek(0)
        value = _decoded(file.read(), source)
    is_request = isinstance(value, dict) and value.keys() == {REQUEST}
    if is_request and _are_records(value[REQUEST]):
        return from_data(value[REQUEST], source)
    return replace(from_data(_as_data(value, source), source), records=None)


def _is_a_record_a_line(content: Content) -> bool:
    lines = [line for line in sample(content).splitlines() if line.strip()][:2]
    if not all(line.lstrip().startswith(b"{") for line in lines):
        return len(lines) == 2 and _is_object(lines[0])
    return len(lines) == 2


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _from_lines(content: Content, source: str) -> pl.DataFrame:
    """Return the frame of JSON lines, made block by block."""
    blocks: list[dict[str, pl.Series]] = []
    heights, filled = [], 0
    for records in (flattened(block, source) for block in _record_blocks(content, source)):
        names = dict.fromkeys(name for record in records for name in record)
        filled += sum(map(len, records))
        _refuse_hollow(len(records) + sum(heights), len(names), filled, source)
        refuse_names(names, source)
        columns = {name: [record.get(name) for record in records] for name in names}
        before = sum(heights)
        blocks.append({name: from_objects(name, cells, before) for name, cells in columns.items()})
        heights.append(len(records))
    names = dict.fromkeys(name for block in blocks for name in block)
    if not names:
        raise TableError(say("{source} has no columns.", source=source), say(REMEDY))
    _refuse_hollow(sum(heights), len(names), filled, source)
    columns = {}
    for name in names:
        absent = [pl.Series(name, [None] * height, pl.Null) for height in heights]
        parts = [block.pop(name, none) for block, none in zip(blocks, absent, strict=True)]
        columns[name] = _joined(name, parts)
    return pl.DataFrame(columns)


def _refuse_hollow(rows: int, columns: int, filled: int, source: str) -> None:
    """Refuse records that hardly share any key: as a table they would fill the memory."""
    cells = rows * columns
    if cells > FEW_CELLS and filled < LEAST_FILLED * cells:
        raise TableError(
            "{source} has {columns:,} different keys in {rows:,} records, nearly all "
            "of them missing in each record.",
            "Give records that share their keys.",
            source=source,
            columns=columns,
            rows=rows,
        )


def _joined(name: str, parts: Sequence[pl.Series]) -> pl.Series:
    dtype = common_type(parts)
    if dtype is None or dtype == pl.Object:
        return from_objects(name, [value for part in parts for value in part.to_list()])
    return stacked(parts, dtype)


def _record_blocks(content: Content, source: str) -> Iterator[list[dict[str, Any]]]:
    with stream(content) as file:
        before = 0
        while lines := file.readlines(BLOCK_BYTES):
            records = _records(lines, before, source)
            if records:
                yield records
            before += len(lines)


def _records(lines: list[bytes], before: int, source: str) -> list[dict[str, Any]]:
    """Decode lines all at once, or one by one if that fails."""
    full = [line for line in lines if not line.isspace()]
    try:
        records = msgspec.json.decode(b"[" + b",".join(full) + b"]")
        if len(records) == len(full) and set(map(type, records)) <= {dict}:
            return records
    except (msgspec.DecodeError, RecursionError):
        pass
    records = []
    for number, line in enumerate(lines, before + 1):
        if line.isspace():
            continue
        try:
            record = json.loads(line)  # also accepts NaN and Infinity, which Python writes
        except RecursionError:
            raise _too_deep(source) from None
        except ValueError as error:
            raise TableError(
                "{source} is not JSON in line {number:,}: {cause}.",
                "Correct that line, or copy the file anew if it was cut short.",
                source=source,
                number=number,
                cause=_cause(error),
            ) from None
        if not isinstance(record, dict):
            raise TableError(
                say("{source} has no record in line {number:,}.", source=source, number=number),
                say(REMEDY),
            )
        records.append(record)
    return records


def _decoded(text: bytes, source: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        return json.loads(text)
    except RecursionError:
        raise _too_deep(source) from None
    except ValueError as error:
        raise TableError(
            say(
                "{source} is not JSON in line {number:,}: {cause}.",
                source=source,
                number=error.lineno,
                cause=_cause(error),
            )
            if isinstance(error, json.JSONDecodeError)
            else say("{source} is not JSON: {cause}.", source=source, cause=_cause(error)),
            say("Correct it, or copy the file anew if it was cut short."),
        ) from None


def _cause(error: ValueError) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return say("a number is too long")
    why = error.msg[0].lower() + error.msg[1:]
    return say("{why} at character {place:,}", why=why, place=error.colno)


def _too_deep(source: str) -> TableError:
    return TableError(
        say("{source} is JSON nested too deeply for a table.", source=source), say(REMEDY)
    )


def _are_records(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(record, dict) for record in value)


def _as_data(value: Any, source: str) -> Any:
    """Return decoded JSON as records or columns."""
    if _are_records(value):
        value = flattened(value, source)
        names = {name for record in value for name in record}
        _refuse_hollow(len(value), len(names), sum(map(len, value)), source)
        return value
    if not isinstance(value, dict):
        raise TableError(say("{source} is JSON, but no table.", source=source), say(REMEDY))
    if value and all(isinstance(cells, list) for cells in value.values()):
        lengths = {name: len(cells) for name, cells in value.items()}
        if len(set(lengths.values())) > 1:
            shown = listed([f"{name!r} {count:,}" for name, count in list(lengths.items())[:6]])
            raise TableError(
                "{source} has columns of different lengths: {shown}.",
                "Make them equally long.",
                source=source,
                shown=shown,
            )
        return value
    if value and all(isinstance(cells, dict) for cells in value.values()):
        rows = dict.fromkeys(row for cells in value.values() for row in cells)
        _refuse_hollow(len(rows), len(value), sum(map(len, value.values())), source)
        return {name: [cells.get(row) for row in rows] for name, cells in value.items()}
    return [value]
