"""Each encoder step against scikit-learn, or against plain loops."""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

from gradum.errors import ModelFileError
from gradum.tables.encode import Encoder
from gradum.tables.kinds.boolean.step import Boolean
from gradum.tables.kinds.categorical import step as categorical
from gradum.tables.kinds.categorical.step import Categorical
from gradum.tables.kinds.date.step import Date
from gradum.tables.kinds.design import FLOAT32_MAX
from gradum.tables.kinds.numeric.step import MOST_DECIMALS, Numeric, decimals_of
from gradum.tables.kinds.text import step as text
from gradum.tables.kinds.text.step import Text
from gradum.tables.kinds.time_of_day.step import TimeOfDay

REVIEWS = [
    "I love this dress, I don't love the colour.",
    "This DRESS is lovely: love it, love it!",
    "Not my size",
    "",
    "the colour of the dress is not the colour of the picture",
    "Größe passt, die Farbe nicht. ΣΟΦΙΑ 2024",
    "love it",
    "I love this dress, the colour is fine",
    "this dress? no. not this dress!",
    "die Farbe passt",
]


def dense(step, series: pl.Series) -> np.ndarray:
    return np.column_stack(list(named_dense(step, series).values()))


def named_dense(step, series: pl.Series) -> dict[str, np.ndarray]:
    frame = series.to_frame()
    pairs = zip(step.dense_features(), step.dense_expressions(), strict=True)
    return {f.name: frame.select(e).to_series().to_numpy() for f, e in pairs}


def codes(step, series: pl.Series) -> list[int]:
    return series.to_frame().select(step.code_expression()).to_series().to_list()


class TestNumeric:
    @given(st.lists(st.none() | st.floats(-1e30, 1e30), min_size=2, max_size=30))
    def test_agrees_with_scikit_learns_imputer(self, values):
        present = {v for v in values if v is not None}
        series = pl.Series("x", values, dtype=pl.Float64)
        step = Numeric.fit(series)
        if len(present) < 2:
            assert all(feature.kind == "missing" for feature in step.dense_features())
            return
        column = np.array([np.nan if v is None else v for v in values])[:, None]
        expected = SimpleImputer(strategy="median", add_indicator=None in values).fit(column)
        rounding = 1e-15 * max(map(abs, present))  # of the middle between two values
        np.testing.assert_allclose(
            dense(step, series), expected.transform(column), rtol=1e-15, atol=rounding
        )

    def test_new_missing_values_become_the_training_median_without_an_indicator(self):
        step = Numeric.fit(pl.Series("x", [1.0, 2.0, 10.0]))
        assert [f.name for f in step.dense_features()] == ["x"]
        assert dense(step, pl.Series("x", [None, 3.0])).tolist() == [[2.0], [3.0]]
        assert dense(step, pl.Series("x", [None], dtype=pl.Null)).tolist() == [[2.0]]

    def test_wholly_missing_training_rows_leave_nothing(self):
        step = Numeric.fit(pl.Series("x", [None, None], dtype=pl.Float64))
        assert step.dense_features() == ()
        assert step.dense_expressions() == []
        assert step.range is None

    def test_a_constant_with_missing_values_leaves_the_indicator(self):
        step = Numeric.fit(pl.Series("x", [7.0, None, 7.0]))
        assert list(named_dense(step, pl.Series("x", [7.0, None]))) == ["x missing"]

    def test_values_are_clipped_to_float32(self):
        series = pl.Series("x", [-1e308, 0.0, 1e308])
        step = Numeric.fit(series)
        assert step.range == (-1e308, 1e308)
        values = dense(step, series)[:, 0]
        assert values.tolist() == [-FLOAT32_MAX, 0.0, FLOAT32_MAX]
        assert np.isfinite(values.astype(np.float32)).all()
        assert np.finfo(np.float32).max == FLOAT32_MAX

    @given(
        st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 8)), min_size=1),
        st.integers(0, 6),
    )
    def test_decimals_are_those_of_the_digits_that_are_written(self, written, least):
        texts = [str(Decimal(digits).scaleb(-places)) for digits, places in written]
        count = max([least, *(-Decimal(text).normalize().as_tuple().exponent for text in texts)])
        series = pl.Series("x", [None, *map(float, texts)])
        assert decimals_of(series, least) == (count if count <= MOST_DECIMALS else None)
        if not least:
            assert Numeric.fit(series).decimals == decimals_of(series)

    def test_the_last_row_counts_as_the_first_ones_do(self):
        series = pl.Series("x", [*range(5_000), 0.25], strict=False)
        assert decimals_of(series[:-1]) == 0
        assert decimals_of(series) == 2

    @pytest.mark.parametrize("training", [[1.0, 3.0, None], [2.0, 2.0], [None, None]])
    def test_more_rows_widen_the_range_and_are_encoded_alike(self, training):
        rows = pl.Series("x", [*training, -4.25, 9.0, None], dtype=pl.Float64)
        step = Numeric.fit(rows[: len(training)])
        wider = step.reaching(rows)
        assert wider.dense_features() == step.dense_features()
        if step.dense_features():
            np.testing.assert_array_equal(dense(wider, rows), dense(step, rows))
            assert (wider.range, wider.decimals) == ((-4.25, 9.0), 2)
        else:
            assert wider == step

    @pytest.mark.parametrize(
        ("kind", "values", "reach"),
        [
            (Date, [datetime(2024, 1, day) for day in (5, 9, 2, 31)], (19724.0, 19753.0)),
            (TimeOfDay, [time(8, 30), time(9), time(0, 15), time(20, 15, 30)], (15.0, 1215.5)),
        ],
    )
    def test_more_moments_widen_the_range_and_are_encoded_alike(self, kind, values, reach):
        rows = pl.Series("x", [*values, None])
        step = kind.fit(rows[:2])
        wider = step.reaching(rows)
        assert wider.range == reach != step.range
        np.testing.assert_array_equal(dense(wider, rows[:4]), dense(step, rows[:4]))

    @pytest.mark.parametrize("decimals", [-1, 1, 7])
    def test_a_file_whose_decimals_are_none_of_its_range_is_refused(self, decimals):
        step = Numeric.fit(pl.Series("x", [0.0, 0.25]))
        text = Encoder((step,)).to_json()
        assert Encoder.from_json(text).steps == (step,)
        damaged = text.replace('"decimals":2', f'"decimals":{decimals}')
        with pytest.raises(ModelFileError, match="decimals"):
            Encoder.from_json(damaged)
        without = text.replace(',"decimals":2', "")
        assert Encoder.from_json(without).steps == (msgspec.structs.replace(step, decimals=None),)


class TestBoolean:
    @given(st.lists(st.none() | st.booleans(), min_size=1, max_size=20))
    def test_agrees_with_a_plain_loop(self, values):
        series = pl.Series("b", values, dtype=pl.Boolean)
        columns = named_dense(Boolean.fit(series), series)
        trues, falses = values.count(True), values.count(False)
        expected = {}
        if trues and falses:
            expected["b"] = [float(trues > falses if v is None else v) for v in values]
        if None in values and trues + falses:
            expected["b missing"] = [float(v is None) for v in values]
        assert {name: column.tolist() for name, column in columns.items()} == expected

    def test_new_missing_values_become_the_mode(self):
        step = Boolean.fit(pl.Series("b", [True, True, False]))
        assert dense(step, pl.Series("b", [None, False])).tolist() == [[1.0], [0.0]]


class TestCategorical:
    @given(
        st.lists(st.none() | st.sampled_from(["a", "B", "é", "", "zz", "b c"]), max_size=40),
        st.lists(st.none() | st.sampled_from(["a", "é", "", "new"]), min_size=1, max_size=10),
    )
    def test_agrees_with_scikit_learns_one_hot(self, training, new):
        training = [*training, "a", "a", "B"]
        step = Categorical.fit(pl.Series("c", training))
        encoder = OneHotEncoder(
            min_frequency=2, handle_unknown="infrequent_if_exist", sparse_output=False
        )
        as_column = [["(missing)" if v is None else v] for v in training]
        encoder.fit(np.array(as_column, dtype=object))
        new_column = np.array([["(missing)" if v is None else v] for v in new], dtype=object)
        one_hot = encoder.transform(new_column)[:, : len(step.levels)]
        found = np.array(codes(step, pl.Series("c", new, dtype=pl.String)))
        np.testing.assert_array_equal(found[:, None] == np.arange(1, len(step.levels) + 1), one_hot)
        assert set(step.known) == {v for (v,) in as_column}

    def test_levels_are_sorted_and_missing_is_one_of_them(self):
        step = Categorical.fit(pl.Series("c", ["b", None, "a", "b", "a", None, "rare"]))
        assert step.levels == ("(missing)", "a", "b")
        assert step.rare == ("rare",)
        new = pl.Series("c", ["b", "rare", None, "unseen", "a"])
        assert codes(step, new) == [3, 0, 1, 0, 2]

    def test_a_single_missing_row_is_rare(self):
        step = Categorical.fit(pl.Series("c", ["b", None, "a", "b", "a"]))
        assert step.levels == ("a", "b")
        assert codes(step, pl.Series("c", [None, "b"])) == [0, 2]
        assert codes(step, pl.Series("c", [None, None], dtype=pl.Null)) == [0, 0]

    @pytest.mark.parametrize(
        ("values", "emitted"),
        [
            (["a", "b", "c"], False),  # three rare levels: all code 0
            (["a", "a"], False),  # one level
            (["a", "a", "b"], True),  # a level against the rare ones
            ([None, None, "a", "a"], True),
            ([None, None], False),
        ],
    )
    def test_a_constant_code_is_left_out(self, values, emitted):
        step = Categorical.fit(pl.Series("c", values, dtype=pl.String))
        assert (step.coded_column() is not None) == emitted

    def test_names_are_bounded_and_the_most_frequent_kept(self, monkeypatch):
        monkeypatch.setattr(categorical, "MOST_NAMES", 3)
        values = ["d"] * 4 + ["c"] * 3 + ["a"] * 2 + ["b"] * 2 + ["rare"]
        step = Categorical.fit(pl.Series("c", values))
        assert step.levels == ("a", "c", "d")
        assert step.forgotten == 2
        assert codes(step, pl.Series("c", ["b", "d"])) == [0, 3]

    def test_long_names_are_bounded_by_their_bytes(self, monkeypatch):
        monkeypatch.setattr(categorical, "MOST_BYTES", 10)
        step = Categorical.fit(pl.Series("c", ["ééé"] * 3 + ["four"] * 2 + ["z"]))
        assert step.levels == ("four", "ééé")
        assert step.rare == ()
        assert step.forgotten == 1

    def test_repeated_levels_are_refused(self):
        with pytest.raises(ValueError, match="repeat"):
            Categorical("c", levels=("a", "a"))


class TestDate:
    @given(
        st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), min_size=3, max_size=20)
    )
    def test_agrees_with_pythons_calendar(self, moments):
        series = pl.Series("d", moments, dtype=pl.Datetime("us"))
        columns = named_dense(Date.fit(series), series)
        expected = {name: np.array(v) for name, v in calendar_parts(moments).items()}
        assert list(columns) == [n for n, v in expected.items() if np.ptp(v) > 1e-9]
        for name, column in columns.items():
            np.testing.assert_allclose(column, expected[name], atol=1e-9)

    def test_missing_dates(self):
        series = pl.Series("d", [datetime(2024, 1, 1), None, datetime(2024, 1, 4)])
        columns = named_dense(Date.fit(series), series)
        assert list(columns)[-1] == "d missing"
        assert columns["d missing"].tolist() == [0.0, 1.0, 0.0]
        assert columns["d days"][1] == np.mean(columns["d days"][[0, 2]])
        assert columns["d week sin"][1] == columns["d week cos"][1] == 0.0
        assert "d day sin" not in columns

    def test_wholly_missing_or_constant_training_rows_leave_nothing(self):
        for values in ([None, None], [datetime(2024, 1, 1)] * 2):
            step = Date.fit(pl.Series("d", values, dtype=pl.Datetime("us")))
            assert step.dense_features() == ()

    def test_a_column_without_any_date_at_prediction(self):
        step = Date.fit(pl.Series("d", [datetime(2024, 1, 1), datetime(2024, 1, 3)]))
        values = dense(step, pl.Series("d", [None], dtype=pl.Null))
        assert values[0, 0] == step.median
        assert not values[0, 1:].any()


def calendar_parts(moments: list[datetime]) -> dict[str, list[float]]:
    days = [(m - datetime(1970, 1, 1)) / timedelta(days=1) for m in moments]
    midnight = [m.replace(hour=0, minute=0, second=0, microsecond=0) for m in moments]
    positions = {
        "year": [(m.timetuple().tm_yday - 1) / 365.25 for m in moments],
        "week": [m.weekday() / 7 for m in moments],
        "day": [
            (m - start) / timedelta(days=1) for m, start in zip(moments, midnight, strict=True)
        ],
    }
    parts = {"d days": days}
    for cycle, position in positions.items():
        parts[f"d {cycle} sin"] = [math.sin(2 * math.pi * p) for p in position]
        parts[f"d {cycle} cos"] = [math.cos(2 * math.pi * p) for p in position]
    return parts


class TestText:
    def test_weights_agree_with_scikit_learn(self):
        step = Text.fit(pl.Series("t", REVIEWS))
        vectorizer = TfidfVectorizer(
            vocabulary=list(step.ngrams),
            token_pattern=r"\w+(?:['’]\w+)*",
            ngram_range=(1, 2),
            sublinear_tf=True,
        ).fit(REVIEWS)
        new = [*REVIEWS, "love love love the dress", "nothing known", "LOVE  this\ndress"]
        block = step.sparse_block(pl.Series("t", new))[:, : len(step.ngrams)]
        assert block.dtype == np.float32
        np.testing.assert_allclose(
            block.toarray(), vectorizer.transform(new).toarray(), rtol=1e-6, atol=1e-7
        )

    @pytest.mark.parametrize("most_ngrams", [1000, 7])
    def test_vocabulary_agrees_with_a_plain_count(self, most_ngrams):
        step = Text.fit(pl.Series("t", REVIEWS), most_ngrams=most_ngrams)
        tokenize = TfidfVectorizer(token_pattern=r"\w+(?:['’]\w+)*").build_tokenizer()
        counts: Counter[str] = Counter()
        for review in REVIEWS:
            words = tokenize(review.lower())
            pairs = [f"{a} {b}" for a, b in pairwise(words)]
            counts.update({*words, *pairs})
        frequent = {n: f for n, f in counts.items() if f >= (3 if " " in n else 2)}
        kept = sorted(frequent, key=lambda n: (-frequent[n], n))[:most_ngrams]
        assert step.ngrams == tuple(sorted(kept))
        assert step.frequencies == tuple(frequent[n] for n in step.ngrams)
        assert step.texts == len(REVIEWS)

    @pytest.mark.parametrize("piece", [1, 3, 1_000])
    def test_words_are_counted_alike_however_few_texts_at_a_time(self, piece, monkeypatch):
        whole = Text.fit(pl.Series("t", REVIEWS))
        monkeypatch.setattr(text, "PIECE", piece)
        assert Text.fit(pl.Series("t", REVIEWS)) == whole

    def test_pairs_do_not_span_two_texts(self):
        step = Text.fit(pl.Series("t", ["red", "dress"] * 5))
        assert step.ngrams == ("dress", "red")

    def test_missing_texts_are_zeros_and_marked(self):
        series = pl.Series("t", ["red dress", None, "red", "dress"])
        step = Text.fit(series)
        assert step.texts == 3
        columns = named_dense(step, series)
        assert columns["t missing"].tolist() == [0, 1, 0, 0]
        np.testing.assert_allclose(columns["t length"], np.log([3, 1, 2, 2]))
        assert step.sparse_block(series)[[1]].nnz == 0

    def test_a_text_without_any_known_word_is_zero(self):
        step = Text.fit(pl.Series("t", ["red dress", "red", "dress"]))
        for value in ("", "!?", "blue", None):
            block = step.sparse_block(pl.Series("t", [value], dtype=pl.String))
            assert block.shape == (1, 3)  # two words, and "re"
            assert block.nnz == 0
        assert step.sparse_block(pl.Series("t", [None], dtype=pl.Null)).nnz == 0
        assert step.sparse_block(pl.Series("t", [], dtype=pl.String)).shape == (0, 3)

    def test_wholly_missing_training_rows_leave_nothing(self):
        step = Text.fit(pl.Series("t", [None, None], dtype=pl.String))
        assert step.dense_features() == ()
        assert step.sparse_features() == ()
