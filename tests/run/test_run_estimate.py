"""The forecast of a run's time and memory, against what runs took."""

from dataclasses import replace

import numpy as np
import pytest

from gradum.run.events.events import Expected, RungStarted
from gradum.run.memory import estimate
from gradum.run.memory.estimate import around, expect, fits_in_order
from gradum.run.plan import Plan
from gradum.run.run import run
from gradum.run.source.rows_in_memory import RowsInMemory
from gradum.run.spec.spec import Spec
from gradum.rungs import cost
from gradum.rungs.context import Context
from gradum.rungs.pack.spec import PackSpec
from gradum.rungs.registry import KINDS, kinds_of
from gradum.tables.kinds.design import CodedColumn, Feature, GridColumn, Layout
from gradum.tables.sources.read import read
from gradum.tables.split import Part
from synthetic import ONCE, task


def layout(dense=10, levels=(), ngrams=0):
    return Layout(
        tuple(Feature(f"x{j}", f"x{j}", "value") for j in range(dense)),
        tuple(CodedColumn(f"c{j}", tuple(map(str, range(n)))) for j, n in enumerate(levels)),
        tuple(Feature(f"t{j}", "t", "words") for j in range(ngrams)),
    )


def plan(rows, folds=0):
    parts = np.resize(np.array([Part.TRAIN] * 3 + [Part.VALIDATION, Part.TEST], np.int8), rows)
    return Plan(parts, [parts] * folds, "")


def pack_seconds(spec, given, shape, classes):
    return sum(fits_in_order(spec, given, shape, classes, [KINDS["pack"]]))


def seconds_without_packs(spec, given, shape, classes):
    kinds = [kind for kind in kinds_of(spec.rungs) if kind.name != "pack"]
    fitting = sum(fits_in_order(spec, given, shape, classes, kinds))
    return around(spec, given, shape, classes) + fitting


@pytest.fixture
def slow(monkeypatch):
    """A machine a million times slower, on which everything is worth telling."""
    monkeypatch.setattr(estimate, "_speed", lambda: estimate.REFERENCE / 1e6)


def test_nothing_is_said_of_a_short_run():
    assert not expect(Spec("y"), plan(500), layout(), 2).much


def test_a_long_run_is_told_with_its_time_and_memory(slow):
    said = expect(Spec("y"), plan(500), layout(), 2)
    assert said.seconds > estimate.WORTH_TELLING
    assert said.sentence.startswith("Training and judging will take about")
    assert "hours" in said.sentence
    assert "of memory" in said.sentence


def test_a_run_that_does_not_fit_into_memory_is_told_with_a_remedy(monkeypatch):
    monkeypatch.setattr(estimate, "available_memory", lambda: 10_000)
    said = expect(Spec("y"), plan(500), layout(), 0)
    assert "only 10 kB are left" in said.sentence
    assert "fewer rows" in said.sentence
    monkeypatch.setattr(estimate, "available_memory", lambda: None)
    assert not expect(Spec("y"), plan(500), layout(), 0).much


@pytest.mark.parametrize("classes", [0, 2, 7])
@pytest.mark.parametrize("model", ["linear", "mlp", "ladder"])
def test_more_of_anything_takes_longer(model, classes):
    spec = Spec("y", model=model)

    def seconds(rows=20_000, folds=0, **shape):
        return seconds_without_packs(spec, plan(rows, folds), layout(**shape), classes)

    assert seconds(40_000) > 1.5 * (seconds() - cost.COMPILING)
    assert seconds(folds=5) > 4 * (seconds() - cost.COMPILING)
    assert seconds(dense=400) > seconds(dense=100) > seconds()
    assert seconds(levels=(2, 10, 200)) > seconds()


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_more_of_anything_makes_packs_take_longer(classes):
    def seconds(rows=20_000, folds=0, effort="standard", refit=False, **shape):
        spec = Spec("y", model="pack", effort=effort, refit=refit)
        return pack_seconds(spec, plan(rows, folds), layout(**shape), classes)

    own = seconds() - cost.PACK_COMPILING
    by_rows = [seconds(rows) for rows in (100, 300, 1_000, 5_000, 20_000, 60_000)]
    assert by_rows == sorted(set(by_rows))
    # So many rows get no linear models to begin with.
    assert seconds(500_000) > seconds(100_000)
    by_effort = [seconds(effort=effort) for effort in ("quick", "standard", "best")]
    assert by_effort == sorted(set(by_effort))
    assert seconds(dense=600) > seconds()  # of 400 columns without codes there are fewer numbers
    assert seconds(levels=(2, 10, 200)) > seconds()
    assert seconds(folds=5) - cost.PACK_COMPILING == pytest.approx(6 * own)
    assert seconds(refit=True) - cost.PACK_COMPILING == pytest.approx(2 * own)


def test_members_of_a_pack_take_their_share():
    def seconds(members):
        spec = Spec("y", model="pack", pack=PackSpec(members=members, wide=0.0))
        return pack_seconds(spec, plan(20_000), layout(), 2) - cost.PACK_COMPILING

    assert seconds(48) == pytest.approx(2 * seconds(24))


def test_muons_steps_are_counted_whatever_the_columns():
    def more(hidden, **shape):
        seconds = [
            pack_seconds(
                Spec("y", model="pack", pack=PackSpec(muon=muon, hidden_layer_sizes=hidden)),
                plan(20_000),
                layout(**shape),
                2,
            )
            for muon in (0.0, 0.2)
        ]
        return seconds[1] - seconds[0]

    assert more((64,)) == 0
    assert more((64, 64)) > 0
    assert more((64, 64), dense=100) == pytest.approx(more((64, 64)))
    assert more((128, 128)) == pytest.approx(8 * more((64, 64)))
    assert more((32, 128)) == pytest.approx(more((128, 32)))


def test_the_time_limit_bounds_the_run_in_seconds_of_this_machine(slow):
    def seconds(limit):
        spec = Spec("y", model="pack", time_limit=limit)
        return expect(spec, plan(20_000, 5), layout(), 2).seconds

    whole = seconds(None)
    assert seconds(2 * whole) == whole
    assert seconds(whole / 2) == whole / 2


def test_the_event_comes_before_the_first_rung(slow):
    table = read(task("amount", 200))
    events = []
    spec = Spec("amount", model="linear", **ONCE)
    run(spec, RowsInMemory(lambda: table), context=Context(tell=events.append))
    kinds = [type(event) for event in events]
    assert kinds.index(Expected) < kinds.index(RungStarted)


# rows, dense columns, levels of each coded column, n-grams, classes, and the processor seconds that
# a ladder with a hold-out took up to its MLP, on one core of the machine that the formulas speak of
MEASURED = {
    "few rows": (1_000, 8, (4,) * 13, 0, 2, 1.7),
    "many levels, a number": (2_930, 47, (6,) * 43, 0, 0, 2.6),
    "levels only": (3_190, 0, (4,) * 60, 0, 3, 4.5),
    "many classes": (20_000, 16, (), 0, 26, 10.3),
    "numbers and levels": (48_842, 6, (9, 16, 7, 15, 6, 5, 2, 41), 0, 2, 9.9),
    "a number": (53_940, 6, (5, 7, 8), 0, 0, 8.4),
    "many rows": (200_000, 30, (), 0, 0, 23.3),
    "ten classes": (100_000, 20, (), 0, 10, 22.8),
    "many columns": (20_000, 600, (), 0, 2, 11.6),
    "seven classes": (20_000, 10, (4, 36), 0, 7, 13.3),
    "very many levels": (327_346, 29, (7, 16, 3360, 3790, 3, 103, 36, 121, 7), 0, 2, 44.5),
    "texts": (23_486, 6, (586, 4, 7, 19), 2_000, 5, 27.2),
}


@pytest.mark.parametrize("table", MEASURED)
def test_what_is_said_is_within_two_and_a_half_times_of_what_was_measured(table):
    rows, dense, levels, ngrams, classes, measured = MEASURED[table]
    parts = np.repeat(
        np.array([Part.TRAIN, Part.VALIDATION, Part.TEST], np.int8),
        [round(0.68 * rows), round(0.12 * rows), round(0.2 * rows)],
    )
    shape = layout(dense, levels, ngrams)
    said = seconds_without_packs(Spec("y"), Plan(parts, [], ""), shape, classes)
    assert measured / 2.5 < said < 2.5 * measured


def test_pictures_are_read_and_encoded_again_in_every_fit():
    """360 of 112 × 112 pixels, held as 48 × 48, in eleven fits: 17 s of a processor were taken."""
    columns = layout(1956)
    shape = replace(columns, grids=(GridColumn("photo", 48, 48, 3),))
    given = plan(360, folds=10)
    said = [around(Spec("y"), given, each, 3) for each in (shape, columns)]
    assert 17 / 2.5 < said[0] - said[1] < 17 * 2.5


def test_the_machine_is_timed_in_a_moment():
    speeds = [estimate._speed() for _ in range(3)]
    assert max(speeds) > 1e8
    assert max(speeds) < 1e13
