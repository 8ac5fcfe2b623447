"""The frozen first layer, held against scikit-learn's preprocessing."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from sklearn.preprocessing import OneHotEncoder, RobustScaler, StandardScaler

from gradum.core.models.input_layer import InputLayer
from gradum.tables.kinds.design import CodedColumn, Feature, Layout

TREATMENTS = ("sign", "one_hot", "sparse_one_hot", "embedding")


def dense(rows=200, seed=0):
    return np.random.default_rng(seed).gamma(2.0, [1.0, 50.0, 1e-3], (rows, 3)) - 1.0


def raw(dense, codes=None, text=None):
    """Rows as blocks by name; without codes, there are no coded columns."""
    codes = np.zeros((len(dense), 0), np.int32) if codes is None else codes
    return {"dense": dense, "codes": codes} | ({} if text is None else {"sparse": text})


def fit(values, style, levels=(), treatments=()):
    return InputLayer.fit(values, levels, treatments, style=style)


def test_standard_is_scikit_learns_standard_scaler():
    x, new = dense(), dense(50, 1)
    ours = fit(x, "standard")(raw(new), dtype=np.float64)["dense"]
    np.testing.assert_allclose(ours, StandardScaler().fit(x).transform(new), rtol=1e-12)


def clipped(z):
    return z / np.sqrt(1 + (z / 3) ** 2)


def test_robust_is_scikit_learns_robust_scaler_then_the_smooth_clip_to_unit_spread():
    x, new = dense(), dense(50, 1)
    peer = RobustScaler().fit(x)
    spread = clipped(peer.transform(x)).std(axis=0)
    assert (spread > 1 / 3).all()
    ours = fit(x, "robust")(raw(new), dtype=np.float64)["dense"]
    np.testing.assert_allclose(ours, clipped(peer.transform(new)) / spread, rtol=1e-12)


@pytest.mark.parametrize("style", ["robust", "standard"])
def test_a_constant_column_becomes_zero_and_stays_finite(style):
    layer = fit(np.full((20, 1), 7.0), style)
    out = layer(raw(np.array([[7.0], [8.0]])), dtype=np.float64)["dense"]
    assert out[0, 0] == 0
    assert 0 < out[1, 0] <= 3


def test_an_interquartile_range_of_zero_gives_way_to_half_the_full_range():
    """A rare indicator: 95 zeros, 5 ones; the scale is 1/2, so 1 becomes 2 before the clip.

    Its spread, 0.36, is above the least of 1/3; that of a rarer one is not, and counts as 1/3.
    """
    x = np.zeros((100, 1))
    x[:5] = 1
    out = fit(x, "robust")(raw(np.array([[0.0], [1.0]])), dtype=np.float64)["dense"]
    np.testing.assert_allclose(
        out[:, 0], [0.0, clipped(2.0) / (clipped(2.0) * np.sqrt(0.05 * 0.95))]
    )
    x[1:] = 0
    out = fit(x, "robust")(raw(np.array([[1.0]])), dtype=np.float64)["dense"]
    np.testing.assert_allclose(out[0, 0], clipped(2.0) / (1 / 3))


@given(arrays(np.float32, 30, elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_the_smooth_clip_keeps_order_and_never_leaves_three_over_the_spread(values):
    layer = fit(dense(), "robust")
    column = np.sort(values.astype(np.float64))
    out = layer(raw(np.column_stack([column] * 3)), dtype=np.float64)["dense"]
    assert (np.abs(out) <= 3 / layer.spread * (1 + 1e-12)).all()
    assert (np.diff(out, axis=0) >= -1e-12).all()


@pytest.mark.parametrize("style", ["robust", "standard"])
def test_no_rows_and_no_columns_are_no_special_case(style):
    assert fit(np.zeros((0, 2)), style)(raw(np.ones((1, 2))))["dense"].shape == (1, 2)
    assert fit(np.zeros((5, 0)), style)(raw(np.zeros((3, 0))))["dense"].shape == (3, 0)


@pytest.mark.parametrize("treatment", ["one_hot", "sparse_one_hot"])
def test_one_hot_is_scikit_learns_with_unknown_levels_ignored(treatment):
    codes = np.random.default_rng(0).integers(0, 5, (60, 1)).astype(np.int32)
    peer = OneHotEncoder(categories=[[1, 2, 3, 4]], handle_unknown="ignore", sparse_output=False)
    layer = fit(np.zeros((60, 0)), "standard", (4,), (treatment,))
    inputs = layer(raw(np.zeros((60, 0)), codes), dtype=np.float64)
    ours = inputs["dense"] if treatment == "one_hot" else inputs["sparse"].toarray()
    np.testing.assert_array_equal(ours, peer.fit_transform(codes))
    assert (codes == 0).any()


def test_two_levels_become_a_sign_and_an_unknown_one_nothing():
    layer = fit(np.zeros((3, 0)), "standard", (2,), ("sign",))
    codes = np.array([[0], [1], [2]], np.int32)
    np.testing.assert_array_equal(layer(raw(np.zeros((3, 0)), codes))["dense"][:, 0], [0, -1, 1])


def test_every_code_of_every_embedded_column_has_a_row_of_its_own():
    levels = (3, 2, 5)
    layer = fit(np.zeros((1, 0)), "robust", levels, ("embedding", "sign", "embedding"))
    seen = set()
    for column in (0, 2):
        for code in range(levels[column] + 1):
            codes = np.ones((1, 3), np.int32)
            codes[0, column] = code
            place = (0, 1)[column == 2]
            seen.add((column, int(layer(raw(np.zeros((1, 0)), codes))["codes"][0, place])))
    assert {row for _, row in seen} == set(range(layer.embedding_rows)) == set(range(4 + 6))
    assert layer.embedded_columns == 2


def test_text_follows_the_sparse_levels():
    text = sparse.csr_array(np.array([[0.5, 0.0], [0.0, 0.25]]))
    layer = fit(np.zeros((2, 1)), "standard", (13,), ("sparse_one_hot",))
    inputs = layer(raw(np.zeros((2, 1)), np.array([[2], [0]], np.int32), text))
    expected = np.zeros((2, 15))
    expected[0, 1], expected[:, 13:] = 1, text.toarray()
    np.testing.assert_array_equal(inputs["sparse"].toarray(), expected)
    assert inputs["sparse"].dtype == inputs["dense"].dtype == np.float32


@pytest.mark.parametrize("treatments", list(itertools.product(TREATMENTS, repeat=2)))
def test_width_and_names_are_those_of_the_columns(treatments):
    levels = tuple(2 if treatment == "sign" else 3 for treatment in treatments)
    layer = fit(dense(), "standard", levels, treatments)
    names_of = {"a": tuple("pqr"), "b": tuple("xyz")}
    coded = [(source, names_of[source][:n]) for source, n in zip("ab", levels, strict=True)]
    numbers = [("one", "one"), ("two", "two"), ("three", "one")]
    layout = Layout(
        tuple(Feature(name, source, "value") for name, source in numbers),
        tuple(CodedColumn(source, own) for source, own in coded),
    )
    names, sources = layer.columns(layout)
    embedded = [source for source, how in zip("ab", treatments, strict=True) if how == "embedding"]
    assert layer.embedded(layout) == embedded
    assert len(names) == len(sources) == layer.width(3, 0)
    assert sources[:3] == ["one", "two", "one"]
    for column, (source, own) in enumerate(coded):
        for code, level in enumerate(own, 1):
            codes = np.zeros((1, 2), np.int32)
            codes[0, column] = code
            inputs = layer(raw(layer.centre[None], codes), dtype=np.float64)
            blocks = [inputs["dense"]] + (
                [inputs["sparse"].toarray()] if "sparse" in inputs else []
            )
            row = np.concatenate(blocks, axis=1)[0]
            assert len(row) == len(names)
            lit = [names[k] for k in np.flatnonzero(np.abs(row) > 1e-9)]
            match treatments[column]:
                case "embedding":
                    assert lit == []
                case "sign":
                    assert lit == [f"{source}={own[1]} (against {own[0]})"]
                case _:
                    assert lit == [f"{source}={level}"]
