"""The choice between holding a table as a whole and reading it in blocks, by the memory needed."""

import gzip

import numpy as np
import polars as pl
import pytest

from gradum.errors import SpecError
from gradum.run.memory import memory, memory_bound
from gradum.run.memory.memory import MOST_OF_A_VALUE, held_bytes, width_of
from gradum.run.memory.memory_bound import decided, usual_bound
from gradum.run.options.options import make_spec
from gradum.run.spec.spec import LEAST_MEMORY
from gradum.rungs.cost import Taken
from gradum.rungs.registry import KINDS
from gradum.tables.sources.extent import Extent, extent_of
from gradum.tables.sources.read import read
from gradum.tables.table import Table
from grids import pictures

HEAD = pl.DataFrame({f"x{j}": np.random.default_rng(j).standard_normal(200) for j in range(20)})
HEAD = HEAD.with_columns(y=pl.Series(np.arange(200) % 2))
GB = 10**9


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """What is taken, in round numbers: 100 bytes a value, 50 a value where it is judged by."""
    taken = Taken(number=100, code=50, level=0, entry=10, share=0, row=0, fixed=0)
    for kind in KINDS.values():
        monkeypatch.setattr(type(kind), "taken", lambda kind, settings: taken)


def test_libraries_do_not_count_against_a_bound(tmp_path, monkeypatch):
    monkeypatch.undo()
    HEAD.write_parquet(tmp_path / "t.parquet")
    for model in ("ladder", "pack", "linear", "mlp"):
        spec = make_spec("y", model=model, max_memory=LEAST_MEMORY)
        assert decided(spec, tmp_path / "t.parquet").blocks is False


LARGE_ROWS = {
    "pictures": pictures(*[(40, 40, 3)] * 100),
    "texts": pl.Series([" ".join(f"word{row}{k}" for k in range(60)) for row in range(100)]),
    "classes": pl.Series([f"class {row % 50}" for row in range(100)]),
}


@pytest.mark.parametrize("name", LARGE_ROWS)
def test_a_bound_that_is_enough_is_above_the_estimate(name, monkeypatch):
    """By far, as it is said without a look at the kinds of columns."""
    monkeypatch.undo()
    frame = pl.DataFrame({"x": LARGE_ROWS[name], "y": np.arange(100.0)})
    spec, extent = make_spec("x" if name == "classes" else "y"), extent_of(read(frame))
    estimate, bound = held_bytes(spec, extent), held_bytes(spec, extent, None, enough=10 * GB)
    rowless = bound - MOST_OF_A_VALUE * frame.height * frame.width
    assert 0 < estimate - rowless < (bound - rowless) / 5
    assert held_bytes(spec, extent, None, enough=bound - 1) == estimate


@pytest.fixture
def table(monkeypatch):
    """A table of so many rows, which takes 1 GB for each half a million (20 · 100 bytes a row)."""

    def sized(gigabytes, divisible=True):
        rows = int(gigabytes * GB / (20 * 100 + HEAD.estimated_size() / 200))
        extent = Extent(rows, 0, 0, Table(HEAD, "t"), divisible)
        monkeypatch.setattr(
            memory_bound, "extent_of", lambda data: extent if data else Extent(0, 0, 0, None)
        )
        return "t.parquet"

    return sized


def left(monkeypatch, count):
    monkeypatch.setattr(memory_bound, "available_memory", lambda: count)


@pytest.mark.parametrize(
    "options", [{"model": "linear"}, {"model": "mlp"}, {}, {"task": "regression"}]
)
@pytest.mark.parametrize(("takes", "bound", "blocks"), [(0.9, "1GB", False), (1.1, "1GB", True)])
def test_a_bound_that_is_given_decides(options, takes, bound, blocks, table, monkeypatch):
    left(monkeypatch, 1)  # does not matter
    spec = make_spec("y", max_memory=bound, learning_curve=True, **options)
    found = decided(spec, table(takes))
    assert (found.blocks, found.max_memory) == (blocks, GB)


@pytest.mark.parametrize(
    ("options", "what", "remedy"),
    [
        ({"model": "pack"}, "A network ensemble of all rows", "--model linear or mlp"),
        ({"cv": 5}, "Cross-validation of all rows", "Leave out --cv"),
        ({"refit": True}, "A refit on all rows", "Leave out --refit"),
        ({"blocks": False}, "A table held as a whole", "Leave out --no-blocks"),
    ],
)
def test_what_cannot_use_blocks_says_what_it_takes(options, what, remedy, table, monkeypatch):
    spec = make_spec("y", max_memory="1GB", **options)
    assert decided(spec, table(0.9)).blocks is False
    with pytest.raises(SpecError) as refused:
        decided(spec, table(2.5))
    said = str(refused.value)
    assert said.startswith(f"{what} takes about 2.5 GB of memory, but only 1.0 GB may be used.")
    assert remedy in said
    assert "--max-memory 3GB" in said
    if options.get("blocks") is None:
        left(monkeypatch, 2 * GB)
        with pytest.raises(SpecError, match=r"but only 2\.0 GB are left"):
            decided(make_spec("y", **options), table(2.5))
        assert decided(make_spec("y", **options), table(1.9)).blocks is False


def test_json_is_refused_in_one_line(table):
    spec = make_spec("y", max_memory="1GB")
    with pytest.raises(
        SpecError, match=r"JSON, .* takes about 2\.5 GB .* as Parquet or CSV, or give"
    ):
        decided(spec, table(2.5, divisible=False))
    assert decided(spec, table(0.9, divisible=False)).blocks is False


def test_without_a_bound_half_of_what_is_left_decides(table, monkeypatch):
    left(monkeypatch, 20 * GB)
    spec = make_spec("y")
    assert decided(spec, table(9.9)) == make_spec("y", blocks=False)
    found = decided(spec, table(10.1))
    assert (found.blocks, found.max_memory) == (True, 8 * GB)
    left(monkeypatch, None)
    assert decided(spec, table(10.1)).blocks is False


def test_a_linear_model_uses_blocks_where_they_are_quicker(table, monkeypatch):
    left(monkeypatch, 10**12)
    row = (20 * 100 + HEAD.estimated_size() / 200) / GB
    rows = memory_bound.QUICKER_VALUES / HEAD.width
    large, small = 1.01 * rows * row, 0.99 * rows * row
    assert decided(make_spec("y", model="linear"), table(large)).blocks is True
    assert decided(make_spec("y", model="linear"), table(small)).blocks is False
    for options in ({}, {"model": "mlp"}, {"model": "linear", "learning_curve": True}):
        assert decided(make_spec("y", **options), table(large)).blocks is False
    assert decided(make_spec("y", model="linear", cv=3), table(large)).blocks is False


def test_what_was_decided_stands(table, monkeypatch):
    left(monkeypatch, 20 * GB)
    first = decided(make_spec("y"), table(15))
    whole = decided(make_spec("y"), table(5))
    for other in (GB, 10**12):  # the memory of another day, or of another machine
        left(monkeypatch, other)
        assert decided(first, table(15)) == first
        assert decided(whole, table(5)) == whole


def test_batches_are_blocks_whatever_they_take(monkeypatch):
    left(monkeypatch, 5 * GB)
    found = decided(make_spec("y"), iter([HEAD]))
    assert (found.blocks, found.max_memory) == (True, 2 * GB)
    with pytest.raises(SpecError, match="Batches can only be read as they come"):
        decided(make_spec("y", blocks=False), iter([HEAD]))


def test_rows_to_judge_by_are_held_and_may_be_too_many(table, monkeypatch):
    data = table(30)
    spec = make_spec("y", max_memory="1GB")
    with pytest.raises(SpecError, match="The test file is held as a whole, which takes about"):
        decided(spec, data, "test.parquet")


@pytest.mark.parametrize(
    ("memory", "bound"),
    [
        (None, LEAST_MEMORY),
        (0, LEAST_MEMORY),
        (1.9 * GB, LEAST_MEMORY),
        (2 * GB, GB),
        (9 * GB, 4 * GB),
    ],
)
def test_the_usual_bound_goes_in_steps(memory, bound, monkeypatch):
    left(monkeypatch, memory)
    assert usual_bound() == bound


def test_a_row_is_told_from_the_first_ones():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "number": rng.standard_normal(2_000),
            "zero": np.zeros(2_000),  # in these rows; others may differ
            "level": rng.choice(["a", "b", "c"], 2_000),
            "text": [
                f"{'good' if i % 2 else 'bad'} wine of the year {i % 7}" for i in range(2_000)
            ],
            "y": rng.choice(["no", "yes", "maybe"], 2_000),
        }
    )
    spec = make_spec("y", text=["text"])
    width = width_of(extent_of(read(frame)), spec)
    assert (width.numbers, width.codes, width.levels, width.classes) == (2, 1, 3, 3)
    assert width.entries > 4
    assert width.raw == pytest.approx(2 * 8 + 2 * 16 + 16 + 22.5)  # of texts, a place and letters
    one_class = width_of(extent_of(read(frame.with_columns(y=pl.lit("no")))), spec)
    assert one_class.numbers == 5  # nothing is refused yet


def test_what_a_run_takes_grows_with_its_rows_and_its_source(tmp_path):
    frame = pl.concat([HEAD] * 50)
    text = frame.write_csv().encode()
    (tmp_path / "t.csv").write_bytes(text)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text))
    (tmp_path / "t.jsonl").write_bytes(frame.write_ndjson().encode())
    spec = make_spec("y")

    def of(name):
        return held_bytes(spec, extent_of(tmp_path / name))

    assert of("t.csv") == pytest.approx(10_000 * (20 * 100 + 21 * 16 + 20 * 19), rel=0.1)
    assert of("t.csv.gz") == pytest.approx(of("t.csv") + len(text), rel=0.01)
    assert of("t.jsonl") == pytest.approx(memory.OPAQUE * (tmp_path / "t.jsonl").stat().st_size)
    once = held_bytes(spec, extent_of(read(frame)))
    assert held_bytes(spec, extent_of(read(pl.concat([frame] * 3)))) == pytest.approx(3 * once)


def test_a_pack_of_more_members_takes_more(tmp_path, monkeypatch):
    monkeypatch.undo()
    pl.concat([HEAD] * 50).write_parquet(tmp_path / "t.parquet")
    extent = extent_of(tmp_path / "t.parquet")
    efforts = [make_spec("y", model="pack", effort=effort) for effort in ("quick", "best")]
    assert held_bytes(efforts[0], extent) * 2 < held_bytes(efforts[1], extent)
    assert held_bytes(make_spec("y", model="linear"), extent) < held_bytes(efforts[0], extent)
