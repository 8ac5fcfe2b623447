"""Columns that say whose picture or sound a row holds: rows of one person belong together."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import structs

from gradum.messages import say
from gradum.tables.columns import Column
from gradum.tables.doubt import Doubt

NAMES = re.compile(
    r"(speaker|person|subject|patient|participant|singer|voice|user|animal|client|customer)s?"
    r"([ _.-]?(id|name|no|nr|number|code))?"
    r"|.*(说话人|讲者|发言人|受试者|被试|患者|病人|话者|話者|화자|환자).*",
    re.IGNORECASE,
)


def with_owners(columns: Sequence[Column], rows: int) -> list[Column]:
    """Return columns of which those that say whose a picture or sound is carry a doubt.

    A model that is judged on other recordings of the persons it knows looks better than it is on
    new ones.
    """
    if not any(c.role == "feature" and c.traits.is_grid for c in columns):
        return list(columns)
    return [_doubted(column) if _names_owner(column, rows) else column for column in columns]


def _names_owner(column: Column, rows: int) -> bool:
    repeats = 1 < column.distinct <= rows / 2
    is_level = column.role == "feature" and column.traits.names_groups
    return is_level and repeats and NAMES.fullmatch(column.name.strip()) is not None


def _doubted(column: Column) -> Column:
    clause = say("new ones are not what this split judges by, as each is in several rows")
    doubt = Doubt("identifier", clause, f"--group {column.name!r}")
    return structs.replace(column, doubts=(*column.doubts, doubt))
