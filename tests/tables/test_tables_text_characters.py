"""The rule of words with its classes written out finds what the rule with their names finds."""

import re

import numpy as np
import polars as pl
import pytest

from gradum.tables.kinds.text import word_pattern
from gradum.tables.kinds.text.step import WORD
from gradum.tables.unspaced import spaced_out

TEXTS = [
    "Don't 'quote' rock'n'roll, x''y; it’s L'été d’été",
    "e\u0301te\u0301 Größe हिन्दी 한국어 ⓐ Ⅷ ² a_b 1,234.5 x-y",
    "这是中文。か\u3099 日本語テスト々〇⺀ー a'文'b 文's",
    "ภาษาไทย น้ำ ខ្មែរ 'ไทย'",
    "👗red👗 a\u200db c\u200cd \U00020000\U00010400",
]
DRAWN = np.random.default_rng(0).integers(1, 0xD800, 20_000).astype(np.uint32)


@pytest.mark.parametrize("letters", [False, True])
def test_words_are_the_same(letters):
    texts = pl.Series([*TEXTS, "".join(map(chr, DRAWN)), "".join(map(chr, DRAWN + 0xE000))])
    expected = (spaced_out(texts) if letters else texts).str.extract_all(WORD).to_list()
    pattern = re.compile(word_pattern(letters=letters))
    for text, words in zip(texts, expected, strict=True):
        assert pattern.findall(text) == words
