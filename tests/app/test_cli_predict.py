"""``gradum predict``: every row in order, kept columns, rungs, files, and refusals."""

import dataclasses
import json

import msgspec
import numpy as np
import polars as pl
import pytest

import gradum
from gradum.messages import as_text
from gradum.run.memory import memory_bound
from gradum.tables.sources import stream
from synthetic import ONCE, task


def test_every_row_is_predicted_in_order(gradum_command, linear_run, tables, tmp_path):
    folder, _ = linear_run
    ended = gradum_command("predict", folder, tables / "held.csv", "-o", tmp_path / "p.parquet")
    assert (ended.code, ended.err) == (0, "")
    assert "80 rows predicted by the linear model" in ended.out
    frame = pl.read_parquet(tmp_path / "p.parquet")
    model = gradum.load(folder / "model.gradum")
    assert frame["row"].to_list() == list(range(1, 81))
    assert frame["prediction"].to_list() == model.predict(tables / "held.csv").tolist()
    np.testing.assert_array_equal(
        frame["probability_yes"], model.predict_proba(tables / "held.csv")[:, 1]
    )


def test_a_model_file_does_as_well_as_its_run(gradum_command, linear_run, tables, tmp_path):
    folder, _ = linear_run
    for name, model in (("a.csv", folder), ("b.csv", folder / "model.gradum")):
        gradum_command("predict", model, tables / "held.csv", "-o", tmp_path / name)
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()


def test_a_model_of_an_interrupted_run_says_so(gradum_command, linear_run, tables, tmp_path):
    folder, _ = linear_run
    model = gradum.load(folder / "model.gradum")
    cut_short = msgspec.structs.replace(model.fitted.judgement, interrupted=True)
    model.fitted = dataclasses.replace(model.fitted, judgement=cut_short)
    model.save(tmp_path / "m.gradum")
    asked = (tables / "held.csv", "-o", tmp_path / "p.csv", "--force")
    assert "run was interrupted" in gradum_command("predict", tmp_path / "m.gradum", *asked).out
    assert "run was interrupted" not in gradum_command("predict", folder, *asked).out


def test_kept_columns_stand_first_as_they_were(gradum_command, linear_run, tables, tmp_path):
    arguments = ["--keep", "city", "--keep", "size", "-o", tmp_path / "p.csv"]
    gradum_command("predict", linear_run[0], tables / "held.csv", *arguments)
    frame = pl.read_csv(tmp_path / "p.csv")
    assert frame.columns[:3] == ["city", "size", "prediction"]
    held = pl.read_csv(tables / "held.csv")
    assert frame.select("city", "size").equals(held.select("city", "size"))


def test_a_rung_can_be_named(gradum_command, linear_run, tables, tmp_path):
    arguments = ["--rung", "baseline", "-o", tmp_path / "p.csv"]
    gradum_command("predict", linear_run[0], tables / "held.csv", *arguments)
    assert pl.read_csv(tmp_path / "p.csv")["probability_yes"].n_unique() == 1
    ended = gradum_command(
        "predict", linear_run[0], tables / "held.csv", "--rung", "mlp", "-o", tmp_path / "q.csv"
    )
    assert ended.code == 2
    assert "baseline, linear" in ended.err
    assert not (tmp_path / "q.csv").exists()


@pytest.fixture
def strange(tables, tmp_path):
    frame = pl.read_csv(tables / "held.csv").with_columns(
        colour=pl.when(pl.int_range(80) < 3).then(pl.lit("violet")).otherwise("colour"),
        size=pl.when(pl.int_range(80) == 5).then(1e7).otherwise("size"),
    )
    frame.write_csv(tmp_path / "strange.csv")
    return tmp_path / "strange.csv"


def test_differences_are_told_and_counted(gradum_command, linear_run, strange, tmp_path):
    ended = gradum_command("predict", linear_run[0], strange, "-o", tmp_path / "p.csv")
    assert "'violet'" in ended.out
    assert "rows 1, 2, 3" in ended.out
    assert "row 6 is outside" in ended.out
    ended = gradum_command("predict", linear_run[0], strange, "-o", tmp_path / "q.csv", "--json")
    said = json.loads(ended.out)
    assert said["rows"] == 80
    counts = {(each["column"], each["kind"]): each["count"] for each in said["differences"]}
    assert (counts["colour", "unseen levels"], counts["size", "out of range"]) == (3, 1)
    quiet = gradum_command("predict", linear_run[0], strange, "-o", tmp_path / "r.csv", "-q")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    assert (tmp_path / "p.csv").read_text() == (tmp_path / "r.csv").read_text()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda f: f.rename({"colour": "color"}), "'color'"),
        (lambda f: f.with_columns(size=pl.lit("large")), "'large'"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(
    change, named, gradum_command, linear_run, tables, tmp_path
):
    change(pl.read_csv(tables / "held.csv")).write_csv(tmp_path / "t.csv")
    ended = gradum_command("predict", linear_run[0], tmp_path / "t.csv", "-o", tmp_path / "p.csv")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert named in ended.err
    assert not (tmp_path / "p.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["-o", "p.xlsx"], "End the name in .parquet or .csv, which a spreadsheet opens."),
        (["-o", "-"], "not to standard output. Name one that ends in .parquet or .csv."),
        (["-o", "no/p.csv"], "no"),
        (["-o", "taken.csv"], "--force"),
        (["-o", "p.csv", "--keep", "town"], "town"),
    ],
)
def test_where_and_what_to_write_is_checked(
    arguments, named, gradum_command, linear_run, tables, tmp_path, monkeypatch
):
    (tmp_path / "taken.csv").write_text("mine")
    monkeypatch.chdir(tmp_path)
    ended = gradum_command("predict", linear_run[0], tables / "held.csv", *arguments)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert named in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["taken.csv"]
    assert (tmp_path / "taken.csv").read_text() == "mine"


def test_force_replaces_a_file(gradum_command, linear_run, tables, tmp_path):
    (tmp_path / "p.csv").write_text("old")
    arguments = [linear_run[0], tables / "held.csv", "-o", tmp_path / "p.csv", "--force"]
    assert gradum_command("predict", *arguments).code == 0
    assert len(pl.read_csv(tmp_path / "p.csv")) == 80


def test_sets_stand_beside_predictions_with_their_guarantee(
    gradum_command, linear_run, tables, tmp_path
):
    folder, _ = linear_run
    asked = ("predict", folder, tables / "held.csv", "--interval", 0.8, "--by-class")
    ended = gradum_command(*asked, "-o", tmp_path / "p.csv")
    assert (ended.code, ended.err) == (0, "")
    model = gradum.load(folder)
    said = model.guarantee(0.8, by_class=True)
    assert " ".join(said.sentence.split()) in " ".join(ended.out.split())
    expected = [list(s) for s in model.predict_set(tables / "held.csv", 0.8, by_class=True)]
    frame = pl.read_csv(tmp_path / "p.csv")
    assert frame.columns[-2:] == ["set", "outside"]
    assert [json.loads(text) for text in frame["set"]] == expected
    ended = gradum_command(*asked, "--json", "-o", tmp_path / "p.parquet")
    assert pl.read_parquet(tmp_path / "p.parquet")["set"].to_list() == expected
    assert json.loads(ended.out)["guarantee"] == msgspec.to_builtins(said, enc_hook=as_text)
    assert json.loads(ended.out)["guarantee"]["name"] == "cross"


def test_nothing_is_promised_of_later_days_and_new_stores(gradum_command, tmp_path):
    rng, days = np.random.default_rng(0), np.arange(150)
    store = np.repeat(["north", "south"], 150)
    date = np.datetime64("2020-01-01") + np.tile(days, 2)
    frame = pl.DataFrame({"date": date, "store": store, "sales": rng.normal(9, 2, 300).round(2)})
    model = gradum.fit(frame, "sales", model="linear", explain=False, **ONCE)
    model.save(tmp_path / "model.gradum")
    new = pl.DataFrame(
        {
            "date": np.array(["2020-02-01", "2024-02-01", "2020-02-01", "2026-02-01"], "M8[D]"),
            "store": ["north", "north", "west", "west"],
        }
    )
    new.write_csv(tmp_path / "new.csv")
    asked = ("predict", tmp_path / "model.gradum", tmp_path / "new.csv", "--interval", 0.9)
    ended = gradum_command(*asked, "-o", tmp_path / "p.parquet")
    said = " ".join(ended.out.split())
    assert "Column 'date' ranged from 2020-01-01 to 2020-05-29 in training; rows 2, 4" in said
    assert (
        "Nothing is promised for 2 rows, since their 'date' is none of those learned from; the "
        "column 'outside' says which rows. Nothing is promised for 2 rows, since their 'store'"
    ) in said
    outside = pl.read_parquet(tmp_path / "p.parquet")["outside"].to_list()
    assert outside == [None, "date", "store", "date, store"]
    frame.write_csv(tmp_path / "new.csv")
    ended = gradum_command(*asked, "-o", tmp_path / "p.parquet", "--force")
    assert "Nothing is promised" not in ended.out
    assert pl.read_parquet(tmp_path / "p.parquet")["outside"].null_count() == 300


def test_intervals_of_a_table_in_blocks_are_those_of_the_table(
    gradum_command, tables, tmp_path, monkeypatch
):
    fitted = gradum.fit(task("amount", 300), "amount", model="linear", interval_by="colour", **ONCE)
    fitted.save(tmp_path / "model.gradum")
    asked = ("predict", tmp_path / "model.gradum", tables / "amount.csv", "--interval", 0.9, "-o")
    assert gradum_command(*asked, tmp_path / "whole.csv").code == 0
    monkeypatch.setattr(memory_bound, "predicted_in_blocks", lambda *_: True)
    monkeypatch.setattr(stream, "BLOCK_ROWS", 70)
    assert gradum_command(*asked, tmp_path / "blocks.csv").code == 0
    whole, blocks = (pl.read_csv(tmp_path / f"{name}.csv") for name in ("whole", "blocks"))
    assert whole.columns == ["row", "prediction", "low", "high", "outside"]
    assert whole["outside"].null_count() == blocks["outside"].null_count() == len(whole)
    whole, blocks = whole.drop("outside"), blocks.drop("outside")
    assert (whole["low"] < whole["high"]).all()
    np.testing.assert_allclose(whole.to_numpy(), blocks.to_numpy())
    lacking = pl.read_csv(tables / "amount.csv").with_columns(colour=pl.lit("mauve"))
    lacking.write_csv(tmp_path / "new.csv")
    gradum_command(*asked[:2], tmp_path / "new.csv", *asked[3:], tmp_path / "new.parquet")
    assert pl.read_parquet(tmp_path / "new.parquet")["high"].is_infinite().all()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--interval", "1"], "The coverage is 1."),
        (["--interval", "nan"], "The coverage is nan."),
        (["--by-class"], "--interval"),
        (["--quantiles", "0.5"], "neither quantiles nor a threshold"),
        (["--beyond", "250"], "neither quantiles nor a threshold"),
        (["--interval", "0.9", "--rung", "mlp"], "no model 'mlp'"),
    ],
)
def test_an_interval_that_makes_no_sense_is_refused_in_a_line(
    words, error, gradum_command, linear_run, tables, tmp_path
):
    out = ("-o", tmp_path / "p.csv")
    ended = gradum_command("predict", linear_run[0], tables / "held.csv", *words, *out)
    assert ended.code == 2
    assert error in ended.err
    assert ended.err.count("\n") == 1
    assert not (tmp_path / "p.csv").exists()


def test_quantiles_and_probabilities_beyond_are_columns(
    gradum_command, regressor, tables, tmp_path, monkeypatch
):
    regressor.save(tmp_path / "model.gradum")
    asked = ("predict", tmp_path / "model.gradum", tables / "amount.csv", "--rung", "linear")
    asked = (*asked, "--quantiles", "0.1,0.9", "--beyond", 20)
    ended = gradum_command(*asked, "-o", tmp_path / "whole.csv")
    assert (ended.code, ended.err) == (0, "")
    assert "lies below a quantile with the quantile's probability, to within 1 in 241." in ended.out
    whole = pl.read_csv(tmp_path / "whole.csv")
    assert whole.columns == ["row", "prediction", "quantile_0.1", "quantile_0.9", "beyond_20"]
    distribution = regressor.predict_distribution(tables / "amount.csv", rung="linear")
    np.testing.assert_allclose(whole.to_numpy()[:, 2:4], distribution.quantile([0.1, 0.9]))
    np.testing.assert_allclose(whole["beyond_20"], distribution.beyond(20))
    monkeypatch.setattr(memory_bound, "predicted_in_blocks", lambda *_: True)
    monkeypatch.setattr(stream, "BLOCK_ROWS", 70)
    ended = gradum_command(*asked, "--json", "-o", tmp_path / "blocks.csv")
    assert "1 in 241" in json.loads(ended.out)["distribution"]
    blocks = pl.read_csv(tmp_path / "blocks.csv")
    np.testing.assert_allclose(whole.to_numpy(), blocks.to_numpy())


def test_a_row_of_totals_is_predicted_and_said_also_where_blocks_are(
    gradum_command, linear_run, tables, tmp_path, monkeypatch
):
    rows = pl.read_csv(tables / "held.csv").drop_nulls().drop("label")
    sums = {name: rows[name].sum() for name in ("size", "age")} | {"colour": "Total"}
    with_total = pl.concat([rows, pl.DataFrame([sums])], how="diagonal_relaxed")
    with_total.write_csv(tmp_path / "new.csv")
    said = []
    for in_blocks in (False, True):
        monkeypatch.setattr(memory_bound, "predicted_in_blocks", lambda *_, is_so=in_blocks: is_so)
        ended = gradum_command(
            "predict", linear_run[0], tmp_path / "new.csv", "-o", tmp_path / f"{in_blocks}.csv"
        )
        said.append([line for line in ended.out.splitlines() if f"Row {len(rows) + 1}" in line])
    assert len(said[0]) == 1
    assert said[0] == said[1]


@pytest.mark.parametrize("blocks", [False, True], ids=["whole", "in blocks"])
def test_levels_in_any_case_are_one_in_the_run_and_in_later_rows(
    blocks, gradum_command, tables, tmp_path, monkeypatch
):
    monkeypatch.setattr(stream, "BLOCK_ROWS", 64)
    mixed = pl.when(pl.int_range(pl.len()) % 3 == 0)
    colour = mixed.then(pl.col("colour").str.to_uppercase()).otherwise("colour")
    pl.read_csv(tables / "label.csv").with_columns(colour).write_csv(tmp_path / "mixed.csv")
    asked = ["--fold-case", "colour", "--model", "linear", "--no-explain"]
    asked += ["--blocks", "--max-memory", "500MB"] if blocks else []
    run = tmp_path / "run"
    ended = gradum_command("fit", tmp_path / "mixed.csv", "-t", "label", *asked, "-o", run)
    assert ended.code == 0
    model = gradum.load(run / "model.gradum")
    (step,) = [step for step in model.fitted.encoder.steps if step.source == "colour"]
    assert all(level == level.lower() for level in step.levels)
    held = pl.read_csv(tables / "held.csv")
    expected = model.predict_proba(held)
    for to in ("to_uppercase", "to_titlecase"):
        given = held.with_columns(getattr(pl.col("colour").str, to)())
        np.testing.assert_array_equal(model.predict_proba(given), expected)
        np.testing.assert_array_equal(model.predict_proba(given.row(3, named=True)), expected[3:4])
