"""Words for totals and subtotals in many languages, and the cells of a table that hold one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import polars as pl

WORDS = (
    *("grand total", "overall total", "subtotals", "subtotal", "sub-total", "sub total"),
    *("totals", "total", "sum", "summe", "gesamtsumme", "gesamtergebnis", "gesamt", "insgesamt"),
    *("zwischensumme", "teilsumme", "endsumme", "ergebnis", "sous-total", "total général"),
    *("total general", "ensemble", "somme", "suma", "suma total", "soma", "totale", "somma"),
    *("totale generale", "subtotale", "totaal", "subtotaal", "eindtotaal", "suma częściowa"),
    *("razem", "ogółem"),
    *("toplam", "summa", "yhteensä", "i alt", "totalt"),
    *("общий итог", "промежуточный итог", "подытог", "итого", "итог", "всего", "сумма"),
)
UNSPACED = (
    *("合计", "合計", "小计", "小計", "总计", "總計", "共计", "共計", "总和", "總和"),
    *("汇总", "彙總"),
    *("総計", "総合計", "累計", "합계", "소계", "총계", "총합계", "총합"),
)
SPREAD = tuple(gap.join(word) for word in UNSPACED for gap in (" ", "  ", "　"))  # to fill a cell
MOST_LETTERS = 60  # of a cell that is a label
CELLS_AT_ONCE = 1_000_000  # to search a wide table, too, for all words at once

_SPACED = "|".join(re.escape(word) for word in sorted(WORDS, key=len, reverse=True))
_TOGETHER = "|".join(sorted((*UNSPACED, *SPREAD), key=len, reverse=True))
# A label begins or ends with the word: "Total 2023", "North: subtotal", "北区小计".
PATTERN = (
    rf"(?i)^\s*(?:({_SPACED})(?:[\s:.,;(\-–].*)?|.*[\s:.,;)\-–]({_SPACED})[\s:.]*"
    rf"|({_TOGETHER}).*|.*({_TOGETHER})[\s:：]*)$"
)

_ACCENTED = [word for word in WORDS if not word.isascii()]  # whose capitals are other bytes
_LITERALS = [
    *(*WORDS, *UNSPACED, *SPREAD),
    *(form for word in _ACCENTED for form in (word.capitalize(), word.upper())),
]


class Named(NamedTuple):
    """A cell that holds a word for a total."""

    row: int
    """Its place in the table, from 0."""
    column: str
    word: str
    """In lower case."""
    cell: str
    """The cell as it is in the table."""


def named_totals(frame: pl.DataFrame, before: int) -> Iterable[Named]:
    """Yield the cells of some rows of a table that begin or end with a word for a total.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns of texts.
    before : int
        The number of rows of the table that come before these.
    """
    height = len(frame)
    at_once = max(1, CELLS_AT_ONCE // max(height, 1))
    for first in range(0, frame.width, at_once):
        names = frame.columns[first : first + at_once]
        texts = pl.concat([frame[name].cast(pl.String) for name in names])
        likely = texts.str.contains_any(_LITERALS, ascii_case_insensitive=True)
        places = likely.fill_null(False).arg_true()
        if not len(places):
            continue
        cells = texts[places]
        found = cells.str.extract_groups(PATTERN).struct.unnest()
        words = pl.select(pl.coalesce(list(found))).to_series().str.to_lowercase()
        words = words.set(cells.str.len_chars() > MOST_LETTERS, None)
        for place, word, cell in zip(
            places.to_list(), words.to_list(), cells.to_list(), strict=True
        ):
            if word is not None:
                yield Named(before + place % height, names[place // height], word, cell.strip())
