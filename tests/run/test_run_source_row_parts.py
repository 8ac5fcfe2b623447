"""The part of a row is a function of the seed and of what the row itself is."""

import numpy as np
import polars as pl
import pytest

from gradum.run.source import row_parts as module
from gradum.run.source.row_parts import HELD_CELL, Parting, held_row
from gradum.run.spec.spec import Spec, SplitSpec
from gradum.tables.split import UNUSED, Part

ROWS = 40_000
NUMBERS = np.arange(ROWS)
ENOUGH = 2**40  # bytes


def spec(**options):
    return Spec("y", seed=options.pop("seed", 3), split=SplitSpec(**options))


def shares(parts):
    return {part: float((parts == part).mean()) for part in (*Part, UNUSED)}


def near(share, rows=ROWS):
    """Within four standard errors of a share of so many rows."""
    return pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / rows))


def test_the_shares_are_those_of_the_spec_while_memory_allows_them():
    parting = Parting.of(spec(), ROWS, 10 * HELD_CELL, ENOUGH, None)
    found = shares(parting.parts(NUMBERS, None, None))
    assert found[Part.TEST] == near(0.2)
    assert found[Part.VALIDATION] == near(0.8 * 0.15)
    assert found[Part.TRAIN] == near(0.8 * 0.85)
    assert parting.in_sample(NUMBERS).all()


def test_of_a_large_table_so_many_rows_are_held_as_judge_well():
    rows = 10_000_000
    parting = Parting.of(spec(), rows, 10 * HELD_CELL, ENOUGH, None)
    found = shares(parting.parts(NUMBERS, None, None))
    assert parting.test * rows == pytest.approx(module.MOST_TEST)
    assert parting.validation * rows == pytest.approx(module.MOST_VALIDATION)
    assert parting.sampled * rows == pytest.approx(module.MOST_SAMPLED)
    assert found[Part.TEST] == near(0.01)
    assert found[Part.VALIDATION] == near(0.005)
    assert parting.in_sample(NUMBERS).mean() == near(0.01)


@pytest.mark.parametrize(("columns", "memory"), [(10, 2**28), (1_000, 2**30), (10_000, 2**28)])
def test_the_rows_held_take_no_more_than_their_share_of_memory(columns, memory):
    rows = 10_000_000
    parting = Parting.of(spec(), rows, HELD_CELL * columns, memory, None)
    held = (parting.test + parting.validation + parting.sampled) * rows
    allowed = module.HELD_SHARE * memory / (module.HELD_CELL * columns)
    assert held <= max(allowed, module.FEWEST_HELD) * 1.001
    assert held >= module.FEWEST_HELD * 0.999
    ratio = parting.test / parting.validation
    assert ratio == pytest.approx(module.MOST_TEST / module.MOST_VALIDATION)


def test_parts_do_not_depend_on_how_the_table_is_cut():
    parting = Parting.of(spec(), ROWS, 10 * HELD_CELL, ENOUGH, None)
    whole = parting.parts(NUMBERS, None, None)
    for size in (1, 7, 1_000):
        blocks = np.split(NUMBERS[:5_000], range(size, 5_000, size))
        cut = np.concatenate([parting.parts(block, None, None) for block in blocks])
        np.testing.assert_array_equal(cut, whole[:5_000])


def test_another_seed_gives_other_parts_and_another_sample():
    first, second = (
        Parting.of(spec(seed=seed), 10**6, 10 * HELD_CELL, 2**30, None) for seed in (0, 1)
    )
    again = Parting.of(spec(seed=0), 10**6, 10 * HELD_CELL, 2**30, None)
    parts = [each.parts(NUMBERS, None, None) for each in (first, second, again)]
    np.testing.assert_array_equal(parts[0], parts[2])
    held = [part == Part.TEST for part in parts]
    # Independent: as many rows are held by both as chance alone has it.
    both, expected = float((held[0] & held[1]).mean()), held[0].mean() * held[1].mean()
    assert both == near(expected)
    samples = [each.in_sample(NUMBERS) for each in (first, second)]
    assert float((samples[0] & samples[1]).mean()) == near(samples[0].mean() * samples[1].mean())


def test_the_sample_is_drawn_independently_of_the_parts():
    parting = Parting.of(spec(), 10**6, 10 * HELD_CELL, 2**30, None)
    train = parting.parts(NUMBERS, None, None) == Part.TRAIN
    drawn = parting.in_sample(NUMBERS)
    assert drawn[train].mean() == near(parting.sampled, train.sum())
    assert drawn[~train].mean() == near(parting.sampled, (~train).sum())


def test_neighbours_are_parted_independently():
    parting = Parting.of(spec(), ROWS, 10 * HELD_CELL, ENOUGH, None)
    test = (parting.parts(NUMBERS, None, None) == Part.TEST).astype(float)
    for lag in (1, 2, 64, 8192):
        correlation = np.corrcoef(test[:-lag], test[lag:])[0, 1]
        assert abs(correlation) < 4 / np.sqrt(ROWS - lag)


@pytest.mark.parametrize("dtype", [pl.String, pl.Int64, pl.Float64])
def test_rows_of_a_group_have_one_part_wherever_they_are(dtype):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4_000, ROWS)
    groups = pl.Series(codes).cast(dtype)
    parting = Parting.of(spec(), ROWS, 10 * HELD_CELL, ENOUGH, None)
    parts = parting.parts(NUMBERS, groups, None)
    halves = [
        parting.parts(NUMBERS[rows], groups[rows], None)
        for rows in (slice(0, ROWS // 2), slice(ROWS // 2, ROWS))
    ]
    np.testing.assert_array_equal(np.concatenate(halves), parts)
    by_group = pl.DataFrame({"group": codes, "part": parts}).group_by("group")
    sides = by_group.agg(pl.col("part").n_unique(), first=pl.col("part").first())
    assert (sides["part"] == 1).all()
    drawn = (sides["first"] == Part.TEST).mean()
    assert drawn == near(0.2, len(sides))


def test_time_runs_from_training_over_validation_to_test():
    times = np.random.default_rng(0).permutation(ROWS).astype(np.int64) * 1_000
    parting = Parting.of(spec(), ROWS, 10 * HELD_CELL, ENOUGH, times)
    parts = parting.parts(NUMBERS, None, times)
    found = shares(parts)
    assert found[UNUSED] == 0
    assert found[Part.TEST] == pytest.approx(0.2, abs=1e-3)
    assert found[Part.VALIDATION] == pytest.approx(0.12, abs=1e-3)
    train, validation, test = (times[parts == part] for part in Part if (parts == part).any())
    assert train.max() < validation.min()
    assert validation.max() < test.min()


def test_of_many_later_rows_some_are_drawn():
    rows = 10_000_000
    times = np.linspace(0.0, 1.0, ROWS)
    parting = Parting.of(spec(), rows, 10 * HELD_CELL, ENOUGH, times)
    parts = parting.parts(NUMBERS, None, times)
    late = times > parting.until[1]
    assert (parts[late] != Part.TRAIN).all()
    assert (parts[late] == Part.TEST).mean() == near(module.MOST_TEST / (0.2 * rows), late.sum())
    between = (times > parting.until[0]) & ~late
    share = module.MOST_VALIDATION / (0.12 * rows)
    assert (parts[between] == Part.VALIDATION).mean() == near(share, between.sum())
    assert (parts[times <= parting.until[0]] == Part.TRAIN).all()


def test_where_a_file_judges_no_row_is_of_the_test():
    for times in (None, np.arange(ROWS)):
        parting = Parting.of(spec(), ROWS, 10 * HELD_CELL, ENOUGH, times, judging=False)
        found = shares(parting.parts(NUMBERS, None, times))
        assert found[Part.TEST] == 0
        assert found[Part.VALIDATION] == near(0.15)


def test_long_texts_and_many_classes_make_a_held_row_take_more():
    plain = pl.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0]})
    long = plain.with_columns(b=pl.Series(["x" * 10_000] * 2))
    assert held_row(plain, 0) == 2 * HELD_CELL + module.HELD_COPIES * 16
    assert held_row(plain, 100) - held_row(plain, 0) == 100 * HELD_CELL
    assert held_row(long, 0) > module.HELD_COPIES * 10_000
