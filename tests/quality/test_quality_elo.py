"""Elo by bencheval, where it is installed, is the Bradley–Terry strength that SciPy finds."""

import math
import sys

import numpy as np
import pytest
from benchmarks.quality.elo import elo
from benchmarks.quality.outcomes import Outcome
from benchmarks.quality.ranks import rank
from scipy.optimize import minimize


def ranking():
    errors = np.random.default_rng(0).normal(np.arange(4)[:, None], 2.0, (4, 30)) + 10
    fits = [Outcome(f"m{i}", f"s{j}", 0, error=errors[i, j]) for i in range(4) for j in range(30)]
    return rank({fit.key: fit for fit in fits}, [f"m{i}" for i in range(4)])[0], errors


def test_without_bencheval_there_are_no_ratings(monkeypatch):
    monkeypatch.setitem(sys.modules, "bencheval.evaluator", None)
    assert elo(ranking()[0], "m0") == {}


def test_a_single_method_has_no_rating():
    fits = [Outcome("a", f"s{i}", 0, error=0.5) for i in range(9)]
    assert elo(rank({fit.key: fit for fit in fits}, ["a"])[0], "a") == {}


def test_few_tables_give_no_ratings():
    fits = [Outcome(name, f"s{i}", 0, error=0.5) for name in "ab" for i in range(7)]
    assert elo(rank({fit.key: fit for fit in fits}, ["a", "b"])[0], "a") == {}


def test_ratings_maximise_the_likelihood_of_who_wins():
    found, errors = ranking()
    wins = (errors[:, None, :] < errors[None, :, :]).sum(axis=2)

    def loss(strengths):
        differences = strengths[:, None] - strengths[None, :]
        return (wins * np.logaddexp(0, -differences)).sum() + 1e-8 * strengths @ strengths

    strengths = minimize(loss, np.zeros(4), tol=1e-10).x
    expected = 1000 + 400 / math.log(10) * (strengths - strengths[0])
    rated = elo(found, "m0")
    assert [rated[f"m{i}"].value for i in range(4)] == pytest.approx(expected, abs=0.1)
    assert all(rated[name].low <= rated[name].value <= rated[name].high for name in rated)


def test_a_fit_that_failed_lost():
    fits = [Outcome("a", f"s{i}", 0, error=0.5) for i in range(9)]
    fits += [Outcome("b", f"s{i}", 0, error=0.4 + 0.2 * (i % 2)) for i in range(8)]
    fits += [Outcome("b", "s8", 0, failed="timeout")]
    rated = elo(rank({fit.key: fit for fit in fits}, ["a", "b"])[0], "a")
    assert rated["b"].value == pytest.approx(1000 + 400 * math.log10(4 / 5), abs=0.1)
