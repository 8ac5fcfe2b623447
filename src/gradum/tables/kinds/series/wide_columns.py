"""Wide columns: readings that lie side by side in a table, such as t0, t1, … t99."""

from __future__ import annotations

import re

import polars as pl

from gradum.tables.kinds.series.readings import FEWEST

NAME = re.compile(r"(?P<stem>(?:.*[\s_.-])?)(?:t|time|tick|step)[\s_.-]?(?P<at>\d{1,5})", re.I)
LOOKED_AT = 200  # values of a column of texts, to tell whether they are numbers


def wide_columns(frame: pl.DataFrame) -> dict[str, list[str]]:
    """Return the columns that belong to one series, in order, by the name of the series.

    They are numbered without a gap from 0 or 1, at least `FEWEST` of them, and hold numbers. The
    series is called t, or what stands before t where several are beside each other: of x_t0 and
    y_t0, x and y.
    """
    numbered: dict[str, dict[int, str]] = {}
    for name in frame.columns:
        if (found := NAME.fullmatch(name)) is not None:
            numbered.setdefault(found["stem"], {})[int(found["at"])] = name
    several = {}
    for stem, names in numbered.items():
        name, order = stem.rstrip(" _.-") or "t", sorted(names)
        whole = order[0] in (0, 1) and len(order) == order[-1] - order[0] + 1 >= FEWEST
        columns = [names[at] for at in order]
        if whole and name not in frame.columns and all(_is_number(frame[c]) for c in columns):
            several[name] = columns
    return several


def _is_number(column: pl.Series) -> bool:
    if column.dtype != pl.String:
        return column.dtype.is_numeric() or column.dtype == pl.Null
    texts = column.drop_nulls().head(LOOKED_AT).str.strip_chars()
    texts = texts.filter(texts != "")
    return texts.cast(pl.Float64, strict=False).null_count() <= 0.1 * len(texts)
