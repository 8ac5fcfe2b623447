"""Values that hardly ever come again are identifiers; names and codes that do are levels."""

import numpy as np
import polars as pl
import pytest

from gradum.tables.kinds import Values
from gradum.tables.schema.schema import Overrides, infer
from gradum.tables.table import Table

RNG = np.random.default_rng(8)
ROWS = 1260
LINES = np.sort(np.concatenate([np.arange(1200), RNG.choice(1200, 60, replace=False)]))


def column(values, name="order", *, typed=False, numbers=None, **options):
    """What a column is taken for, beside one to learn from and the target."""
    count = len(values)
    frame = pl.DataFrame({name: values, "x": np.arange(count) / 7, "y": np.arange(count) % 13 / 3})
    table = Table(frame if typed else frame.cast(pl.String), "t", typed=typed, numbers=numbers)
    return infer(table, target="y", overrides=Overrides(**options)).column(name)


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize(
    ("name", "form"),
    [("order", "ORD-{:05}"), ("Bestellung", "B{}/24"), ("customer", "{0:x} {0:o}"), ("id", "{}")],
)
def test_order_numbers_of_which_few_occur_twice_are_offered_as_groups(name, form, typed):
    values = [form.format(10_000 + line) for line in LINES]
    found = column(values, name, typed=typed)
    assert (found.kind, found.role, found.distinct) == ("identifier", "unused", 1200)
    assert f"--group '{name}'" in found.reason
    assert f"--categorical '{name}'" in found.reason
    assert [(doubt.matter, doubt.option) for doubt in found.doubts] == [
        ("identifier", f"--group '{name}'")
    ]
    assert "1,200" in found.reason
    assert "1,260" in found.reason


def test_whole_numbers_are_identifiers_under_such_a_name_only():
    assert column(LINES, "order_id", typed=True).kind == "identifier"
    for name in ("OrderId", "order_no", "Auftrag-Nr.", "订单编号", "주문번호"):
        assert column(LINES, name).kind == "identifier"
    assert column(RNG.integers(1, 9, ROWS), "rooms_no").kind == "numeric"
    assert column(LINES, "weight", typed=True).kind == "numeric"


def test_users_may_insist():
    values = [f"ORD-{line}" for line in LINES]
    assert column(values, categorical=("order",)).role == "feature"
    assert column(values, group="order").role == "group"


def test_what_repeats_more_has_levels_and_texts_stay_texts():
    people = [f"{a} {b}" for a, b in RNG.integers(0, 40, (ROWS, 2))]
    streets = [f"Street {n}" for n in RNG.integers(0, 900, ROWS)]
    cities = [f"City {n}" for n in RNG.zipf(1.6, ROWS)]
    for values in (people, streets, cities):
        assert column(values).kind == "categorical"
    none = [*["none"] * 80, *[f"company {k}" for k in range(ROWS - 80)]]  # one level tells much
    assert column(none).kind == "categorical"
    words = RNG.choice(["good", "bad", "dress", "fits", "never", "again", "my", "size"], (1200, 6))
    assert column([" ".join(words[line]) for line in LINES]).kind == "text"
    few = [f"town {k}" for k in [*range(15), 0]]
    assert column(few).kind == "categorical"


def test_a_sample_of_rows_says_nothing_of_their_mates():
    """Customers of ten rows each seldom meet in one row of ten."""
    values = [f"C{customer}" for customer in RNG.integers(0, ROWS * 9, ROWS)]
    assert column(values).kind == "identifier"
    places = np.sort(RNG.choice(10 * ROWS, ROWS, replace=False))
    assert column(values, numbers=places).kind == "categorical"
    whole = np.delete(np.arange(ROWS + 3), [4, 90, ROWS])
    assert column(values, numbers=whole).kind == "identifier"


def test_levels_can_tell_what_the_share_of_distinct_values_leaves():
    """By simulation: half of the variance lies between levels, and others of a level tell it."""
    sizes = RNG.choice([1, 2, 5], 4000, p=[0.8, 0.15, 0.05])
    level = np.repeat(np.arange(len(sizes)), sizes)
    effect = RNG.normal(size=len(sizes))[level]
    target = effect + RNG.normal(size=len(level))
    mates = sizes[level] - 1
    of_others = np.bincount(level, target)[level] - target
    predicted = of_others / (mates + 1)  # the mean of the others, shrunk by (m - 1) / m
    told = 1 - np.mean((effect - predicted) ** 2) / np.mean(effect**2)
    assert told == pytest.approx(1 - len(sizes) / len(level), abs=0.03)
    values = Values("v", pl.Series([str(k) for k in level]))
    assert not values.hardly_repeat
    assert told > 0.1
