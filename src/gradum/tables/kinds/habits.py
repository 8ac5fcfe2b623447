"""Numbers, dates and gaps as written in the languages of those who make tables."""

from __future__ import annotations

import re

import polars as pl

MISSING = frozenset(
    (
        *("missing", "unknown", "none", "not available", "not known", "not applicable"),
        *("n.d.", "n/d", "n. d.", "s. d."),
        *("s.d.", "s/d", "s.i.", "s/i", "n.c.", "n.r.", "n.b."),
        *("无", "無", "缺失", "缺", "不详", "不詳", "未知", "未填", "暂无", "空", "沒有", "没有"),
        *("不明", "不适用", "不適用", "欠損", "欠測", "なし", "該当なし", "未記入", "対象外"),
        *("없음", "결측", "미상", "모름", "해당없음", "해당 없음", "알수없음", "알 수 없음"),
        *("нет", "н/д", "н.д.", "н. д.", "неизвестно", "отсутствует", "не указано", "пусто"),
        *("k. a.", "k.a.", "k.a", "k. a", "unbekannt", "fehlt", "fehlend", "entfällt", "o. a."),
        *("o.a.", "keine", "nicht bekannt", "nicht verfügbar"),
        *("inconnu", "inconnue", "manquant", "non disponible", "non connu", "sans objet"),
        *("desconocido", "desconocida", "no disponible", "no aplica", "faltante"),
        *("desconhecido", "não disponível", "não se aplica", "nao disponivel"),
        *("sconosciuto", "non disponibile", "non noto"),
    )
)
"""Words for a missing value, in lower case; they count as such only among numbers or dates."""

PHRASES = (
    *("no data", "no data available", "data not available", "data unavailable", "missing data"),
    *("missing value", "not recorded", "not reported", "not provided", "no information"),
    *("keine Angabe", "keine Angaben", "ohne Angabe", "nicht angegeben", "keine Daten"),
    *("keine Information", "nicht erfasst"),
    *("non renseigné", "non renseignée", "non renseigne", "donnée manquante", "pas de données"),
    *("données manquantes", "non communiqué", "aucune donnée"),
    *("sin datos", "sin dato", "sin información", "sin informacion", "no informado", "no consta"),
    *("não informado", "nao informado", "sem informação", "sem informacao", "sem dados"),
    *("dato mancante", "dati mancanti", "dato non disponibile", "nessun dato", "non pervenuto"),
    *("нет данных", "нет информации", "данные отсутствуют", "нет сведений", "не заполнено"),
    *("暂无数据", "暂无信息", "暂无资料", "无数据", "没有数据", "数据缺失", "未填写", "暫無資料"),
    *("無資料", "未填寫", "データなし", "データ無し", "記載なし", "情報なし"),
    *("자료없음", "자료 없음", "데이터없음", "데이터 없음", "정보없음", "정보 없음", "미기재"),
    *("geen gegevens", "brak danych", "veri yok"),
)
"""Phrases for a missing value, which can hardly mean anything else anywhere."""

AS_WRITTEN = sorted(
    {form(phrase) for phrase in PHRASES for form in (str, str.lower, str.upper, str.title)}
    | {phrase[0].upper() + phrase[1:] for phrase in PHRASES}
)
"""The phrases as people write them."""

_AMONG_NUMBERS = [*MISSING, *(phrase.lower() for phrase in PHRASES)]
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
    gaps = levels.str.to_lowercase().is_in(_AMONG_NUMBERS)
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
