"""Upper and lower case: which levels differ in it alone.

Letters are folded one by one: Ä becomes ä, ẞ becomes ß, and Σ and ς both become σ. Nothing hangs on
a language, on neighbours or on the machine, so every form of a model can do the same. ß and ss stay
apart, and so do the Turkish letters İ and ı from i.

The rule is Unicode's simple case folding (CaseFolding.txt, statuses C and S), which is the same
from version to version of Unicode, without three pairs that 15.1 added to it: ﬅ and ﬆ, and twice
two writings of one Greek letter, none of them upper and lower case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import polars as pl

PLANES = 2
"""Of Unicode, that hold letters; the others are for ideographs."""


@cache
def letters() -> Mapping[str, str]:
    """Return what each letter that is folded becomes; no such letter is folded any further."""
    folded = {}
    for letter in map(chr, range(PLANES * 0x10000)):
        # Python folds some letters into several; Unicode's simple folding of these is their lower
        # case, or they stay.
        becomes = min(letter.casefold(), letter.lower(), key=len)
        if becomes != letter and len(becomes) == 1:
            folded[letter] = becomes
    return folded


@cache
def _table() -> dict[int, str]:
    return str.maketrans(dict(letters()))


def folded(text: str) -> str:
    """Return a text with its letters folded."""
    return text.translate(_table())


def folded_texts(texts: pl.Expr) -> pl.Expr:
    """Return texts with their letters folded."""
    return texts.map_batches(_folded, return_dtype=pl.String)


def _folded(texts: pl.Series) -> pl.Series:
    if (texts.str.len_bytes() == texts.str.len_chars()).all():  # ASCII, which is quicker
        return texts.str.to_lowercase()
    return texts.str.replace_many(list(letters()), list(letters().values()))


def letters_onto(texts: Iterable[str]) -> dict[str, str]:
    """Return those letters that become one of the folded texts, with what they become.

    A text that holds any other letter that is folded is none of these texts, whether folded or not.
    """
    wanted = set().union(*texts)
    return {letter: becomes for letter, becomes in letters().items() if becomes in wanted}


def merged(counts: pl.DataFrame) -> pl.DataFrame:
    """Merge counted levels that differ in case alone: ``level`` and ``rows``, in order.

    Each is spelled as most rows have it, the first in the order of code points among equals;
    ``others`` lists its further spellings, commonest first.
    """
    ranked = counts.sort("rows", "level", descending=[True, False])
    ranked = ranked.with_columns(key=folded_texts(pl.col("level")))
    first = counts.select(key=folded_texts(pl.col("level"))).unique(maintain_order=True)
    whole = ranked.group_by("key", maintain_order=True).agg(
        pl.col("level").first(),
        pl.col("rows").sum(),
        others=pl.col("level").slice(1),
    )
    return first.join(whole, on="key", how="left", maintain_order="left").drop("key")
