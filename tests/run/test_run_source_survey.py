"""A pass over all blocks, which tells what the same rows tell in memory."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from msgspec import structs

from gradum.errors import ColumnError, TargetError
from gradum.run.dataset import labelled
from gradum.run.source import survey as module
from gradum.run.source.row_parts import HELD_CELL, Parting
from gradum.run.source.survey import blocks, in_any_case, survey, with_classes
from gradum.run.spec.spec import Spec
from gradum.rungs.context import Context
from gradum.tables.check.check import check
from gradum.tables.encode import Encoder
from gradum.tables.kinds.step import LevelCounts
from gradum.tables.schema.schema import Overrides, infer
from gradum.tables.sources import stream as tables_stream
from gradum.tables.sources.open_stream import opened
from gradum.tables.split import Part
from gradum.tables.table import Table

ROWS = 1_000


def table(rows=ROWS, seed=0):
    """Every kind of column, its rarest values beyond the first hundred rows."""
    rng = np.random.default_rng(seed)
    start = datetime(2024, 1, 1)
    frame = pl.DataFrame(
        {
            "size": rng.normal(size=rows),
            "gap": rng.normal(size=rows).round(1),
            "colour": rng.choice(["red", "green", "blue"], rows),
            "city": rng.choice([f"city {k:03}" for k in range(300)], rows),
            "member": rng.random(rows) < 0.4,
            "when": [start + timedelta(hours=int(k)) for k in rng.integers(0, 9_000, rows)],
            "words": [" ".join(rng.choice(["bad", "good", "very", "not"], 6)) for _ in range(rows)],
            "label": rng.choice(["no", "yes"], rows),
        }
    )
    late = pl.int_range(pl.len()) > 100
    return frame.with_columns(
        gap=pl.when(late & (pl.int_range(pl.len()) % 9 == 0))
        .then(None)
        .when(pl.int_range(pl.len()) % 250 == 249)
        .then(0.125)
        .otherwise("gap"),
        member=pl.when(pl.int_range(pl.len()) % 450 == 449).then(None).otherwise("member"),
        size=pl.when(pl.int_range(pl.len()) == 777).then(50.0).otherwise("size"),
        colour=pl.when(pl.int_range(pl.len()) == 900).then(pl.lit("mauve")).otherwise("colour"),
    )


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(tables_stream, "BLOCK_ROWS", 64)


def surveyed(frame, target="label", *, first=100, overrides=None, text=("words",), stop=None):
    """The survey after a look at the first rows, and the schema from those."""
    overrides = overrides or Overrides(text=text, date=("when",))
    sample = Table(frame[:first], "t")
    schema = infer(sample, target=target, overrides=overrides)
    encoder = Encoder.fit(check(sample, schema, require_target=True).frame, schema)
    parting = Parting.of(Spec(target), len(frame), HELD_CELL * frame.width, 2**30, None)
    with opened([frame[k : k + 150] for k in range(0, len(frame), 150)]) as rows:
        context = Context(stop=stop or (lambda: False))
        known = survey(rows, schema, encoder, parting, context, 2**30)
    return known, schema, parting


def test_levels_ranges_and_gaps_are_those_of_all_training_rows():
    frame = table()
    known, schema, parting = surveyed(frame)
    train = np.flatnonzero(parting.parts(np.arange(ROWS), None, None) == Part.TRAIN)
    whole = Encoder.fit(check(Table(frame, "t"), schema).frame, schema, train)
    sampled = Encoder.fit(check(Table(frame[:100], "t"), schema).frame, schema)
    ours, theirs = ({step.source: step for step in each.steps} for each in (known.encoder, whole))
    assert list(ours) == list(theirs)
    for name in ("colour", "city", "member"):
        assert ours[name] == theirs[name], name
    for name in ("size", "gap"):
        for fact in ("minimum", "maximum", "missing", "decimals"):
            assert getattr(ours[name], fact) == getattr(theirs[name], fact), (name, fact)
    first = {step.source: step for step in sampled.steps}
    assert not first["gap"].missing
    assert (first["gap"].decimals, ours["gap"].decimals) == (1, 3)
    assert ours["gap"].missing
    assert ours["gap"].median == first["gap"].median
    assert ours["words"] == first["words"]
    assert known.rows == ROWS
    assert not known.left_out.total()
    assert known.unread == {}


def test_classes_that_the_first_rows_lack_are_counted():
    frame = table().with_columns(
        label=pl.when(pl.int_range(pl.len()) % 200 == 199).then(pl.lit("maybe")).otherwise("label")
    )
    known, schema, _ = surveyed(frame)
    assert schema.target.classes == ("no", "yes")
    counts = dict(frame["label"].value_counts().iter_rows())
    assert known.classes == counts
    assert list(known.classes) == sorted(counts)
    told = with_classes(schema, known.classes, drop_rare=False)
    assert told.target.task == "multiclass"
    assert told.target.classes == ("maybe", "no", "yes")
    whole = infer(Table(frame, "t"), target="label")
    assert told.target.classes == whole.target.classes


@pytest.mark.parametrize(
    "values",
    [[0, 1, 2], [0.0, 1.0], [True, False], ["1", "2", "3"], [-1, 1]],
    ids=lambda values: repr(values[0]),
)
def test_labels_are_of_the_type_that_they_have_in_memory(values):
    frame = table().with_columns(pl.Series("label", values * (ROWS // len(values) + 1))[:ROWS])
    known, schema, _ = surveyed(frame)
    told = with_classes(schema, known.classes, drop_rare=False).target
    whole = infer(Table(frame, "t"), target="label").target
    assert told.classes == whole.classes
    assert [*map(type, told.classes)] == [*map(type, whole.classes)]
    assert (told.task, told.reason) == (whole.task, whole.reason)


def test_rare_classes_are_refused_or_left_out():
    rare = pl.when(pl.int_range(pl.len()).is_in([500, 501])).then(pl.lit("never"))
    frame = table().with_columns(label=rare.otherwise("label"))
    known, schema, _ = surveyed(frame)
    with pytest.raises(TargetError, match=r"'never' \(2\).*--drop-rare-classes"):
        with_classes(schema, known.classes, drop_rare=False)
    told = with_classes(schema, known.classes, drop_rare=True)
    assert told.target.classes == ("no", "yes")
    assert told.target.left_out == ("never",)
    with pytest.raises(TargetError, match="Add rows"):
        with_classes(schema, {"no": 900, "never": 2}, drop_rare=True)


@pytest.mark.parametrize("values", [["no", "yes", "never"], [0, 1, 7], [0.5, 1.5, 7.25]])
def test_rows_of_classes_left_out_are_no_rows(values):
    common = pl.Series("label", values[:2] * (ROWS // 2))
    frame = table().with_columns(common)
    rare = pl.when(pl.int_range(pl.len()).is_in([500, 501])).then(pl.lit(values[2]))
    frame = frame.with_columns(label=rare.otherwise("label"))
    known, schema, parting = surveyed(frame)
    told = with_classes(schema, known.classes, drop_rare=True)
    with opened([frame]) as rows:
        found = list(blocks(rows, told, parting))
    numbers = np.concatenate([block.numbers for block in found])
    np.testing.assert_array_equal(numbers, np.delete(np.arange(ROWS), [500, 501]))
    assert sum(block.left_out.total() for block in found) == 2
    again = structs.replace(told, target=structs.replace(told.target, left_out=("other",)))
    more = with_classes(again, {**known.classes}, drop_rare=True)
    assert set(more.target.left_out) == {"other", told.target.left_out[0]}


def test_the_rows_used_are_those_used_in_memory():
    frame = table().with_columns(
        label=pl.when(pl.int_range(pl.len()) % 13 == 0).then(None).otherwise("label"),
        # rows without a target need no weight
        weight=pl.when(pl.int_range(pl.len()) % 26 == 0)
        .then(None)
        .when(pl.int_range(pl.len()).is_between(200, 399))
        .then(0.0)
        .otherwise(pl.int_range(pl.len()) / 7),
    )
    overrides = Overrides(weight="weight")
    known, schema, parting = surveyed(frame, overrides=overrides)
    whole = labelled(Table(frame, "t"), schema)
    with opened([frame]) as rows:
        found = list(blocks(rows, schema, parting))
    assert pl.concat([block.checked.frame for block in found]).equals(whole.frame)
    np.testing.assert_array_equal(np.concatenate([b.numbers for b in found]), whole.numbers)
    np.testing.assert_array_equal(np.concatenate([b.weight for b in found]), whole.weight)
    assert known.rows == len(whole)
    assert known.left_out.total() == ROWS - len(whole)


@pytest.mark.parametrize(
    ("role", "value", "words"),
    [
        ("weight", -1.0, "is negative in row 778"),
        ("weight", None, "no usable value in row 778"),
        ("group", None, "no usable value in row 778"),
        ("time", None, "no usable value in row 778"),
    ],
)
def test_a_row_without_its_weight_group_or_time_is_refused_by_number(role, value, words):
    frame = table().with_columns(
        pl.when(pl.int_range(pl.len()) == 777)
        .then(pl.lit(value, pl.Float64))
        .otherwise(pl.int_range(pl.len()) / 7)
        .alias("own")
    )
    with pytest.raises(ColumnError, match=words):
        surveyed(frame, overrides=Overrides(**{role: "own"}))


def test_values_of_another_kind_are_counted_even_if_a_block_holds_no_others():
    odd = pl.int_range(pl.len()).is_between(320, 383)  # the sixth block
    texts = pl.col("size").cast(pl.String)
    frame = table().with_columns(size=pl.when(odd).then(pl.lit("broken")).otherwise(texts))
    known, _, parting = surveyed(frame)
    assert known.unread == {"size": 64}
    numbers = np.arange(ROWS)
    train = (parting.parts(numbers, None, None) == Part.TRAIN) & ((numbers < 320) | (numbers > 383))
    step = next(step for step in known.encoder.steps if step.source == "size")
    assert step.maximum == pytest.approx(table()["size"].filter(train).max())
    assert step.missing


def test_a_regression_knows_its_least_target():
    frame = table().with_columns(label=pl.int_range(pl.len()).reverse() / 8 + 1)
    known, _, _ = surveyed(frame)
    assert known.low == 1.0
    assert known.classes == {}


def test_a_wish_to_stop_is_heard_after_a_block():
    known, _, _ = surveyed(table(), stop=lambda: True)
    assert known.rows == 64


def test_levels_beyond_count_keep_the_frequent_ones(monkeypatch):
    monkeypatch.setattr(module, "MOST_COUNTED", 120)
    frame = table().with_columns(
        city=pl.when(pl.int_range(pl.len()) % 2 == 0)
        .then(pl.lit("often"))
        .otherwise(pl.format("once {}", pl.int_range(pl.len())))
    )
    known, _, _ = surveyed(frame, overrides=Overrides(categorical=("city",)))
    step = next(step for step in known.encoder.steps if step.source == "city")
    assert step.levels == ("often",)


def test_counts_keep_to_their_memory(monkeypatch):
    held = []
    table_of = LevelCounts.table.fget

    def seen(counts):
        held.append(counts._size)
        return table_of(counts)

    monkeypatch.setattr(LevelCounts, "table", property(seen))
    counts = LevelCounts(100)
    for block in range(
        40
    ):  # 30 levels of two rows a block, none of them met again, and one that is
        names = [f"{block} {level}" for level in range(30)] + ["often"]
        counts.add(pl.DataFrame({"level": names, "rows": [2] * 30 + [3]}))
        assert counts._size <= 100
    assert max(held) <= 100 + 31
    known = dict(counts.table.iter_rows())
    assert known["often"] == 120


def test_levels_in_any_case_are_spelled_as_most_training_rows_of_the_table_have_them():
    """The first rows know one spelling of one level, and not the commonest."""
    spellings = ["KÖLN", *["Köln"] * 3, "köln", "Bonn", "BONN", "Bonn", "Ulm", "ulm", "ulm"]
    place = pl.int_range(pl.len())
    late = place.replace_strict(range(ROWS), (spellings * ROWS)[:ROWS])
    frame = table().with_columns(city=pl.when(place < 100).then(pl.lit("KÖLN")).otherwise(late))
    asked = Overrides(text=("words",), date=("when",), fold_case=("city",), categorical=("city",))
    known, schema, parting = surveyed(frame, overrides=asked)
    assert schema.column("city").parse.spellings == ("KÖLN",)
    column = known.schema.column("city")
    assert column.parse.fold_case
    assert column.parse.spellings == ("Bonn", "Köln")
    (step,) = [step for step in known.encoder.steps if step.source == "city"]
    assert step.levels == ("Bonn", "Köln", "ulm")
    train = np.flatnonzero(parting.parts(np.arange(ROWS), None, None) == Part.TRAIN)
    whole = Encoder.fit(check(Table(frame, "t"), known.schema).frame, known.schema, train)
    assert step == next(other for other in whole.steps if other.source == "city")


def test_classes_in_a_spelling_that_the_first_rows_lack_are_the_same_classes():
    late = pl.int_range(pl.len()) >= 100
    label = pl.col("label")
    frame = table().with_columns(
        label=pl.when(late & (pl.int_range(pl.len()) % 3 == 0))
        .then(label.str.to_uppercase())
        .when(late & (pl.int_range(pl.len()) % 7 == 0))
        .then(pl.lit("Vielleicht"))
        .when(late & (pl.int_range(pl.len()) % 11 == 0))
        .then(pl.lit("vielleicht"))
        .otherwise(label)
    )
    known, schema, _ = surveyed(frame)
    assert schema.target.classes == ("no", "yes")
    merged, counts = in_any_case(known.schema, known.classes)
    told = with_classes(merged, counts, drop_rare=False)
    assert told.target.classes == ("Vielleicht", "no", "yes")
    assert sum(counts.values()) == ROWS
    read = check(Table(frame, "t"), told).frame["label"]
    assert dict(read.value_counts().iter_rows()) == counts
    apart = with_classes(known.schema, known.classes, drop_rare=False).target
    assert apart.classes == ("NO", "Vielleicht", "YES", "no", "vielleicht", "yes")
