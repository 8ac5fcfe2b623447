"""The sentence that says why, where columns pull one way, both ways, or not at all."""

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.show.words.explanation_words import because
from gradum.study.explanation.explain import row_explanation
from synthetic import ONCE


@pytest.fixture(scope="module")
def difference():
    """A line that is nearly a − b."""
    rng = np.random.default_rng(0)
    rows = pl.DataFrame(dict(zip("abc", rng.normal(size=(3, 100)), strict=True)))
    noise = 0.1 * rng.normal(size=100)
    rows = rows.with_columns(y=pl.col("a") - pl.col("b") + pl.Series(noise))
    return gradum.fit(rows, "y", model="linear", **ONCE)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"a": 2.0, "b": 0.0, "c": 0.0}, "Mostly because a is 2."),
        ({"a": 0.0, "b": 2.0, "c": 0.0}, "Mostly because b is 2."),
        (
            {"a": 2.0, "b": 2.0, "c": 0.0},
            "Raised mostly because a is 2; lowered mostly because b is 2.",
        ),
    ],
)
def test_the_reasons_are_those_of_the_line(difference, row, sentence):
    background = pl.DataFrame({"a": [-0.5, 0.5], "b": [-0.5, 0.5], "c": [-0.5, 0.5]})
    explanation = difference.explain([row], background=background)
    assert because(row_explanation(explanation.found, 0)) == sentence


def test_what_nothing_moved_has_no_reason(difference):
    row = pl.DataFrame({"a": [0.5], "b": [1.0], "c": [-1.0]})
    explanation = difference.explain(row, background=row)
    assert because(row_explanation(explanation.found, 0)) == ""


@pytest.mark.parametrize(
    ("rows", "words"),
    [(1, "the 1 background row has -"), (2, "the mean over 2 background rows is -")],
)
def test_one_background_row_is_one_row(difference, rows, words):
    background = pl.DataFrame({"a": [-0.5, -0.4], "b": [0.5, 0.4], "c": [0.5, 0.5]}).head(rows)
    assert words in difference.explain(background, background=background).summary()
