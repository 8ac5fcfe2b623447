"""``gradum infer``: the table in words and as JSON, and refusals in one line."""

import msgspec
import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

import gradum
from gradum.study.inference.result import Inference


def test_the_table_is_printed(gradum_command, tables):
    ended = gradum_command("infer", tables / "label.csv", "-t", "label", "--drop", "city")
    assert (ended.code, ended.err) == (0, "")
    assert "Logistic regression of label: log-odds of yes" in ended.out
    assert "colour (against red)" in ended.out


def test_json_has_every_figure(gradum_command, tables):
    ended = gradum_command(
        "infer", tables / "label.csv", "-t", "label", "--covariance", "HC3", "--json"
    )
    found = msgspec.json.decode(ended.out, type=Inference)
    again = gradum.infer(tables / "label.csv", "label", covariance="HC3").inference
    assert found == again


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--covariance", "HC9"),
        ("--weights", "some"),
        ("--level", "95"),
        ("--alpha", "-1"),
    ],
)
def test_a_wrong_word_is_refused_in_one_line(gradum_command, tables, option, value):
    ended = gradum_command("infer", tables / "label.csv", "-t", "label", option, value)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert value in ended.err


def test_a_penalty_that_is_no_number_is_refused_in_one_line(gradum_command, tables):
    ended = gradum_command("infer", tables / "label.csv", "-t", "label", "--alpha", "cv")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "'--alpha'" in ended.err


def test_a_penalty_can_be_asked_for(gradum_command, tables):
    ended = gradum_command("infer", tables / "label.csv", "-t", "label", "--alpha", "0.1")
    assert ended.code == 0
    assert "Penalised fit (alpha = 0.1)" in ended.out


@pytest.fixture
def counts(tmp_path):
    rng = np.random.default_rng(0)
    x, years, weight = rng.normal(size=200), rng.uniform(0.2, 9.0, 200), rng.integers(1, 9, 200)
    cases = rng.poisson(years * np.exp(0.5 * x))
    frame = pl.DataFrame({"x": x, "years": years, "weight": weight, "cases": cases})
    frame = frame.with_columns(
        log_years=pl.col("years").log(),
        gone=pl.when(pl.col("x") < 0).then(None).otherwise(pl.col("years")),
        word=pl.Series([f"w{k % 7}" for k in range(200)]),
    )
    frame.write_csv(tmp_path / "counts.csv")
    return tmp_path / "counts.csv"


POISSON = ("-t", "cases", "--task", "regression", "--loss", "poisson")
ALONE = ("--drop", "gone", "--drop", "word", "--drop", "weight")


def test_an_exposure_is_the_offset_of_its_logarithm(gradum_command, counts):
    found = []
    for option, other in (("--exposure", "years"), ("--offset", "log_years")):
        spare = "log_years" if other == "years" else "years"
        arguments = (*POISSON, *ALONE, "--drop", spare, option, other, "--json")
        ended = gradum_command("infer", counts, *arguments)
        assert (ended.code, ended.err) == (0, "")
        found.append(msgspec.json.decode(ended.out, type=Inference))
    frame = pl.read_csv(counts)
    peer = sm.GLM(
        frame["cases"].to_numpy(),
        sm.add_constant(frame["x"].to_numpy()),
        family=sm.families.Poisson(),
        exposure=frame["years"].to_numpy(),
    ).fit(tol=1e-14)
    for each in found:
        assert [one.name for one in each.coefficients] == ["(intercept)", "x"]
        estimates = [one.estimate for one in each.coefficients]
        np.testing.assert_allclose(estimates, peer.params, rtol=1e-9)
        np.testing.assert_allclose([one.error for one in each.coefficients], peer.bse, rtol=1e-8)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--offset", "nowhere"), "no column 'nowhere', which --offset names"),
        (("--offset", "word"), "'word' is to be the offset"),
        (("--exposure", "gone"), "'gone', the exposure, holds no value in rows "),
        (("--exposure", "x"), "'x', the exposure, holds no positive number in rows "),
        (("--exposure", "cases"), "both the target and the exposure"),
        (("--exposure", "years", "--offset", "x"), "Give only one of them"),
        (("--exposure", "years", "--loss", "squared_error"), "belongs to counts or amounts"),
        (("--weight", "weight"), "--weights frequency"),
    ],
)
def test_columns_that_cannot_serve_are_refused_in_one_line(gradum_command, counts, options, said):
    ended = gradum_command("infer", counts, *POISSON, *options)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert said in ended.err
