"""Numbers, dates and gaps as written in Chinese, Japanese, Korean, Russian and German."""

from __future__ import annotations

import re

import polars as pl

MISSING = frozenset(
    (
        *("无", "無", "缺失", "缺", "不详", "不詳", "未知", "未填", "暂无", "空", "沒有", "没有"),
        *("欠損", "なし", "不明", "該当なし", "未記入", "データなし"),
        *("없음", "결측", "미상", "모름", "해당없음", "해당 없음", "자료없음", "자료 없음"),
        *("нет", "нет данных", "н/д", "неизвестно", "отсутствует", "не указано", "пусто"),
        *("k. a.", "k.a.", "k.a", "keine angabe", "unbekannt", "fehlt", "fehlend", "entfällt"),
        *("k. a", "nicht bekannt", "nicht verfügbar", "o. a.", "o.a.", "keine"),
    )
)
"""Words for a missing value, in lower case; they count as such only among numbers or dates."""

FEWEST_VALUES = 5  # different numbers or dates needed for a word beside them to be taken for a gap
POWERS = {
    **{"千": 3, "천": 3, "万": 4, "萬": 4, "만": 4, "百万": 6, "백만": 6},
    **{"千万": 7, "천만": 7, "亿": 8, "億": 8, "억": 8, "兆": 12, "조": 12},
    **{"tsd": 3, "tsd.": 3, "mio": 6, "mio.": 6, "mrd": 9, "mrd.": 9},
    **{"тыс": 3, "тыс.": 3, "млн": 6, "млн.": 6, "млрд": 9, "млрд.": 9},
}
"""Words that stand after a number for a power of ten, in lower case."""

SHORT_POWERS = {"k": 3, "m": 6, "mn": 6, "b": 9, "bn": 9}
"""Letters that do so in some columns, in lower case; in others they are units or codes."""

POWER = "|".join(re.escape(word) for word in sorted(POWERS, key=len, reverse=True))
SCALED = rf"(?i)^(.*\d)\s*({POWER})$"
SHORT_SCALED = rf"(?i)^(.*\d)\s*({POWER}|bn|mn|[kmb])$"
WIDE = "０１２３４５６７８９．，％－＋（）／：　"
NARROW = "0123456789.,%-+()/: "
WIDE_SIGN = f"[{WIDE}]"


def are_gaps(levels: pl.Series) -> pl.Series:
    """Return which levels are words for a missing value, if there are enough other levels."""
    gaps = levels.str.to_lowercase().is_in(MISSING)
    return gaps if len(levels) - gaps.sum() >= FEWEST_VALUES else gaps & False


def narrow(texts: pl.Series) -> pl.Series:
    """Return texts with full-width digits and signs changed to ASCII: １２％ as 12%."""
    if not texts.str.contains(WIDE_SIGN).any():
        return texts
    return texts.str.replace_many(list(WIDE), list(NARROW)).str.strip_chars()


def without_power(texts: pl.Series, *, short: bool = False) -> tuple[pl.Series, pl.Series]:
    """Return the numbers in texts such as "1.2万", and their powers of ten; null without one.

    ``short`` says that `SHORT_POWERS` are powers too.
    """
    pattern, powers = (SHORT_SCALED, POWERS | SHORT_POWERS) if short else (SCALED, POWERS)
    parts = texts.to_frame("text").select(
        number=pl.col("text").str.extract(pattern, 1).str.strip_chars(),
        power=pl.col("text")
        .str.extract(pattern, 2)
        .str.to_lowercase()
        .replace_strict(powers, default=None, return_dtype=pl.Int64),
    )
    return parts["number"], parts["power"]
