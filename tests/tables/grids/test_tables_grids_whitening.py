"""Whitening against its definition, written out."""

import msgspec
import numpy as np
import pytest

from gradum.tables.grids.whitening import Whitening


def mixed(rows, seed=0):
    """Twelve numbers that vary together, at scales of their own, and one that does not vary."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(1).normal(size=(5, 12)) * 10.0 ** np.arange(-1, 3).repeat(3)
    return np.column_stack([rng.normal(size=(rows, 5)) @ mixing + 7.0, np.full(rows, 3.0)])


def fitted(x):
    return Whitening.fit(x, np.random.default_rng(2))


def test_components_have_the_shrunk_variances_along_axes_turned_at_random():
    x = mixed(300).astype(np.float32)
    z = fitted(x).applied(x).astype(np.float64)
    variances = np.sort(np.linalg.eigvalsh(np.corrcoef(x[:, :12].T)))[::-1]
    found = np.sort(np.linalg.eigvalsh(np.cov(z.T, bias=True)))[::-1]
    np.testing.assert_allclose(z.mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(found[:12], variances / (variances + 1), atol=1e-3)
    assert z.var(axis=0).min() > 0.01  # none alone is what hardly varies


def test_distances_are_those_of_a_shrunk_covariance():
    x = mixed(300).astype(np.float32)
    z = fitted(x).applied(x)
    scaled = (x[:, :12] - x[:, :12].mean(axis=0)) / x[:, :12].std(axis=0)
    inverse = np.linalg.inv(np.cov(scaled.T, bias=True) + np.eye(12))
    apart = scaled[:50] - scaled[50:100]
    expected = np.einsum("ni,ij,nj->n", apart, inverse, apart)
    np.testing.assert_allclose(np.square(z[:50] - z[50:100]).sum(axis=1), expected, rtol=1e-3)


def test_a_row_is_the_same_to_the_bit_alone_and_after_a_file():
    x = mixed(40).astype(np.float32)
    whitening = fitted(x)
    read = msgspec.json.decode(msgspec.json.encode(whitening), type=Whitening)
    np.testing.assert_array_equal(read.applied(x[7:8]), whitening.applied(x)[7:8])
    assert fitted(x[:1]).applied(x).shape == (40, 1)
    assert not fitted(x[:1]).applied(x).any()
    assert whitening.applied(x[:0]).shape == (0, whitening.count)


@pytest.mark.parametrize(
    "wrong", [{"numbers": 12}, {"bias": b""}, {"bias": b"1234"}, {"weights": "nan"}]
)
def test_what_no_fit_yields_is_refused(wrong):
    whitening = fitted(mixed(40).astype(np.float32))
    if "weights" in wrong:
        wrong = {"weights": np.full(whitening.count * 13, np.nan, "<f4").tobytes()}
    with pytest.raises(ValueError, match="whitening"):
        msgspec.structs.replace(whitening, **wrong)
    plain = {**msgspec.to_builtins(whitening), **{k: v for k, v in wrong.items() if k == "numbers"}}
    if "numbers" in wrong:
        with pytest.raises(msgspec.ValidationError, match="whitening"):
            msgspec.convert(plain, Whitening)
