"""Ranks and the report of a few results worked out by hand, and against brute force."""

import math

import numpy as np
import pytest
from benchmarks.quality.outcomes import Key, Outcome
from benchmarks.quality.ranks import rank
from benchmarks.quality.report import report

from gradum.errors import SpecError

# Errors by method and set, for seeds 0 and 1; None is a fit that failed.
BY_HAND = {
    "a": {"s1": (0.1, 0.3), "s2": (0.4, 0.4), "s3": (None, 0.1)},
    "b": {"s1": (0.2, 0.2), "s2": (0.1, 0.3), "s3": (0.5, 0.3)},
    "c": {"s1": (0.4, 0.4), "s2": (0.8, 0.8), "s3": (None, None)},
}
SECONDS = {"a": (1.0, 2.0), "b": (0.5, 0.1), "c": (30.0, 30.0)}


def outcomes(by_method, n=500):
    each = [
        Outcome(method, name, seed, failed="timeout")
        if error is None
        else Outcome(method, name, seed, n=n, cpu_s=SECONDS[method][seed], error=error)
        for method, sets in by_method.items()
        for name, errors in sets.items()
        for seed, error in enumerate(errors)
    ]
    return {outcome.key: outcome for outcome in each}


def test_a_table_by_hand():
    # Ranks: s1 1.5 1.5 3, as a and b tie at 0.2; s2 2 1 3; s3 2.5 1 2.5, as a and c failed.
    [found] = rank(outcomes(BY_HAND), ["a", "b", "c"])
    assert found.methods == ["b", "a", "c"]
    assert found.sets == ["s1", "s2", "s3"]
    assert found.fits == 6
    np.testing.assert_allclose(found.mean_ranks, [3.5 / 3, 6 / 3, 8.5 / 3])
    assert found.failures == [0, 1, 2]
    # Medians of twice the seconds of each fit that ended: 3 and 3 of b, 2 and 3 of a.
    np.testing.assert_allclose(found.seconds, [0.6, 4.0, 60.0])
    np.testing.assert_allclose(
        found.errors, [[0.2, 0.2, 0.4], [0.2, 0.4, math.inf], [0.4, 0.8, math.inf]]
    )


def test_the_report_says_the_same():
    text = report(rank(outcomes(BY_HAND), ["a", "b", "c"]), "b")
    # Of a over b: on s1 √(0.1 · 0.3) / 0.2, on s2 0.4 / √(0.1 · 0.3), on s3 a failed.
    s1, s2 = math.sqrt(0.03) / 0.2, 0.4 / math.sqrt(0.03)
    for line in (
        "At most 4,000 training rows; 3 sets, 6 fits of each method:",
        "| b | 1.17 | 1 | 1 | 1 |  | 0.60 | 1 | – | 0 |",
        "|  | b | a | c |",
        "| s1 | **0.2000** | **0.2000** | 0.4000 |",
        "| s3 | **0.4000** | – | – |",
        "- a on s3, seed 0: timeout",
        "18 fits (a, b, c) without word of when and where.",
    ):
        assert line in text.splitlines()
    cells = next(line for line in text.splitlines() if line.startswith("| a |")).split(" | ")
    assert cells[1] == "2.00"
    assert cells[2].startswith(f"{math.sqrt(s1 * s2):.3f} (")
    assert cells[3] == f"{s2:.3f}"  # the median of s1, s2 and infinity
    assert cells[4] == f"{s2:.3f}, s1"
    assert cells[5].startswith("2 of 3 (")
    # CPU seconds of a over b: 2 on splits 0 of s1 and s2, 20 on splits 1 of all three.
    assert cells[6:9] == ["4.00", "20.00", "–"]
    assert cells[9] == "1 |"


def test_methods_that_tie_everywhere_differ_nowhere():
    alike = {method: {"s1": (0.1, 0.2), "s2": (0.3, 0.3)} for method in "ab"}
    text = report(rank(outcomes(alike), ["a", "b"]), "a")
    assert "| b | 1.50 | 1.000 (1.000 to 1.000) | 1.000 | 1.000, s1 | 0 of 0 |" in text


def test_where_and_when_is_said_once():
    on = {"date": "2026-01-02", "machine": "a machine", "versions": {"numpy": "2.1"}}
    later = {"date": "2026-01-05", "machine": "a machine", "versions": {"numpy": "2.2"}}
    each = [Outcome("a", "s", 0, error=1.0, **on), Outcome("b", "s", 0, error=2.0, **later)]
    text = report(rank({outcome.key: outcome for outcome in each}, ["a", "b"]), "a")
    assert "Measured on 2026-01-02 to 2026-01-05; a machine; numpy 2.1 and 2.2." in text
    assert "With fewer than two methods or two sets nothing is tested." in text


def test_only_what_all_were_tried_on_is_ranked():
    some = outcomes(BY_HAND)
    del some[Key("a", "s1", 1)], some[Key("b", "s2", 0)], some[Key("b", "s2", 1)]
    [found] = rank(some, ["a", "b"])
    assert found.sets == ["s1", "s3"]
    np.testing.assert_allclose(found.errors, [[0.1, math.inf], [0.2, 0.4]])
    assert rank(some, ["a"])[0].sets == ["s1", "s2", "s3"]
    assert len(found.tried) == 9


def test_sizes_are_ranked_apart_each_with_the_methods_that_were_tried_at_it():
    each = [
        Outcome(method, "s", 0, error=error, rows=rows)
        for method, rows, error in [("a", 500, 0.3), ("b", 500, 0.2), ("a", 4000, 0.1)]
    ]
    small, large = rank({outcome.key: outcome for outcome in each}, ["a", "b"])
    assert (small.rows, small.methods) == (500, ["b", "a"])
    assert (large.rows, large.methods) == (4000, ["a"])


def test_what_cannot_be_ranked_is_refused():
    apart = [Outcome("a", "s", 0, error=0.1), Outcome("b", "t", 0, error=0.1)]
    with pytest.raises(
        SpecError, match="no set and seed on which all of a, b were tried with 4,000"
    ):
        rank({outcome.key: outcome for outcome in apart}, ["a", "b"])
    with pytest.raises(SpecError, match="no fit of c in the results"):
        rank({outcome.key: outcome for outcome in apart}, ["c"])


def test_a_method_that_always_fails_has_the_last_rank_and_no_seconds():
    [found] = rank(
        outcomes({"a": BY_HAND["b"], "b": dict.fromkeys(BY_HAND["b"], (None, None))}), ["a", "b"]
    )
    assert found.mean_ranks.tolist() == [1, 2]
    assert math.isnan(found.seconds[1])


def test_an_error_that_is_no_number_is_a_failure():
    assert Outcome("a", "s", 0, error=math.nan).loss == math.inf
    assert Outcome("a", "s", 0).loss == math.inf
    assert Outcome("a", "s", 0, error=0.1, failed="later").loss == math.inf


@pytest.mark.parametrize("seed", range(5))
def test_ranks_count_the_methods_that_are_better(seed):
    errors = np.random.default_rng(seed).integers(1, 5, size=(4, 6)) / 10
    methods = [f"m{place}" for place in range(4)]
    each = [
        Outcome(method, f"s{j}", 0, error=errors[i, j])
        for i, method in enumerate(methods)
        for j in range(6)
    ]
    [found] = rank({outcome.key: outcome for outcome in each}, methods)
    for row, method in enumerate(found.methods):
        own = errors[methods.index(method)]
        better = (errors < own).sum(axis=0)
        same = (errors == own).sum(axis=0)
        np.testing.assert_array_equal(found.ranks[row], better + (same + 1) / 2)
    assert (np.diff(found.mean_ranks) >= 0).all()
