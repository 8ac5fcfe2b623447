"""N-grams of characters are those that a plain loop finds, in any script, however texts are cut."""

from collections import Counter

import numpy as np
import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from gradum.tables.kinds.text import character_ngrams
from gradum.tables.kinds.text.character_ngrams import Finder, chosen
from gradum.tables.kinds.text.step import Text

TEXTS = [
    *(
        "gr8 deal!!! call 0800-CALL now",
        "Gr8 dealz, call me l8r :)",
        "",
        "  two  blanks\tand\nlines",
    ),
    *(
        "这本书质量还不错",
        "质量不错,书很好",
        "ภาษาไทย ไทย",
        "👗👗 red 👗",
        "👗👗 Red \U00020000",
        "deal",
    ),
    *("deal or no deal", "!!!", "a\0b deal", "İstanbul ǅ ẞ", "aaaaaaaa"),
]


def runs(text: str) -> list[str]:
    padded = f" {pl.Series([text]).str.to_lowercase()[0]} ".replace("\0", " ")
    every = [padded[i : i + n] for n in range(2, 6) for i in range(len(padded) - n + 1)]
    return [run for run in every if not any(inner.isspace() for inner in run[1:-1])]


def found(texts: pl.Series, ngrams: tuple[str, ...]) -> list[Counter]:
    counts = [Counter() for _ in range(len(texts))]
    for row, place in zip(*Finder(ngrams)(texts), strict=True):
        counts[row][ngrams[place]] += 1
    return counts


@pytest.mark.parametrize("most", [20_000, 9])
def test_the_vocabulary_agrees_with_a_plain_count(most):
    step = chosen(pl.Series(TEXTS), most)
    counts = Counter(ngram for text in TEXTS for ngram in set(runs(text)))
    frequent = sorted((n for n in counts if counts[n] >= 3), key=lambda n: (-counts[n], n))
    assert step.ngrams == tuple(sorted(frequent[:most]))
    assert step.frequencies == tuple(counts[ngram] for ngram in step.ngrams)
    assert step.texts == len(TEXTS)


@pytest.mark.parametrize("at_once", [1, 40, 1_000])
def test_every_occurrence_is_found(at_once, monkeypatch):
    monkeypatch.setattr(character_ngrams, "AT_ONCE", at_once)
    ngrams = tuple(sorted({ngram for text in TEXTS[::2] for ngram in runs(text)}))
    new = pl.Series([*TEXTS, None, "dealdealdeal", "是不是书"])
    plain = [Counter(n for n in runs(text or "") if n in set(ngrams)) for text in new]
    assert found(new, ngrams) == plain


def test_a_vocabulary_may_be_empty():
    assert chosen(pl.Series(["a", "b", "c"]), 10).ngrams == ()
    assert found(pl.Series(["a", None]), ()) == [Counter(), Counter()]
    assert chosen(pl.Series([], dtype=pl.String), 10).texts == 0


def test_many_and_long_texts_are_read_in_part(monkeypatch):
    monkeypatch.setattr(character_ngrams, "MOST_READ", 60)
    monkeypatch.setattr(character_ngrams, "MOST_READ_OF_ONE", 4)
    step = chosen(pl.Series(["abcdefgh", "zzzz"] * 30), 100)
    assert step.texts == 15  # each fourth, as they have 240 characters
    assert step.ngrams == (
        " a",
        " ab",
        " abc",
        " abcd",
        "ab",
        "abc",
        "abcd",
        "abcd ",
        "bc",
        "bcd",
        "bcd ",
        "cd",
        "cd ",
        "d ",
    )


def test_weights_agree_with_scikit_learn():
    series = pl.Series("t", TEXTS)
    step = Text.fit(series)
    assert step.characters is not None
    vectorizer = TfidfVectorizer(
        analyzer=runs, vocabulary=list(step.characters.ngrams), sublinear_tf=True
    ).fit(TEXTS)
    characters = step.sparse_block(series)[:, len(step.ngrams) :]
    expected = vectorizer.transform(TEXTS).toarray()
    np.testing.assert_allclose(characters.toarray(), expected, rtol=1e-6, atol=1e-7)


def test_long_texts_are_read_by_words_alone():
    long = pl.Series("t", ["many words " * 60, "such words " * 60] * 2)
    assert Text.fit(long).characters is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("gr8 :) deal!!! now", ["gr8 ", ":) ", "deal", "!!! ", "now"]),
        ("xk92", ["x", "k", "9", "2"]),
        ("", []),
    ],
)
def test_a_short_text_is_explained_by_words_signs_and_characters_of_a_single_word(text, parts):
    divided = Text.fit(pl.Series("t", TEXTS)).divided(pl.Series([text]), pl.Series([text]))
    assert ([] if divided is None else divided[0][0, :, 0].tolist()) == parts


def test_a_word_ends_where_a_script_without_spaces_begins():
    step = Text.fit(pl.Series("t", ["外观很漂亮", "蓝牙不错"] * 5))
    grid, _ = step.divided(pl.Series(["DDR3的条"]), pl.Series([""]))
    assert grid[0, :, 0].tolist() == ["DDR3", "的", "条"]
