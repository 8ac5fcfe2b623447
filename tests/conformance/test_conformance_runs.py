"""Every kind of run ends in a model: task, source, rung and judge, every two of them together.

A run of each kind is fitted, saved, loaded, asked for predictions and a report, and, where it has
a folder, cut off and resumed.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from itertools import combinations, product
from typing import Any

import numpy as np
import polars as pl
import pytest

import gradum
from agreement import assert_figures_agree
from gradum.api import finish_run
from gradum.app.cli.cache import cache_directory
from gradum.app.cli.progress import choose
from gradum.errors import SpecError
from gradum.run.events.events import RungStarted
from gradum.run.machine import this_machine
from gradum.run.memory import memory_bound
from gradum.run.options.options import make_spec
from gradum.run.spec.spec import LEAST_MEMORY, SplitSpec
from gradum.rungs import spool
from gradum.rungs.context import Context
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.mlp.spec import MLPSpec
from gradum.ship.run_spec import RunSpec
from gradum.ship.rung_record import recorded
from gradum.ship.unfinished import Unfinished, begun
from gradum.solvers import pool
from gradum.tables.sources import stream
from synthetic import FEW, task

ROWS, TEST_ROWS = 100, 40
TASKS = {"two classes": "label", "many classes": "grade", "number": "amount"}
SOURCES = ("frame", "file", "files", "blocks", "iterator")
RUNGS = ("linear", "mlp", "pack", "ladder")
JUDGES = ("hold-out", "cross-validation", "test file", "group", "time")
OPTIONS = ("none", "weight", "scale", "refit")
"""``scale`` stands for the logarithm of a number, and for classes that weigh the same."""
IN_BLOCKS = ("blocks", "iterator")
WHOLE = {("rung", "pack"), ("judge", "cross-validation"), ("option", "refit")}
"""What needs all rows in memory."""
CHECKPOINT_EVERY = {"file": 0.001, "files": 0, "blocks": 0.001}
"""Seconds, of the sources that have a path and so a run folder; 0 for no checkpoints."""


@dataclass(frozen=True)
class Cell:
    """A kind of run."""

    task: str
    source: str
    rung: str
    judge: str
    option: str

    @property
    def refused(self) -> bool:
        """Whether it needs in memory what is read in blocks."""
        return self.source in IN_BLOCKS and bool(self.needing)

    @property
    def needing(self) -> list:
        """Its levels that need all rows in memory."""
        return [name for name, level in WHOLE if getattr(self, name) == level]

    @cached_property
    def pairs(self) -> set:
        """Every two of its levels."""
        levels = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return set(combinations(levels, 2))


ALL = [Cell(*levels) for levels in product(TASKS, SOURCES, RUNGS, JUDGES, OPTIONS)]
NEVER = {(("source", source), need) for source in IN_BLOCKS for need in WHOLE}


def covering(cells, pairs):
    """Choose some of the cells, greedily, in which all these pairs of levels meet."""
    left, chosen = set(pairs), []
    while left:
        chosen.append(max(cells, key=lambda cell: len(cell.pairs & left)))
        left -= chosen[-1].pairs
    return chosen


ACCEPTED = [cell for cell in ALL if not cell.refused]
FITTED = covering(ACCEPTED, set().union(*(cell.pairs for cell in ACCEPTED)))
REFUSED = covering([cell for cell in ALL if len(cell.needing) == 1], NEVER)


def named(cell: Cell) -> str:
    return "-".join(getattr(cell, field.name) for field in fields(cell)).replace(" ", "_")


def test_every_two_levels_meet():
    levels = {"task": TASKS, "source": SOURCES, "rung": RUNGS, "judge": JUDGES, "option": OPTIONS}
    pairs = {
        ((one, level), (other, another))
        for one, other in combinations(levels, 2)
        for level, another in product(levels[one], levels[other])
    }
    never = {pair for pair in pairs if pair in NEVER or pair[::-1] in NEVER}
    assert len(never) == len(NEVER)
    assert set().union(*(cell.pairs for cell in FITTED)) == pairs - never
    assert set().union(*(cell.pairs for cell in REFUSED)) >= never
    assert all(cell.refused for cell in REFUSED)


def table(target, rows, seed=0):
    """Rows with a group and a time besides."""
    return task(target, rows, seed).with_columns(
        who=pl.int_range(rows) % 20,
        when=pl.date(2024, 1, 1) + pl.duration(days=pl.int_range(rows)),
        share=pl.int_range(rows) % 3,
        size=pl.col("size").round(2),
    )


def asked(cell: Cell, rows: pl.DataFrame, held: pl.DataFrame, folder):
    """Return the data of a cell, its test rows, and its options."""
    roles = {"who": "group", "when": "time", "share": "weight"}
    unused = [name for name, role in roles.items() if role not in (cell.judge, cell.option)]
    rows, held = rows.drop(unused), held.drop(unused)
    options: dict[str, Any] = {
        "model": cell.rung,
        "linear": LinearSpec(strengths=(10.0, 1.0), folds=2),
        "mlp": MLPSpec(hidden_layer_sizes=(8,), max_epochs=3),
        "pack": FEW,
        "split": SplitSpec(small_table_rows=0),
        "learning_curve": False,
        "explain": cell.option == "none",
    }
    match cell.judge:
        case "cross-validation":
            repeats = 2 if cell.option == "none" else 1
            options |= {"cv": 2, "split": SplitSpec(repeats=repeats)}
        case "group":
            options["group"] = "who"
        case "time":
            options["time"] = "when"
    match cell.option:
        case "weight":
            options["weight"] = "share"
        case "scale" if cell.task == "number":
            options["log_target"] = True
        case "scale":
            options["class_weight"] = "balanced"
        case "refit":
            options["refit"] = True
    half, test = len(rows) // 2, None
    match cell.source:
        case "frame":
            data, test = rows, held
        case "iterator":
            data, test = (rows[at : at + 30] for at in range(0, len(rows), 30)), held
        case "files":
            rows[:half].write_csv(folder / "part-1.csv")
            rows[half:].write_csv(folder / "part-2.csv")
            data = str(folder / "part-*.csv")
        case _:
            rows.write_csv(folder / "rows.csv")
            data = str(folder / "rows.csv")
    if cell.source in CHECKPOINT_EVERY:
        held.write_csv(folder / "held.csv")
        test = str(folder / "held.csv")
    if cell.source == "blocks":
        options["max_memory"] = LEAST_MEMORY
    return data, test if cell.judge == "test file" else None, options


@pytest.fixture
def small(monkeypatch):
    """Make blocks and segments small, so that there are several."""
    monkeypatch.setattr(stream, "BLOCK_ROWS", 40)
    monkeypatch.setattr(spool, "SEGMENT_ROWS", 32)
    monkeypatch.setattr(pool, "POOL_ROWS", 64)


@pytest.fixture
def in_blocks(small, monkeypatch):
    """Let no file fit in memory."""
    for name in ("held_bytes", "predicted_bytes"):
        monkeypatch.setattr(memory_bound, name, lambda *_: 1e15)


@pytest.mark.parametrize("cell", FITTED, ids=named)
def test_a_run_ends_in_a_model(cell, request, tmp_path, gradum_command):
    if cell.source in IN_BLOCKS:
        request.getfixturevalue("in_blocks" if cell.source == "blocks" else "small")
    target = TASKS[cell.task]
    rows, held = table(target, ROWS), table(target, TEST_ROWS, seed=1)
    data, test, options = asked(cell, rows, held, tmp_path)
    events, as_json = [], choose(as_json=True, quiet=True)

    def hear(event):
        events.append(event)
        as_json(event)

    model = gradum.fit(data, target, test=test, on_event=hear, **options)
    model.save(tmp_path / "m.gradum")
    assert_same(gradum.load(tmp_path / "m.gradum"), model, held)
    every = CHECKPOINT_EVERY.get(cell.source)
    if every is None:
        page = model.report(cache=cache_directory())
    else:
        run, spec = tmp_path / "run", make_spec(target, **options)
        asking = Unfinished(RunSpec(data, spec, test=test), this_machine(), every)
        cut_off(asking, run, at=len(events) * 2 // 3)
        for _ in range(2):  # the second finds it finished
            ended = gradum_command("resume", run, "-q")
            assert (ended.code, ended.out, ended.err) == (0, "", "")
        again = gradum.resume(run)
        assert again.fitted.provenance.fingerprint == model.fitted.provenance.fingerprint
        assert again.findings is not None
        page = (run / "report.html").read_text()
        model = again
    assert page.rstrip().endswith("</html>")
    assert_figures_agree(model, page)
    assert f"<title>{target}" in page
    assert model.summary()


def assert_same(loaded, model, rows):
    """What was saved and loaded is equal, and predicts the same."""
    for part in ("spec", "schema", "encoder", "judgement", "provenance", "classes", "used"):
        assert getattr(loaded.fitted, part) == getattr(model.fitted, part), part
    for name, rung in model.fitted.rungs.items():
        assert recorded(loaded.fitted.rungs[name]) == recorded(rung)
        ours, theirs = (each.predict(rows, rung=name) for each in (model, loaded))
        np.testing.assert_array_equal(ours, theirs)
        row = rows.select(model.features).row(3, named=True)
        one, again = (each.predict(row, rung=name) for each in (model, loaded))
        np.testing.assert_array_equal(one, again)
        assert one.shape == (1,)
        if model.classes:
            assert one[0] == ours[3]
        else:
            assert one[0] == pytest.approx(ours[3], rel=1e-5)


def cut_off(asking, folder, *, at):
    """Begin a run, and kill it at one of its events."""

    class Killed(BaseException):
        """Nothing is cleaned up after a SIGKILL."""

    heard = []

    def kill(event):
        heard.append(event)
        if len(heard) == at:
            raise Killed

    with pytest.raises(Killed), begun(folder, asking):
        finish_run(folder, Context(tell=kill))


@pytest.mark.parametrize("cell", REFUSED, ids=named)
def test_what_needs_all_rows_is_refused_in_one_line(cell, tmp_path, in_blocks):
    target = TASKS[cell.task]
    data, test, options = asked(cell, table(target, ROWS), table(target, TEST_ROWS, 1), tmp_path)
    events = []
    with pytest.raises(SpecError) as refused:
        gradum.fit(data, target, test=test, on_event=events.append, **options)
    assert "read in blocks" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not any(isinstance(event, RungStarted) for event in events)
