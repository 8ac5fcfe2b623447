"""Flawed input as users give it: mended on the way in, and the user told so."""

import json

import numpy as np
import polars as pl
import pytest

ROWS = 60
QUICK = ["--model", "linear", "--cv", "2"]


def mended():
    rng = np.random.default_rng(0)
    size = rng.normal(size=ROWS).round(3)

    def text(values, **others):
        by_row = {int(name[1:]) - 1: value for name, value in others.items()}
        return [by_row.get(k, str(value)) for k, value in enumerate(values)]

    return pl.DataFrame(
        {
            "size": text(size, r8="inf", r10="-inf"),
            "huge": text(rng.normal(size=ROWS).round(3), r9="1e300"),
            "gone": [None] * ROWS,
            "mixed": text(rng.normal(size=ROWS).round(3), r3="abc1", r4="abc2", r5="1,2,3"),
            "city": ["Paris" if k % 3 else "paris " for k in range(ROWS)],
            "weight": [f"{60 + k % 13} kg" for k in range(ROWS)],
            "sentinel": text(rng.normal(size=ROWS).round(3), r1="-999", r2="-999", r3="-999"),
            "label": text(["yes" if value > 0 else "no" for value in size], r2="", r4="NA"),
        }
    )


SAID = {
    "numbers beyond float32": "1 value taken as missing, being no usable number: '1e300' (1)",
    "infinite numbers": "2 values taken as missing, being no usable number: '-inf' (1)",
    "a column without a value": "gone constant, not used Every value is missing; not used.",
    "words among numbers": "95% are numbers, but 3 values not ('abc1', 'abc2', '1,2,3'); correct",
    "stray spaces": "spaces around 20 values removed",
    "upper and lower case": "'paris', 'Paris' differ only in upper and lower case: --fold-case",
    "units": "Numbers from 60 to 72; stored as text with 'kg'",
    "a marker of missing values": "-999, in 3 rows, may mean missing: write NA if so",
    "rows without a target": "note: Left out: 2 rows without a target.",
}


@pytest.fixture(scope="module")
def mended_run(gradum_command, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mended")
    mended().write_csv(folder / "mended.csv")
    ended = gradum_command(
        "fit", folder / "mended.csv", "-t", "label", *QUICK, "-o", folder / "run"
    )
    return folder / "run", ended


@pytest.mark.parametrize("what", SAID)
def test_what_is_mended_is_said(what, mended_run):
    _, ended = mended_run
    assert (ended.code, ended.err) == (0, "")
    assert SAID[what] in " ".join(ended.out.split())


def test_the_rows_judged_are_those_with_a_target(mended_run):
    predictions = pl.read_parquet(mended_run[0] / "predictions.parquet")
    assert predictions["row"].to_list() == [k for k in range(1, ROWS + 1) if k not in (2, 4)]
    assert predictions["probability_yes"].is_finite().all()


@pytest.mark.parametrize("value", ["1e300", "inf", "-1e39"])
def test_targets_that_no_model_can_hold_are_left_out_and_said(value, gradum_command, tmp_path):
    y = [str(k * 1.5) if k != 6 else value for k in range(ROWS)]
    pl.DataFrame({"x": range(ROWS), "y": y}).write_csv(tmp_path / "t.csv")
    ended = gradum_command("fit", tmp_path / "t.csv", "-t", "y", *QUICK, "-o", tmp_path / "run")
    said = " ".join(ended.out.split())
    assert (ended.code, ended.err) == (0, "")
    assert f"no number in row 7 ({value!r}); 1 row without it left out" in said
    assert 7 not in pl.read_parquet(tmp_path / "run" / "predictions.parquet")["row"]


@pytest.mark.parametrize("value", [1e300, -1e38])
def test_features_far_out_of_range_are_predicted_with_finite_numbers(
    value, gradum_command, tmp_path
):
    frame = pl.DataFrame({"x": np.linspace(-1, 1, ROWS), "y": np.linspace(3, 5, ROWS) ** 2})
    frame.write_parquet(tmp_path / "t.parquet")
    gradum_command("fit", tmp_path / "t.parquet", "-t", "y", *QUICK, "-o", tmp_path / "run", "-q")
    strange = frame.with_columns(x=pl.when(pl.int_range(ROWS) == 2).then(value).otherwise("x"))
    strange.write_parquet(tmp_path / "strange.parquet")
    arguments = [tmp_path / "run", tmp_path / "strange.parquet", "-o", tmp_path / "p.csv"]
    ended = gradum_command("predict", *arguments)
    assert ended.code == 0
    assert "row 3" in ended.out
    assert pl.read_csv(tmp_path / "p.csv")["prediction"].is_finite().all()


@pytest.mark.parametrize(
    ("encoding", "mark", "said"),
    [
        ("utf-8", b"\xef\xbb\xbf", None),
        ("utf-16", b"", "UTF-16"),
        ("latin-1", b"", "encoding Windows-1252"),
    ],
)
def test_encodings_marks_and_windows_line_ends_change_nothing(
    encoding, mark, said, gradum_command, tmp_path
):
    text = "größe,straße,y\n" + "".join(f"{k},Höhe {k % 3},{k % 2}\n" for k in range(ROWS))
    (tmp_path / "plain.csv").write_text(text, encoding="utf-8")
    (tmp_path / "other.csv").write_bytes(mark + text.replace("\n", "\r\n").encode(encoding))
    told = {
        name: gradum_command("inspect", tmp_path / name, "-t", "y", "--json").out
        for name in ("plain.csv", "other.csv")
    }
    plain, other = (json.loads(each) for each in told.values())
    assert plain["columns"] == other["columns"]
    assert [column["name"] for column in other["columns"]] == ["größe", "straße", "y"]
    if said:
        assert said in gradum_command("inspect", tmp_path / "other.csv").out


@pytest.fixture(scope="module")
def rare(tmp_path_factory):
    """A file with two classes that are too rare."""
    folder = tmp_path_factory.mktemp("rare")
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "x": rng.normal(size=ROWS).round(3),
            "label": ["yes", "no"] * 28 + ["maybe", "maybe", "never", "yes"],
        }
    )
    frame.write_csv(folder / "rare.csv")
    frame[40:].write_csv(folder / "held.csv")
    return folder


@pytest.mark.parametrize("judging", [["--cv", "3"], ["--test", "held.csv"]])
def test_rows_of_rare_classes_are_left_out_where_asked(
    judging, rare, gradum_command, tmp_path, monkeypatch
):
    monkeypatch.chdir(rare)
    arguments = ["fit", "rare.csv", "-t", "label", "--drop-rare-classes", "--model", "linear"]
    ended = gradum_command(*arguments, *judging, "-o", tmp_path / "run")
    said = " ".join(ended.out.split())
    assert (ended.code, ended.err) == (0, "")
    left_out = "Left out: 3 rows of classes too rare to learn: 'maybe' (2), 'never' (1)."
    assert f"note: {left_out}" in said
    assert (f"note: Test file: {left_out}" in said) == ("--test" in judging)
    predictions = pl.read_parquet(tmp_path / "run" / "predictions.parquet")
    assert set(predictions["label"]) == {"yes", "no"}
    assert predictions.columns[-2:] == ["probability_no", "probability_yes"]
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_bytes())
    assert metrics["task"] == "binary"
    assert left_out in metrics["judgement"]["notes"]


def test_a_run_that_left_out_classes_can_be_evaluated_and_repeated(rare, gradum_command, tmp_path):
    arguments = [rare / "rare.csv", "-t", "label", "--drop-rare-classes", *QUICK, "-q"]
    gradum_command("fit", *arguments, "-o", tmp_path / "run")
    ended = gradum_command("evaluate", tmp_path / "run", rare / "held.csv")
    assert ended.code == 0
    assert "Left out: 3 rows of classes too rare" in " ".join(ended.out.split())
    ended = gradum_command("rerun", tmp_path / "run", "-o", tmp_path / "again")
    assert "bit-identical" in " ".join(ended.out.split())
