"""Properties in words, read from a text or a file, and verified one by one.

A file is TOML with a table for each property::

    where = "age 30..60"          # for all that name no region of their own

    [[property]]
    holds = "monotone age+"

    [[property]]
    holds = "robust income ±5%, age ±1"
    where = "sex female"
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter

import msgspec
from msgspec import structs

from gradum.errors import PropertyError
from gradum.files.bounded import parsed_toml, read_text
from gradum.messages import listed, say
from gradum.run.fitted import Fitted
from gradum.study.certified.table_graph import TableGraph
from gradum.study.properties.irrelevant import IrrelevantProperty
from gradum.study.properties.monotone import MonotoneProperty
from gradum.study.properties.never import NeverProperty
from gradum.study.properties.question import CentreRows, PropertyQuestion, TableProperty
from gradum.study.properties.range import RangeProperty
from gradum.study.properties.region import Region
from gradum.study.properties.result import Verification, Verified
from gradum.study.properties.robust import RobustProperty
from gradum.study.properties.table_domain import TableDomain
from gradum.tables.wording import nearest_names
from gradum.waiting import portion

KINDS: dict[str, Callable[[str, Fitted], TableProperty]] = {
    "monotone": MonotoneProperty.read,
    "irrelevant": IrrelevantProperty.read,
    "range": RangeProperty.read,
    "robust": RobustProperty.read,
    "never": NeverProperty.read,
}
"""The reader of a property by its first word."""

EXAMPLES = ("monotone age+", "irrelevant sex", "range 0..100", "robust income ±5%, age ±1")

WHERE = re.compile(r"""^((?:[^'"]|'[^']*'|"[^"]*")*?)\swhere\s(.*)$""", re.DOTALL)
"""A property, and behind it the region in which it is to hold."""


def verify_properties(
    table_graph: TableGraph,
    stated: Sequence[Stated],
    rows: CentreRows | None = None,
    *,
    seconds: float,
    seed: int = 0,
) -> Verification:
    """Prove or refute properties; each gets an equal part of the remaining time.

    A proof holds for answers as computed, up to the ``rounding`` of each; a proof by slopes holds
    in real numbers, and ``rounding`` is then the effect of computing. A counterexample counts only
    if `Model.predict` confirms it on rows as in the table.

    Parameters
    ----------
    table_graph : TableGraph
        Graphs of the rung.
    rows : CentreRows, optional
        Rows of a table, for properties that are checked around rows.
    seconds : float
        Wall time for all properties together.
    seed : int
        Seed of the attacks.

    Raises
    ------
    PropertyError
        A region is empty.
    NotCertifiableError
        The rung or a column cannot be bounded.
    SpecError
        A property needs rows, and there are none.
    """
    table = TableDomain(table_graph)
    return Verification(
        target=table_graph.fitted.spec.target,
        rung=table_graph.rung.name,
        domain=table.columns,
        properties=tuple(_verified(table, stated, rows, seconds, seed)),
        notes=tuple(table.notes),
    )


def _verified(
    table: TableDomain, stated: Sequence[Stated], rows: CentreRows | None, seconds: float, seed: int
) -> Iterable[Verified]:
    until = perf_counter() + seconds
    for place, statement in enumerate(stated):
        part = max(until - perf_counter(), 0.0) / (len(stated) - place)
        question = PropertyQuestion(statement.text, table, statement.region, rows, part, seed)
        with portion(place / len(stated), (place + 1) / len(stated)):
            verified = statement.property.verify(question)
        classes = table.table_graph.fitted.classes
        of = None if statement.property.place is None else classes[statement.property.place]
        yield structs.replace(verified, of=of)


@dataclass(frozen=True)
class Stated:
    """A property as it was stated, with its region."""

    text: str
    property: TableProperty
    region: Region


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    holds: str
    where: str | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    property: list[_Entry]
    where: str = ""


def read_property(text: str, where: str, fitted: Fitted) -> Stated:
    """Read a property and its region: the one behind its own ``where``, or else ``where``.

    Raises
    ------
    PropertyError
        The property cannot be read or contradicts itself, or its region is empty.
    ColumnError
        The property names a column that does not exist.
    SpecError, NotCertifiableError
        The property names a column of the wrong kind.
    """
    if own := WHERE.match(text):
        text, where = own.groups()
    word, *rest = text.split(maxsplit=1) or [""]
    if word.casefold() not in KINDS:
        close = nearest_names(word, KINDS)
        raise PropertyError(
            say("The property {text!r} cannot be read.", text=text.strip()),
            say(
                "Did you mean {word!r}? Properties are written as in {examples}.",
                word=close[0],
                examples=listed([repr(example) for example in EXAMPLES], "or"),
            )
            if close
            else say(
                "Properties are written as in {examples}.",
                examples=listed([repr(example) for example in EXAMPLES], "or"),
            ),
        )
    parsed = KINDS[word.casefold()]("".join(rest), fitted)
    return Stated(" ".join(text.split()), parsed, Region.read(where, fitted))


def read_properties(path: str | os.PathLike, where: str, fitted: Fitted) -> list[Stated]:
    """Read the properties of a file.

    Parameters
    ----------
    path : path
    where : str
        The region of properties that name none, if the file names none either.

    Raises
    ------
    PropertyError
        The file cannot be read or has other contents; also as in `read_property`.
    """
    return [read_property(text, of_one, fitted) for text, of_one in stated_in(path, where)]


def stated_in(path: str | os.PathLike, where: str) -> list[tuple[str, str]]:
    """Return a file's properties and their regions, as stated there.

    Raises
    ------
    PropertyError
        The file cannot be read or has other contents.
    """
    text = read_text(path, PropertyError, say("Name a TOML file of properties."))
    try:
        known = parsed_toml(text, _File)
    except (ValueError, RecursionError) as error:
        raise PropertyError(
            "{path} is no list of properties: {cause}.",
            'Write a table [[property]] with holds = "…" for each.',
            path=path,
            cause=str(error),
        ) from None
    return [
        (entry.holds, known.where or where if entry.where is None else entry.where)
        for entry in known.property
    ]
