"""Texts as people leave them: empty, of one token, of signs alone, all the same, ten megabytes."""

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.tables.kinds.text.step import Text
from synthetic import FOLDS_ONCE, SHORT

ROWS = 60
SPAM = [True, False] * (ROWS // 2)


def answers(texts, asked):
    table = pl.DataFrame({"text": texts, "spam": SPAM})
    shortly = {"linear": SHORT, "cv": 2, "split": FOLDS_ONCE, "learning_curve": False}
    model = gradum.fit(table, target="spam", text=["text"], model="linear", seed=0, **shortly)
    return model.predict({"text": asked}).tolist()


@pytest.mark.parametrize(
    ("one", "other"), [("👗!!", "💩??"), ("xk{}ab", "zq{}ab")], ids=["signs", "one token"]
)
def test_characters_tell_what_words_do_not(one, other):
    texts = [(one if spam else other).format(number) for number, spam in enumerate(SPAM)]
    assert answers(texts, [one.format(977), other.format(977)]) == [True, False]


@pytest.mark.parametrize("text", ["", "always the same"])
def test_texts_that_tell_nothing_are_answered_alike(text):
    asked = answers([text or None, "rare", *[text] * (ROWS - 2)], ["", None, "new words", "👗"])
    assert len(set(asked)) == 1


@pytest.mark.slow
def test_one_text_of_ten_megabytes_is_read():
    long = pl.Series(
        "t", ["long words and " * 700_000, *[f"such a word {i % 7}" for i in range(9)]]
    )
    assert Text.fit(long).characters is None
    block = Text.fit(long[1:]).sparse_block(long)
    assert np.isfinite(block.data).all()
    assert block[[0]].nnz > 0
