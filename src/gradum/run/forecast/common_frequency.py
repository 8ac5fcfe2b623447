"""The one time step of all series of a table, or the rows from which on there is another."""

from __future__ import annotations

import numpy as np

from gradum.errors import TableError
from gradum.messages import say
from gradum.tables.forecast.frequency import Frequency, commonest, frequency_of
from gradum.tables.forecast.panel import in_words
from gradum.tables.table import Table
from gradum.tables.wording import rows_of, rows_text

PART = 3  # parts of a series whose commonest steps are compared


def common_frequency(
    table: Table,
    codes: np.ndarray,
    keys: tuple[tuple[str, ...], ...],
    stamps: np.ndarray,
    *,
    dated: bool,
) -> Frequency:
    """Return the frequency of all series; refuse series, or parts of one, of another."""
    each = [np.unique(stamps[codes == code]) for code in range(len(keys))]
    frequency = frequency_of(each, dated=dated)
    if frequency is None:
        raise TableError(
            "No series of {source} has two stamps.",
            "Give a row for each series and stamp; --series names the columns that tell series "
            "apart.",
            source=table.source,
        )
    for code, of_series in enumerate(each):
        places = frequency.places(of_series)
        if not np.isfinite(places).all():
            continue  # refused by row, when they are laid out
        steps = np.diff(places)
        parts = np.array_split(steps, PART) if len(steps) >= 8 * PART else [steps]
        begun = 0
        for part in parts:
            if len(part) and (usual := commonest(part)) != 1 and _mostly(part, usual):
                stamp = of_series[begun + int(np.argmax(part == usual))]
                where = np.flatnonzero((codes == code) & (stamps == stamp))
                raise _mixed(table, keys[code], where, usual, frequency)
            begun += len(part)
    return frequency


def _mostly(steps: np.ndarray, usual: float) -> bool:
    """Whether most steps are of a length, and hardly any is no multiple: gaps are at any place."""
    return (steps == usual).mean() > 0.5 and (steps % usual == 0).mean() > 0.9


def _mixed(
    table: Table, key: tuple[str, ...], where: np.ndarray, usual: float, frequency: Frequency
) -> TableError:
    rows = rows_text(rows_of(where), len(where))
    values = {"rows": rows, "count": int(usual), "frequency": frequency.in_words}
    if key:
        message = say(
            "Frequencies are mixed: from {rows} on, series {series!r} has a value every {count} "
            "steps, where others have {frequency}.",
            series=in_words(key),
            **values,
        )
    else:
        message = say(
            "Frequencies are mixed: from {rows} on, there is a value every {count} steps, where "
            "others have {frequency}.",
            **values,
        )
    return TableError(message, say("Give tables of one frequency, or sum up to the coarser one."))
