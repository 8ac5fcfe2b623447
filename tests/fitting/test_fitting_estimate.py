"""What a run is said to take, against what it takes."""

import time

import numpy as np
import polars as pl
import pytest

from gradum.fitting import estimate
from gradum.fitting.dataset import labelled
from gradum.fitting.estimate import expect, memory, reference_seconds
from gradum.fitting.events import Expected, RungStarted
from gradum.fitting.plan import Plan, make_plan
from gradum.fitting.run import run
from gradum.fitting.spec import MLPSpec, Spec, SplitSpec
from gradum.tables.design import CodedColumn, Feature, Layout
from gradum.tables.encode import Encoder
from gradum.tables.read import read
from gradum.tables.schema import infer
from gradum.tables.split import Part
from synthetic import ONCE, task


def layout(dense=10, levels=()):
    return Layout(
        tuple(Feature(f"x{j}", f"x{j}", "value") for j in range(dense)),
        tuple(CodedColumn(f"c{j}", tuple(map(str, range(n)))) for j, n in enumerate(levels)),
    )


def plan(rows, folds=0):
    parts = np.resize(np.array([Part.TRAIN] * 3 + [Part.VALIDATION, Part.TEST], np.int8), rows)
    return Plan(parts, [parts] * folds, "")


@pytest.fixture
def slow(monkeypatch):
    """A machine a million times slower, on which everything is worth telling."""
    monkeypatch.setattr(estimate, "_speed", lambda: estimate.REFERENCE / 1e6)


def test_nothing_is_said_of_a_short_run():
    assert expect(Spec("y"), plan(500), layout(), 2) is None


def test_a_long_run_is_told_with_its_time_and_memory(slow):
    said = expect(Spec("y"), plan(500), layout(), 2)
    assert said.seconds > estimate.WORTH_TELLING
    assert said.sentence.startswith("This will take about")
    assert "hours" in said.sentence
    assert "of memory" in said.sentence


def test_a_run_that_does_not_fit_into_memory_is_told_with_a_remedy(monkeypatch):
    monkeypatch.setattr(estimate, "available_memory", lambda: 10_000)
    said = expect(Spec("y"), plan(500), layout(), 0)
    assert "only 10 kB are left" in said.sentence
    assert "fewer rows" in said.sentence
    monkeypatch.setattr(estimate, "available_memory", lambda: None)
    assert expect(Spec("y"), plan(500), layout(), 0) is None


@pytest.mark.parametrize("classes", [0, 2, 7])
@pytest.mark.parametrize("model", ["linear", "mlp", "ladder"])
def test_more_of_anything_takes_longer(model, classes):
    spec = Spec("y", model=model)

    def seconds(rows=20_000, folds=0, **shape):
        return reference_seconds(spec, plan(rows, folds), layout(**shape), classes)

    assert seconds(40_000) > 1.5 * (seconds() - estimate.COMPILING)
    assert seconds(folds=5) > 4 * (seconds() - estimate.COMPILING)
    assert seconds(dense=400) > seconds(dense=100) > seconds()
    assert seconds(levels=(2, 10, 200)) > seconds()


def test_memory_is_that_of_several_copies_of_the_design():
    one = 8 * 100_000 * 10
    assert 3 * one < memory(plan(100_000), layout(), 0) < 12 * one


def test_the_event_comes_before_the_first_rung(slow):
    table = read(task("amount", 200))
    events = list(run(Spec("amount", model="linear", **ONCE), table))
    kinds = [type(event) for event in events]
    assert kinds.index(Expected) < kinds.index(RungStarted)


@pytest.mark.parametrize(
    ("rows", "columns", "classes"), [(30_000, 10, 0), (10_000, 20, 8), (3_000, 300, 2)]
)
def test_a_run_takes_within_four_times_what_is_said(rows, columns, classes):
    """In processor time, as the machine may have other work to do."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, columns))
    y = x[:, 0] + np.sin(3 * x[:, 1]) + rng.normal(size=rows)
    if classes:
        y = [f"c{k}" for k in np.digitize(y, np.quantile(y, np.arange(1, classes) / classes))]
    frame = pl.DataFrame(x, schema=[f"x{j}" for j in range(columns)]).with_columns(y=pl.Series(y))
    spec = Spec("y", mlp=MLPSpec(max_epochs=8), split=SplitSpec(small_table_rows=0))
    table = read(frame)
    schema = infer(table, target="y")
    dataset = labelled(table, schema)
    made = make_plan(spec, dataset)
    encoder = Encoder.fit(dataset.frame, schema, np.flatnonzero(made.kept == Part.TRAIN))
    said = reference_seconds(spec, made, encoder.layout, classes)
    said *= estimate.REFERENCE / estimate._speed()
    before = time.process_time()
    for _ in run(spec, table):
        pass
    taken = time.process_time() - before
    assert said / 4 < taken < 4 * said
