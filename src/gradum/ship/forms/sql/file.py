"""The file of a query, with what is known of the model, and SQLite's answers for rows."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from textwrap import wrap
from typing import Any

import msgspec
import numpy as np

from gradum.errors import ExportError
from gradum.messages import as_text, say
from gradum.ship.forms.described import metadata
from gradum.ship.forms.parity import Runner
from gradum.ship.forms.sql.expansion import expanded
from gradum.ship.forms.sql.query import MOST_COLUMNS, ROW, TABLE, query, too_wide
from gradum.ship.recording.model import RecordedModel, first_free
from gradum.tables.kinds.step import MISSING
from gradum.tables.sources.select_statement import identifier
from gradum.tables.wording import shortened

UNSEEN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
LONGEST = 63
"""Bytes of a name in PostgreSQL."""


class SqlForm:
    """One query in the words that DuckDB, PostgreSQL and SQLite share."""

    title = "SQLite"
    endings: tuple[str, ...] = (".sql",)

    def data(self, model: RecordedModel) -> bytes:
        """Return the file of a model.

        Raises
        ------
        ExportError
            The model is too large, or has names that databases do not tell apart.
        """
        names = [column.name for column in model.columns]
        _refuse_names(names)
        found = expanded(model.program)
        columns = answer_columns(model)
        answers = {
            column: value
            for answer, output in model.answers.items()
            for column, value in zip(columns[answer], found[output].ravel(), strict=True)
        }
        text = query(answers, first_free(ROW, {name.lower() for name in names}))
        return f"{_header(model)}\n{text};\n".encode()

    def runner(self, data: bytes, model: RecordedModel) -> Runner | None:
        """Return what answers raw rows by the file; None where SQLite cannot compute.

        Raises
        ------
        ExportError
            SQLite refuses the query.
        """
        if not _computes():
            return None
        return lambda raw: _answered(data.decode(), model, raw)


def answer_columns(model: RecordedModel) -> dict[str, list[str]]:
    """Return the columns of each answer: one, or one for each class.

    Names end where PostgreSQL would cut them, and differ in more than capital letters.
    """
    taken = {column.name.lower() for column in model.columns}
    classes = model.fitted.classes
    columns: dict[str, list[str]] = {}
    for answer, output in model.answers.items():
        width = math.prod(model.program.outputs[output].shape[1:])
        stem = {"logits": "logit"}.get(output, output)
        labels = classes if len(classes) == width else range(1, width + 1)
        columns[answer] = []
        for name in [f"{stem}_{label}" for label in labels] if width > 1 else [stem]:
            name = first_free(_cut(name), taken)
            while name.lower() in taken:
                name += "_"
            taken.add(name.lower())
            columns[answer].append(name)
    return columns


def _cut(name: str) -> str:
    room = LONGEST - 8  # for what tells equal ones apart
    return name.encode()[:room].decode(errors="ignore")


def _header(model: RecordedModel) -> str:
    """Return what is known of a model as comments; JSON keeps each in its line."""
    advice = say(
        "The query below answers each row of a table. Put your table's name in place of {table}, "
        "in the line that begins with WITH. Its columns are kept, and the answers follow them. "
        "NULL is a missing value. It runs on DuckDB, on PostgreSQL from 12 on, and on SQLite from "
        "3.35 on if that has its functions of mathematics.",
        table=identifier(TABLE),
    )
    known = metadata(model).items()
    lines = [
        f"{name}: {_seen(msgspec.json.encode(value, enc_hook=as_text).decode())}"
        for name, value in known
    ]
    return "\n".join(f"-- {line}" for line in (*wrap(advice, 97), *lines))


def _seen(text: str) -> str:
    """Return JSON in which what ends a line, or turns the direction of text, is an escape."""
    return UNSEEN.sub(lambda character: f"\\u{ord(character[0]):04x}", text)


def _refuse_names(names: list[str]) -> None:
    """Refuse columns that a database cannot hold, or cannot tell apart."""
    if len(names) >= MOST_COLUMNS:
        raise too_wide(len(names))
    alike: dict[str, str] = {}
    for name in names:
        other = alike.setdefault(name.lower(), name)
        if other != name:
            raise ExportError(
                "Columns {column!r} and {other!r} differ in capital letters alone, which "
                "databases do not tell apart.",
                "Rename one of them, and fit again.",
                column=other,
                other=name,
            )
        if not name or "\0" in name:
            raise ExportError(
                "Column {column!r} has a name that no database has.",
                "Rename it, and fit again.",
                column=name,
            )


def _computes() -> bool:
    """Whether SQLite was built with its functions of mathematics."""
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.execute("WITH a AS MATERIALIZED (SELECT tanh(exp(0.0))) SELECT * FROM a")
        except sqlite3.OperationalError:
            return False
    return True


def _answered(
    text: str, model: RecordedModel, raw: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the answers of a query in SQLite, by a table in memory."""
    names = ", ".join(map(identifier, raw))
    marks = ", ".join("?" * len(raw))
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.execute(f"CREATE TABLE {identifier(TABLE)} ({names})")
            database.executemany(f"INSERT INTO {identifier(TABLE)} VALUES ({marks})", _rows(raw))
            answered = database.execute(text).fetchall()
        except sqlite3.Error as error:
            cause = shortened(str(error), 200)
            raise ExportError("SQLite refuses the model: {cause}.", cause=cause) from None
    return answers_of_rows(model, answered)


def answers_of_rows(model: RecordedModel, rows: list[tuple]) -> dict[str, np.ndarray]:
    """Return the answers of a query's rows, in their last columns, each as the program has it."""
    named = answer_columns(model)
    width = sum(map(len, named.values()))
    values = list(zip(*(row[-width:] for row in rows), strict=True))
    answers: dict[str, np.ndarray] = {}
    for answer, columns in named.items():
        node = model.program.outputs[model.answers[answer]]
        own, values = values[: len(columns)], values[len(columns) :]
        array = np.array(own, object).T.astype(node.dtype)
        answers[answer] = array if len(node.shape) > 1 else array[:, 0]
    return answers


def _rows(raw: Mapping[str, np.ndarray]) -> Iterator[tuple[Any, ...]]:
    """Return rows of a table, in which what is missing is None."""
    columns = [
        [None if value == MISSING or value != value else value for value in column[:, 0].tolist()]
        for column in raw.values()
    ]
    return zip(*columns, strict=True)
