"""The alarm of twins: repeated and jittered rows, counted before training."""

import numpy as np
import polars as pl
import pytest
from alarm_tables import CLEAN, planned

import gradum
from gradum.run.alarms.near_duplicates import near_duplicates, twins
from gradum.run.dataset import without_duplicates
from gradum.run.events.events import Alarmed
from gradum.run.run import run
from gradum.run.source.rows_in_memory import RowsInMemory
from gradum.run.spec.spec import Spec
from gradum.rungs.context import Context
from gradum.tables.split import Part
from gradum.tables.table import Table
from synthetic import SHORT, task


def alarms(frame, target="y", seed=0, **options):
    return near_duplicates(*planned(frame, target, seed=seed, **options), seed=seed)


def numbers(rows, columns, seed=0, noise=0.5):
    """Gaussian columns, the first two of which make the target."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns))
    y = x[:, 0] - x[:, 1] + rng.normal(0, noise, rows)
    return pl.DataFrame({f"x{j}": x[:, j] for j in range(columns)}).with_columns(y=y)


def jittered(frame, share=0.1, seed=0, **others):
    """The table with a share of its rows once more, 1% of a deviation off in every number."""
    rng = np.random.default_rng(seed)
    again = frame.sample(int(share * len(frame)), seed=seed)
    noisy = [
        pl.Series(name, again[name] + rng.normal(0, 0.01, len(again)) * frame[name].std())
        for name, dtype in again.schema.items()
        if dtype == pl.Float64 and name not in ("y", "amount")
    ]
    return pl.concat([frame, again.with_columns(*noisy, **others)])


def test_rows_that_occur_twice_are_counted():
    frame = task("amount", 1000)
    frame = pl.concat([frame, frame.head(200)])
    dataset, plan = planned(frame, "amount")
    (alarm,) = near_duplicates(dataset, plan, seed=0)
    twin = np.r_[np.arange(1000, 1200), np.full(800, -1), np.arange(200)]
    judged = np.flatnonzero(plan.kept == Part.TEST)
    repeated = np.mean([twin[r] >= 0 and plan.kept[twin[r]] != Part.TEST for r in judged])
    assert repeated > 0.2
    assert alarm.sentence.startswith(f"{100 * repeated:.2g}% of the judged rows repeat a row")
    assert alarm.sentence.count("%") == 1
    assert alarm.option == "--drop-duplicates"
    assert alarm.option in alarm.sentence
    less = without_duplicates(dataset)
    assert less.numbers.tolist() == list(range(1000))
    assert less.notes[-1] == "Left out: 200 rows that repeat an earlier one."


def test_a_run_says_so_before_it_trains():
    frame = task("label", 600)
    frame = pl.concat([frame, frame.head(600)])
    spec = Spec("label", model="linear", linear=SHORT)
    events = []
    source = RowsInMemory(lambda: Table(frame, "made.csv"))
    run(spec, source, context=Context(tell=events.append))
    kinds = [type(event) for event in events]
    (alarmed,) = [event for event in events if isinstance(event, Alarmed)]
    assert kinds.index(Alarmed) == 1
    assert [alarm.kind for alarm in alarmed.alarms] == ["near duplicates"]
    judgement = gradum.fit(frame, "label", model="linear", linear=SHORT).fitted.judgement
    assert judgement.alarms == alarmed.alarms
    assert not any("every column" in note for note in judgement.notes)


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(numbers(1500, 6), id="6 numbers"),
        pytest.param(numbers(400, 30), id="30 numbers, cross-validated"),
        pytest.param(task("amount", 3000).rename({"amount": "y"}), id="mixed"),
        pytest.param(task("label", 1200).rename({"label": "y"}), id="mixed, classes"),
    ],
)
def test_jittered_rows_are_found(frame):
    """10% repeats: a row has one with probability 2/11, of which about 3/4 or more are known."""
    assert alarms(frame) == ()
    planted = jittered(frame)
    dataset, plan = planned(planted, "y")
    (alarm,) = near_duplicates(dataset, plan, seed=0)
    assert alarm.kind == "near duplicates"
    found = twins(dataset, plan, seed=0)
    original = np.r_[np.arange(len(frame)), _sampled(frame)]
    assert np.mean(original[found.rows] == original[found.twins]) > 0.9
    assert found.share == pytest.approx(2 / 11 * 0.8, abs=0.06)


def _sampled(frame):
    numbered = frame.with_row_index("n").sample(int(0.1 * len(frame)), seed=0)
    return numbered["n"].to_numpy()


def test_a_row_repeated_many_times_is_found():
    """A rare class written out nine times, as is done to balance classes before a split."""
    frame = numbers(1500, 6).with_columns(y=pl.Series(np.arange(1500) % 10 == 0))
    balanced = pl.concat([frame, *[frame.filter("y")] * 8])
    (alarm,) = alarms(balanced)
    assert "of the judged rows repeat a row trained on" in alarm.sentence
    assert alarms(frame) == ()


def test_a_group_that_keeps_twins_together_silences_it():
    frame = numbers(1500, 6).with_columns(n=pl.Series([f"n{k}" for k in range(1500)]))
    planted = jittered(frame)
    assert len(alarms(planted, drop=("n",))) == 1
    assert alarms(planted, group="n") == ()


def test_twins_that_tell_nothing_of_the_target_do_not_matter():
    rng = np.random.default_rng(0)
    frame = numbers(1500, 6)
    planted = jittered(frame, y=pl.Series(rng.permutation(frame["y"].to_numpy())[:150]))
    assert twins(*planned(planted, "y"), seed=0).share > 0.1
    assert alarms(planted) == ()


@pytest.mark.slow
@pytest.mark.parametrize("levels", [2, 3, 5])
def test_columns_of_few_values_have_natural_twins(levels):
    """A grid of cells in which rows meet by chance, and the target depends on the cell alone."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        for columns in (3, 6, 9):
            x = rng.integers(0, levels, (1500, columns))
            y = x @ rng.normal(size=columns)
            for kind in (float, str):
                frame = pl.DataFrame({f"x{j}": x[:, j].astype(kind) for j in range(columns)})
                assert alarms(frame.with_columns(y=y), seed=seed) == ()


def test_clusters_and_few_dimensions_have_natural_twins():
    for seed in range(3):
        rng = np.random.default_rng(seed)
        centre = rng.normal(size=(40, 5))[rng.integers(0, 40, 1500)]
        loose = centre + rng.normal(0, 0.2, (1500, 5))
        curve = rng.random(1500)
        shapes = [loose, np.stack([np.sin(k * curve) for k in range(1, 6)], axis=1)]
        shapes += [rng.random((1500, 2)), rng.standard_t(1.5, (1500, 4))]
        for x in shapes:
            frame = pl.DataFrame({f"x{j}": x[:, j] for j in range(x.shape[1])})
            assert alarms(frame.with_columns(y=x[:, 0] + x[:, 1]), seed=seed) == ()


@pytest.mark.parametrize(("target", "rows"), CLEAN)
def test_clean_tables_raise_no_alarm(target, rows):
    for seed in range(3):
        assert alarms(task(target, rows, seed), target, seed) == ()


def test_twins_in_a_large_table_stay_together():
    planted = jittered(numbers(60_000, 6))
    assert len(alarms(planted)) == 1


def test_a_test_file_that_repeats_the_table_is_found():
    frame = numbers(1500, 6)
    test = jittered(frame.head(300), share=1.0).tail(300)
    (alarm,) = alarms(frame, test=test)
    assert "of the test file" in alarm.sentence
    assert alarms(frame, test=numbers(300, 6, seed=1)) == ()


def test_the_seed_decides():
    dataset, plan = planned(jittered(numbers(12_000, 5)), "y")
    one, same, other = (twins(dataset, plan, seed=seed) for seed in (1, 1, 2))
    assert one.share == same.share
    np.testing.assert_array_equal(one.rows, same.rows)
    assert len(one.rows) != len(other.rows) or (one.rows != other.rows).any()
