"""The article's worked example against closed forms, over many tables; and the rented bicycles."""

import importlib.util
import re
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gradum import LinearRegression
from pages import script

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples/article.py"
CHAPTER = ROOT / "docs/chapters/1-linear-regression.md"


@cache
def article():
    spec = importlib.util.spec_from_file_location("article", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


VARIANTS = ["as printed", "only the shape mended", "only the bias mended", "both mended"]


@cache
def predictions(variant):
    return article().over_tables(*article().VARIANTS[variant])


def least_squares(x, target, bias):
    """The prediction at 0.5 of the line that is best for every pair that broadcasting makes."""
    pairs = np.broadcast_arrays(x, target)
    columns = np.stack([pairs[0].ravel(), np.full(pairs[0].size, float(bias))], axis=1)
    solution = np.linalg.lstsq(columns, pairs[1].ravel(), rcond=None)[0]
    return solution @ [0.5, float(bias)]


def test_the_tables_are_the_articles():
    x, noise = article().draw(0)
    assert x.shape == noise.shape == (100, 1)
    drawn = [article().draw(seed) for seed in range(200)]
    for column, deviation in ((0, 1.0), (1, 0.5)):
        values = np.concatenate([table[column] for table in drawn]).ravel()
        error = deviation / np.sqrt(len(values))
        assert abs(values.mean()) < 4 * error
        assert abs(values.std() - deviation) < 4 * error / np.sqrt(2)
    square = article().target_of(x, noise, square=True)
    np.testing.assert_allclose(square, 3 * x.T + 2 + noise)
    assert article().target_of(x, noise, square=False).shape == (100, 1)


@pytest.mark.parametrize("variant", VARIANTS)
def test_descent_ends_at_the_least_squares_of_all_pairs(variant):
    square, bias = article().VARIANTS[variant]
    for seed in (0, 1, 199):
        x, noise = article().draw(seed)
        expected = least_squares(x, article().target_of(x, noise, square), bias)
        np.testing.assert_allclose(predictions(variant)[seed], expected, atol=1e-9)
    one = article().broadcasting(x, article().target_of(x, noise, square), bias)
    np.testing.assert_allclose(one, expected, atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_predictions_over_tables_are_distributed_as_in_theory(variant):
    found, (mean, deviation) = (
        predictions(variant),
        article().in_theory(*article().VARIANTS[variant]),
    )
    assert len(found) == 200
    assert abs(found.mean() - mean) < 4 * deviation / np.sqrt(200)
    assert abs(found.std(ddof=1) / deviation - 1) < 4 / np.sqrt(2 * 199)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_theory_is_that_of_many_more_tables_by_sums(variant):
    """Least squares of 40,000 tables, from sums that are written out here."""
    square, bias = article().VARIANTS[variant]
    rng = np.random.default_rng(7)
    x, e = rng.standard_normal((40_000, 100)), 0.5 * rng.standard_normal((40_000, 100))
    target = e + 2 + (3 * x.mean(axis=1, keepdims=True) if square else 3 * x)
    if bias:
        centred = x - x.mean(axis=1, keepdims=True)
        slope = (centred * target).sum(axis=1) / (centred**2).sum(axis=1)
        found = target.mean(axis=1) + slope * (0.5 - x.mean(axis=1))
    else:
        found = 0.5 * (x * target).sum(axis=1) / (x**2).sum(axis=1)
    mean, deviation = article().in_theory(square, bias)
    assert abs(found.mean() - mean) < 4 * deviation / 200
    assert abs(found.std() / deviation - 1) < 4 / np.sqrt(2 * 40_000)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_chapter_states_the_theory(variant):
    row = re.search(rf"^\| {variant} \|.*$", CHAPTER.read_text(), re.MULTILINE)[0]
    stated = [float(re.findall(r"\d+(?:\.\d+)?", cell)[-1]) for cell in row.split("|")[3:5]]
    mean, deviation = article().in_theory(*article().VARIANTS[variant])
    np.testing.assert_allclose(stated, [mean, deviation], atol=5e-4)


def test_the_program_prints_what_its_functions_say(capsys):
    article().main()
    printed = capsys.readouterr().out
    number = r"(-?\d+\.\d+)"
    for variant in VARIANTS:
        row = re.search(
            rf"^{variant} +{number}  {number} \[{number}, {number}\]  {number} ± {number}$",
            printed,
            re.MULTILINE,
        )
        one, mean, low, high, expected, deviation = map(float, row.groups())
        square, bias = article().VARIANTS[variant]
        x, noise = article().draw(42)
        best = least_squares(x, article().target_of(x, noise, square), bias)
        found = predictions(variant)
        half = 1.96 * found.std(ddof=1) / np.sqrt(200)
        theory = article().in_theory(square, bias)
        np.testing.assert_allclose(
            [one, mean, low, high, expected, deviation],
            [best, found.mean(), found.mean() - half, found.mean() + half, *theory],
            atol=1e-3,
        )
    x, noise = article().draw(42)
    slope, intercept = np.polyfit(x[:, 0], (3 * x + 2 + noise)[:, 0], 1)
    lines = re.findall(r"y = ([\d.]+) x \+ ([\d.]+); at x = 0.5, y = ([\d.]+)", printed)
    assert len(lines) == 2
    for line in lines:
        np.testing.assert_allclose(
            np.array(line, float), [slope, intercept, slope / 2 + intercept], atol=2e-3
        )
    assert printed.count("The target has shape (100, 100) but the predictions have") == 2
    assert "standard errors from 0: the model lacks a constant" in printed


def test_the_loop_by_hand_is_at_most_25_lines():
    source = EXAMPLE.read_text()
    body = source[source.index("def by_hand") : source.index("def by_estimator")].strip()
    assert len(body.splitlines()) <= 25


def test_the_summary_misses_a_constant_only_where_it_is_missing():
    x, noise = article().draw(3)
    y = (3 * x + 2 + noise)[:, 0]

    def said(target, **options):
        return str(LinearRegression(**options).fit(x, target).summary(x, target))

    residual = y - x[:, 0] * (x[:, 0] @ y) / (x[:, 0] @ x[:, 0])
    far = residual.mean() / (residual.std() / 10)
    found = " ".join(said(y, fit_intercept=False).split())
    assert f"the residuals average {residual.mean():.3g}, {far:.2g} standard errors" in found
    assert "lacks a constant" not in said(y)
    assert "lacks a constant" not in said((3 * x + noise)[:, 0], fit_intercept=False)


def test_the_rented_bicycles_are_every_fifth_hour_in_words():
    """The last of these six hours is the second that stays; its units by UCI's own formulas."""
    hours = {
        "season": 4, "yr": 1, "mnth": 12, "hr": [0, 1, 2, 3, 4, 5], "holiday": 1, "weekday": 0,
        "workingday": 0, "weathersit": 3, "temp": (21.0 + 8) / (39 + 8),
        "atemp": (-3.0 + 16) / (50 + 16), "hum": 0.57, "windspeed": 13 / 67, "casual": 2, "cnt": 7,
    }  # fmt: skip
    _, last = script("bikes").thinned(pl.DataFrame(hours)).rows(named=True)
    assert last == {
        "season": "autumn", "year": 2012, "month": 12, "hour": 5, "holiday": "yes",
        "weekday": "Sun", "working_day": "no", "weather": "light rain or snow", "temperature": 21,
        "feels_like": -3, "humidity": 57, "wind_speed": 13, "rides": 7,
    }  # fmt: skip
    path = ROOT / "examples/bikes.csv"
    bikes = pl.read_csv(path)
    assert bikes.columns == list(last)
    assert len(bikes) == -(-17_379 // 5)
    assert path.stat().st_size < 200_000
    assert bikes.group_by("weekday", "hour").len().height == 7 * 24
