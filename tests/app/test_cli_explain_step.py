"""``gradum explain-step``: a row of a table by its number, and what is refused in one line."""

import numpy as np
import polars as pl
import pytest

import gradum


@pytest.fixture(scope="module")
def ladder_run(tables, tmp_path_factory, gradum_command):
    """A run folder of a small network on ``amount.csv``."""
    folder = tmp_path_factory.mktemp("runs") / "mlp"
    asked = ["--model", "mlp", "--hidden", 8, "--max-epochs", 5, "--cv", 2, "-o", folder, "-q"]
    assert gradum_command("fit", tables / "amount.csv", "-t", "amount", *asked).code == 0
    return folder


def test_a_row_is_found_by_its_number_and_its_forward_pass_is_the_prediction(
    gradum_command, linear_run, tables
):
    folder, _ = linear_run
    ended = gradum_command("explain-step", folder, tables / "held.csv", "--row", 7)
    assert (ended.code, ended.err) == (0, "")
    row = pl.read_csv(tables / "held.csv").row(6, named=True)
    assert ended.out.startswith("Row 7 of held.csv, one step of gradient descent")
    assert f"the class being {row['label']}" in ended.out
    model = gradum.load(folder / "model.gradum")
    p = model.predict_proba({name: row[name] for name in row if name != "label"})[0, 1]
    assert f"{p:.4g}"[:6] in ended.out
    assert "verdict" in ended.out
    assert "agree (rounding explains" in ended.out


def test_a_model_file_and_a_page(gradum_command, ladder_run, tables, tmp_path):
    page = tmp_path / "step.html"
    asked = [tables / "amount.csv", "--row", 300, "--rung", "mlp"]
    asked += ["--learning-rate", 0.05, "-o", page]
    ended = gradum_command("explain-step", ladder_run / "model.gradum", *asked)
    assert (ended.code, ended.err) == (0, "")
    assert f"Written to {page}." in ended.out
    written = page.read_text(encoding="utf-8")
    assert "<h1>Row 300 of amount.csv, one step of gradient descent</h1>" in written.replace(
        "<wbr>", ""
    )
    assert "<math" in written
    again = gradum_command("explain-step", ladder_run, *asked)
    assert again.code == 0
    assert page.read_text(encoding="utf-8") == written


def test_the_target_can_be_given_and_columns_besides_are_left_out(
    gradum_command, ladder_run, tables, tmp_path
):
    frame = pl.read_csv(tables / "amount.csv")
    frame.drop("amount").with_columns(note=pl.lit("x")).write_csv(tmp_path / "new.csv")
    asked = ("explain-step", ladder_run, tmp_path / "new.csv", "--row", 2, "--rung", "mlp")
    without = gradum_command(*asked)
    assert (without.code, without.err.count("\n")) == (2, 1)
    assert "'amount', which is the target" in without.err
    assert "--target-value" in without.err
    given = gradum_command(*asked, "--target-value", "-3.5")
    assert given.code == 0
    rung = gradum.load(ladder_run / "model.gradum").fitted.rung("mlp")
    learned = rung.target_scale.forward(np.array(-3.5))
    assert f"{learned:.4g}".replace("-", "−")[:6] in given.out


def test_a_table_too_large_to_hold_is_read_in_blocks(
    gradum_command, linear_run, tables, monkeypatch
):
    from gradum.questions.rows import table_rows

    whole = gradum_command("explain-step", linear_run[0], tables / "held.csv", "--row", 80)
    monkeypatch.setattr(table_rows, "predicted_in_blocks", lambda *_: True)
    asked = ("explain-step", linear_run[0], tables / "held.csv", "--row")
    assert gradum_command(*asked, 80).out == whole.out
    assert "from 1 to 80" in gradum_command(*asked, 81).err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--row", 81], "held.csv has 80 rows, and none has the number 81. Give a number from 1"),
        (["--row", 0], "from 1 to 80"),
        (["--row", "first"], "--row"),
        ([], "--row"),
        (["--row", 1, "--rung", "baseline"], "baseline has no inputs"),
        (["--row", 1, "--rung", "mlp"], "Choose among baseline, linear"),
        (["--row", 1, "--target-value", "perhaps"], "never saw in row 1: 'perhaps'"),
        (["--row", 9, "--target-value", "perhaps"], "never saw in row 9: 'perhaps'"),
        (["--row", 1, "--learning-rate", 0], "learning_rate is 0"),
        (["--row", 1, "-o", "no/step.html"], "no"),
        (["--row", 1, "-o", "taken.html"], "taken.html exists already"),
    ],
)
def test_what_cannot_be_explained_is_said_in_one_line(
    arguments, named, gradum_command, linear_run, tables, tmp_path, monkeypatch
):
    (tmp_path / "taken.html").write_text("mine")
    monkeypatch.chdir(tmp_path)
    ended = gradum_command("explain-step", linear_run[0], tables / "held.csv", *arguments)
    assert (ended.code, ended.err.count("\n"), ended.out) == (2, 1, "")
    assert named in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["taken.html"]


def test_a_table_or_a_run_that_is_not_there_is_said(gradum_command, linear_run, tables, tmp_path):
    gone = gradum_command("explain-step", linear_run[0], tmp_path / "moved.csv", "--row", 1)
    assert (gone.code, gone.err.count("\n")) == (2, 1)
    assert "moved.csv" in gone.err
    empty = gradum_command("explain-step", tmp_path, tables / "held.csv", "--row", 1)
    assert (empty.code, empty.err.count("\n")) == (2, 1)


def test_hostile_names_reach_neither_the_terminal_nor_the_page_as_they_are(
    gradum_command, tmp_path
):
    rng = np.random.default_rng(0)
    names = '<b>size & "q"', "kind <u>"
    size, kind = rng.normal(size=60), rng.choice(["<i>one\x1b[2J", "two\x9b\u202e"], 60)
    frame = pl.DataFrame({names[0]: size, names[1]: kind, "y": size * 2})
    frame.write_parquet(tmp_path / "t.parquet")
    asked = ["--model", "linear", "--cv", 2, "-o", tmp_path / "run", "-q"]
    assert gradum_command("fit", tmp_path / "t.parquet", "-t", "y", *asked).code == 0
    page = tmp_path / "step.html"
    ended = gradum_command(
        "explain-step", tmp_path / "run", tmp_path / "t.parquet", "--row", 3, "-o", page
    )
    assert ended.code == 0
    assert [c for c in ended.out if not c.isprintable() and c != "\n"] == []
    written = page.read_text(encoding="utf-8")
    assert "<b>size" not in written
    assert "<i>" not in written
    assert "&lt;b&gt;size &amp; &#34;q&#34;" in written
    assert "kind &lt;u&gt;=&lt;i&gt;one\\x1b[2J" in written or "two\\x9b\\u202e" in written
    assert not set("\x1b\x9b\u202e") & set(written)
