"""A fit of blocks: what it takes, what it refuses, what it says of itself."""

import numpy as np
import polars as pl
import pytest
from msgspec import structs

import gradum
from gradum.errors import GradumError, SpecError, TableError, TargetError
from gradum.run.events.events import Understood
from gradum.run.fingerprint import fingerprint
from gradum.run.options.options import make_spec
from gradum.run.run import run
from gradum.run.source import rows_in_blocks
from gradum.run.source.row_parts import HELD_CELL, Parting
from gradum.run.source.rows_in_blocks import RowsInBlocks
from gradum.run.spec.spec import LEAST_MEMORY
from gradum.tables.schema.schema import infer
from gradum.tables.sources.open_stream import opened
from gradum.tables.split import Part
from gradum.tables.table import Table
from streamed_fits import QUICK, ROWS, batches, make_small, score, streamed
from synthetic import mixed, task


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    make_small(monkeypatch)


@pytest.mark.slow
def test_columns_of_every_kind():
    rng = np.random.default_rng(0)
    frame = mixed(ROWS).with_columns(
        when=pl.datetime(2024, 1, 1) + pl.duration(hours=pl.int_range(ROWS)),
        words=pl.Series(
            [" ".join(rng.choice(["good", "bad", "so", "very"], 5)) for _ in range(ROWS)]
        ),
        empty=pl.lit(None, pl.Float64),
        same=pl.lit("x"),
    )
    frame = frame.with_columns(
        label=pl.when(pl.col("words").str.contains("good bad"))
        .then(pl.lit("yes"))
        .otherwise("label")
    )
    ours = streamed(frame, "label", text=["words"], drop=["grade", "amount"])
    assert score(ours, "linear") < score(ours, "baseline") - 0.1
    assert ours.predict(frame[:5]).shape == (5,)
    sources = {feature.source for feature in ours.run.fitted.encoder.layout.sparse}
    assert sources == {"words"}


def test_groups_are_on_one_side_and_tests_come_last():
    frame = task("label", ROWS).with_columns(
        who=pl.int_range(ROWS) % 300,
        when=pl.datetime(2024, 1, 1) + pl.duration(hours=pl.int_range(ROWS)),
    )
    grouped = streamed(frame.drop("when"), "label", group="who", model="linear").run
    who = frame["who"].to_numpy()[grouped.dataset.numbers]
    sides = [set(who[grouped.parts == part]) for part in (Part.TRAIN, Part.VALIDATION, Part.TEST)]
    assert sum(map(len, sides)) == len(set().union(*sides))
    assert grouped.fitted.judgement.how.endswith("no group on both sides.")
    shuffled = frame.drop("who").sample(fraction=1, shuffle=True, seed=1)
    timed = streamed(shuffled, "label", time="when", model="linear").run
    when = shuffled["when"].to_numpy()[timed.dataset.numbers]
    train, validation, test = (
        when[timed.parts == part] for part in (Part.TRAIN, Part.VALIDATION, Part.TEST)
    )
    assert train.max() < validation.min() <= validation.max() < test.min()
    assert len(test) == pytest.approx(0.2 * ROWS, rel=0.2)


def test_a_test_file_judges_alone(tmp_path):
    held = task("label", 300, seed=9)
    ours = streamed(task("label", ROWS), "label", test=held, model="linear")
    assert ours.run.fitted.judgement.how == "Judged on 300 held-out rows of the test file."
    parts = ours.run.parts
    assert (parts == Part.TEST).sum() == 300
    predicted = ours.run.judged.rows
    assert ours.run.dataset.frame[predicted]["size"].equals(held["size"])


def test_rare_classes_are_left_out_and_said():
    place = pl.int_range(ROWS)
    frame = task("label", ROWS).with_columns(
        label=pl.when(place == 1_700)
        .then(pl.lit("a rarity"))  # comes before the others: no code must shift
        .otherwise("label")
    )
    with pytest.raises(TargetError, match="--drop-rare-classes"):
        streamed(frame, "label")
    options = {"drop_rare_classes": True, "class_weight": "balanced", "model": "linear"}
    ours = streamed(frame, "label", **options)
    target = ours.run.fitted.schema.target
    assert (target.classes, target.left_out) == (("no", "yes"), ("a rarity",))
    notes = ours.run.fitted.judgement.notes
    assert "Left out: 1 row of classes too rare to learn: 'a rarity' (1)." in notes
    assert score(ours, "linear") < 0.5
    with pytest.raises(SpecError, match="no classes to leave out"):
        streamed(task("amount", ROWS), "amount", drop_rare_classes=True)


def test_a_class_that_no_row_learned_from_is_of_is_named():
    frame = task("label", ROWS)
    parts = Parting.of(make_spec("label"), ROWS, HELD_CELL * frame.width, 2**34, None)
    test = np.flatnonzero(parts.parts(np.arange(ROWS), None, None) == Part.TEST)
    place = pl.int_range(ROWS).is_in(test[:4].tolist())
    frame = frame.with_columns(label=pl.when(place).then(pl.lit("maybe")).otherwise("label"))
    ours = streamed(frame, "label")
    assert "No row learned from is of class 'maybe'" in ours.run.fitted.judgement.how
    assert np.isfinite(ours.predict_proba(frame[:50])).all()
    assert np.isfinite(score(ours, "baseline"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cv": 3}, "--cv"),
        ({"refit": True}, "--refit"),
        ({"group": "who", "time": "age"}, "by group and by time"),
        ({"metric": "rmse"}, "rmse"),
        ({"slices": ["label"]}, "no slice"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_trained(options, words):
    frame = task("label", 300).with_columns(who=pl.int_range(300), age=pl.int_range(300))
    events = []
    with pytest.raises(GradumError, match=words):
        streamed(frame, "label", on_event=events.append, **options)
    assert not any(type(event).__name__ == "RungStarted" for event in events)


@pytest.mark.parametrize(
    ("rows", "words"), [(0, "no batch"), (10, "10 rows to learn from"), (19, "19 rows")]
)
def test_too_few_rows_are_refused(rows, words):
    with pytest.raises(GradumError, match=words):
        streamed(task("label", max(rows, 1))[:rows], "label")


def test_few_rows_are_enough():
    ours = streamed(task("label", 120), "label", model="linear")
    assert ours.predict(task("label", 5)).shape == (5,)


@pytest.mark.parametrize(
    "form",
    [
        pl.DataFrame.to_pandas,
        pl.DataFrame.to_dicts,
        lambda batch: batch.with_columns(pl.col("amount").cast(pl.Int64)),
        lambda batch: batch.to_dict(as_series=False),
    ],
    ids=["floats", "dicts", "integers", "lists"],
)
def test_a_model_of_a_number_is_saved_whatever_form_the_batches_have(form, tmp_path):
    frame = task("amount", 120)
    given = (form(batch) for batch in batches(frame, 50))
    ours = gradum.fit(given, "amount", model="linear", **QUICK)
    ours.save(tmp_path / "m.gradum")
    loaded = gradum.load(tmp_path / "m.gradum")
    assert (loaded.predict(frame) == ours.predict(frame)).all()


def test_a_schema_that_is_given_decides_the_classes():
    frame = task("label", ROWS)
    schema = infer(Table(frame[:500], "t"), target="label")
    turned = structs.replace(schema, target=structs.replace(schema.target, classes=("yes", "no")))
    ours = streamed(frame, "label", schema=turned, model="linear")
    assert ours.run.fitted.schema.target.classes == ("yes", "no")
    straight = streamed(frame, "label", model="linear")
    ours, theirs = (each.predict_proba(frame[:50]) for each in (ours, straight))
    np.testing.assert_allclose(ours, theirs[:, ::-1], atol=1e-6)
    place = pl.int_range(ROWS) % 100 == 77
    more = frame.with_columns(label=pl.when(place).then(pl.lit("maybe")).otherwise("label"))
    with pytest.raises(TargetError, match="'maybe'"):
        streamed(more, "label", schema=schema, model="linear")


def test_what_a_sample_tells_is_said_and_what_was_unreadable():
    place = pl.int_range(ROWS).is_between(800, 805)
    frame = task("label", ROWS).with_columns(
        size=pl.when(place).then(pl.lit("??")).otherwise(pl.col("size").cast(pl.String))
    )
    seen = []
    schema = infer(Table(frame[:500], "t"), target="label")
    ours = streamed(frame, "label", model="linear", schema=schema, on_event=seen.append)
    notes = ours.run.fitted.judgement.notes
    assert any(note.startswith("3,000 rows, read in blocks within") for note in notes)
    assert "Column 'size': 6 values not of its kind, taken as missing." in notes
    (understood,) = [event for event in seen if isinstance(event, Understood)]
    assert set(understood.notes) <= set(notes)
    assert understood.schema.rows == ROWS


def test_the_same_seed_gives_the_same_weights_however_the_batches_are_cut():
    frame = task("label", 1_500)
    first = gradum.fit(batches(frame, 250), "label", **QUICK)
    second = gradum.fit(batches(frame, 777), "label", **QUICK)
    other = gradum.fit(batches(frame, 250), "label", seed=1, **QUICK)
    prints = [fingerprint(each.run.fitted.rungs.values()) for each in (first, second, other)]
    assert prints[0] == prints[1] != prints[2]


def test_parquet_and_text_of_the_same_rows_give_the_same_weights(tmp_path):
    frame = task("label", 1_500).with_columns(pl.col("size", "age").round(2))
    frame.write_csv(tmp_path / "t.csv")
    frame[:700].write_parquet(tmp_path / "1.parquet")
    frame[700:].write_parquet(tmp_path / "2.parquet")
    prints = []
    for data in (tmp_path / "t.csv", tmp_path / "*.parquet"):
        with opened(data) as rows:
            spec = make_spec("label", max_memory=LEAST_MEMORY, **QUICK)
            finished = run(spec, RowsInBlocks(rows, tmp_path))
            prints.append(fingerprint(finished.fitted.rungs.values()))
    assert prints[0] == prints[1]
    assert {path.name for path in tmp_path.iterdir()} == {"t.csv", "1.parquet", "2.parquet"}


def test_a_wish_to_stop_before_anything_is_learned_is_an_interrupt():
    with pytest.raises(KeyboardInterrupt):
        streamed(task("label", ROWS), "label", stop=lambda: True)
    asked = iter([False] * 9 + [True] * 99)  # in the second pass
    with pytest.raises(KeyboardInterrupt):
        streamed(task("label", ROWS), "label", stop=lambda: next(asked))


def test_a_run_that_was_stopped_has_what_it_had():
    events = []

    def stop():
        return any(type(event).__name__ == "EpochDone" for event in events)

    ours = streamed(task("label", ROWS), "label", on_event=events.append, stop=stop)
    assert ours.run.interrupted
    assert ours.run.fitted.rungs["mlp"].status.value == "interrupted"
    assert ours.predict(task("label", 5)).shape == (5,)


def test_models_save_and_load_and_report(tmp_path):
    frame = mixed(ROWS)
    ours = streamed(frame, "label", slices=["colour"], drop=["grade", "amount"])
    ours.save(tmp_path / "m.gradum")
    again = gradum.load(tmp_path / "m.gradum")
    np.testing.assert_array_equal(again.predict_proba(frame[:40]), ours.predict_proba(frame[:40]))
    page = ours.report()
    assert "read in blocks" in page
    assert "colour" in page
    assert ours.evaluate(frame[:500])


def test_rows_too_wide_for_the_bound_are_refused_with_what_they_take(monkeypatch):
    frame = task("label", 1_500)
    monkeypatch.setattr(rows_in_blocks, "FEWEST_HELD", 10**6)
    with pytest.raises(
        TableError, match=r"columns: even in blocks it takes about .* but only 500 MB"
    ):
        streamed(frame, "label", max_memory=LEAST_MEMORY)
