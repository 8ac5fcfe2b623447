"""The benchmarks' own arithmetic: who runs when, ratios, and which part of a page is replaced."""

import os
import sys
from importlib.util import find_spec
from itertools import permutations

import numpy as np
import polars as pl
import pytest
from benchmarks import sides
from benchmarks.__main__ import BENCHMARKS
from benchmarks.expected.kept_relation import with_drawn_labels
from benchmarks.explanations.brute_force import by_brute_force
from benchmarks.explanations.network import Network, Problem
from benchmarks.export import Compared, summary
from benchmarks.intervals.figures import LEVELS, crps, interval_score
from benchmarks.page import replace_section
from benchmarks.sides import Ratio, Side, in_fresh_processes, in_turns, spread
from benchmarks.training import flops
from scipy.stats import norm

from counting_sides import counting, lacking, raising, refusing

HERE = {"PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture
def two(tmp_path, monkeypatch):
    monkeypatch.setattr(sides, "REST_SECONDS", 0.0)
    journal = tmp_path / "journal"
    named = [Side(n, counting, {"journal": str(journal), "name": n}, HERE) for n in "ab"]
    return named, journal


def test_rounds_take_turns_after_one_that_warms_up(two):
    named, journal = two
    others = [
        Side(name, make, environment=HERE) for name, make in (("c", lacking), ("d", refusing))
    ]
    a, nobody, refused, b = in_turns([named[0], *others, named[1]], 2)
    assert journal.read_text() == "ababab"
    assert a.warm_up["round"] == 1
    assert a.all("round") == [2, 3]
    assert a.median("round") == 2.5
    processes = {*a.all("process"), *b.all("process")}
    assert len(processes) == 2
    assert os.getpid() not in processes
    assert "a_library_that_nobody_has" in nobody.absent
    assert not a.absent
    assert refused.absent == "the library fails"
    assert nobody.rounds == refused.rounds == []


def test_a_fresh_process_has_done_nothing_before(two):
    named, journal = two
    a, b = in_fresh_processes(named, 2)
    assert journal.read_text() == "abab"
    assert a.all("round") == b.all("round") == [1, 1]
    assert len({*a.all("process"), *b.all("process")}) == 4


def test_a_side_that_breaks_is_no_absent_one(capfd):
    with pytest.raises(RuntimeError, match="c ended with code 1"):
        in_turns([Side("c", raising, environment=HERE)], 1)
    assert "ValueError: broken" in capfd.readouterr().err


def test_ratios_are_those_of_neighbouring_rounds():
    assert Ratio.of([10.0, 30.0, 8.0], [5.0, 10.0, 8.0]) == Ratio(2.0, 1.0, 3.0)
    assert str(Ratio.of([2469.0, 1.0], [2.0, 4.0])) == "**617** (0.25–1,234)"
    with pytest.raises(ValueError, match="shorter"):
        Ratio.of([1.0, 2.0], [1.0])


def test_a_spread_is_median_least_and_most():
    assert spread([12345.6, 0.01234, 7.0]) == "7 (0.0123–12,346)"


def test_the_products_of_a_step_are_counted():
    # Forwards and for the weights: 20·100 + 100·1 each; for the inputs, of the second layer alone.
    assert flops([100], 200) == 2 * 200 * (2 * (20 * 100 + 100) + 100)


@pytest.fixture
def network():
    rng = np.random.default_rng(0)
    shapes = ((3, 5), (5, 4), (4, 1))
    weights = [rng.normal(size=shape) for shape in shapes]
    return Network(weights, [rng.normal(size=shape[1]) for shape in shapes], 1.0, 2.0, -3.0, 3.0)


def by_orders(answer, row, background):
    """What each column's coming changes, on average over all orders in which columns come."""
    values = np.zeros(len(row))
    orders = list(permutations(range(len(row))))
    for order in orders:
        rows = background.copy()
        for column in order:
            before = answer(rows).mean()
            rows[:, column] = row[column]
            values[column] += (answer(rows).mean() - before) / len(orders)
    return values


def test_exact_values_are_those_of_all_orders(network, monkeypatch):
    rng = np.random.default_rng(1)
    row, background = rng.normal(size=3), rng.normal(size=(4, 3))
    expected = by_orders(network, row, background)
    for players in (10, 1):  # all coalitions in one stretch, or in four
        monkeypatch.setattr("benchmarks.explanations.network.LOW_PLAYERS", players)
        np.testing.assert_allclose(network.exact(row, background), expected, atol=1e-12)


def test_written_out_coalitions_give_the_values_of_all_orders():
    background = pl.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "x"], "c": [0.5, 0.0, 1.0]})
    row = pl.DataFrame({"a": [5.0], "b": ["y"], "c": [2.0]})

    def answer(rows):
        product = rows["a"] * rows["c"] * (rows["b"] == "y").cast(float)
        return np.stack([product.to_numpy(), rows["a"].to_numpy()], axis=1)

    values = by_brute_force(answer, row, background)

    def of_codes(codes):
        return codes[:, 0] * codes[:, 2] * codes[:, 1]

    codes = np.array([[1.0, 0, 0.5], [2.0, 1, 0.0], [3.0, 0, 1.0]])
    np.testing.assert_allclose(values[:, 0], by_orders(of_codes, np.array([5.0, 1, 2.0]), codes))
    np.testing.assert_allclose(values[:, 1], [3.0, 0.0, 0.0], atol=1e-12)


def test_a_problem_is_read_as_it_was_written(network, tmp_path):
    rows, background = np.ones((2, 3)), np.zeros((4, 3))
    problem = Problem(network, rows, background, 2 * rows)
    problem.write(tmp_path / "problem.npz")
    read = Problem.read(str(tmp_path / "problem.npz"))
    np.testing.assert_array_equal(read.network(rows + 0.5), network(rows + 0.5))
    assert read.error(3 * rows) == 0.5


PAGE = """# Title
<!-- one -->
<!-- end -->
between
<!-- two -->
| old |
<!-- end -->
after
"""


def test_a_section_is_replaced_and_nothing_else(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    replace_section(page, "one", r"new \1" + "\n")
    first = PAGE.replace("<!-- one -->\n", "<!-- one -->\nnew \\1\n")
    assert page.read_text() == first
    replace_section(page, "two", "")
    assert page.read_text() == first.replace("| old |\n", "")
    replace_section(page, "two", "| newer |\n")
    assert page.read_text() == first.replace("old", "newer")


def test_a_section_that_is_not_there_is_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    with pytest.raises(ValueError, match="0 sections named three"):
        replace_section(page, "three", "new")
    assert page.read_text() == PAGE


def test_every_benchmark_that_is_listed_is_there():
    assert [name for name in BENCHMARKS if not find_spec(f"benchmarks.{name}")] == []


def test_interval_scores_and_crps_are_their_definitions():
    target = np.array([0.0, 5.0, -2.0])
    low, high = np.full(3, -1.0), np.full(3, 1.0)
    assert interval_score(target, low, high) == pytest.approx(2 + 20 * (0 + 4 + 1) / 3)
    quantiles = np.tile(norm.ppf(LEVELS), (3, 1))
    z = target  # of a standard normal distribution, by Gneiting and Raftery (2007)
    exact = z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi)
    assert crps(target, quantiles) == pytest.approx(exact.mean(), rel=5e-3)


def test_drawn_labels_follow_the_columns_of_new_rows_as_in_the_fit():
    """In the fit, 80% are "yes" above 0 and 20% below; the real labels of new rows are turned."""
    rng = np.random.default_rng(0)

    def rows(count, share_above, *, turned=False):
        above = rng.random(count) < share_above
        is_yes = (rng.random(count) < np.where(above, 0.8, 0.2)) ^ turned
        size = np.where(above, 1.0, -1.0) * rng.random(count)
        return pl.DataFrame(
            {"size": size, "text": "a", "target": np.where(is_yes, "yes", "no")}
        ).with_columns(text=pl.when(pl.int_range(count) % 9 > 0).then("text"))

    source, new = rows(4_000, 0.5), rows(4_000, 0.9, turned=True)
    drawn_source, (drawn,) = with_drawn_labels(source, iter([new]), "target", rng)
    assert drawn.schema == new.schema
    assert drawn.drop("target").equals(new.drop("target"))
    assert not drawn_source["target"].equals(source["target"])
    for frame in (drawn_source, drawn):
        for side, share in ((pl.col("size") > 0, 0.8), (pl.col("size") < 0, 0.2)):
            found = (frame.filter(side)["target"] == "yes").mean()
            assert found == pytest.approx(share, abs=0.07)


def test_exports_are_counted_by_model():
    found = [
        Compared("first", "mlp", 100, largest=2e-5, flips=1, ties=2),
        Compared("second", "mlp", 50, largest=1e-7),
        Compared("third", "mlp", 7, refused="its reason"),
    ]
    (row,) = (line for line in summary(found).splitlines() if line.startswith("| MLP"))
    assert [cell.strip() for cell in row.split("|")[2:-1]] == [
        *("2 of 3", "150", "1.0e-05", "2.0e-05", "1", "1", "2")
    ]
    assert "third: its reason" in summary(found)
