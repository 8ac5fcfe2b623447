"""A run shown again, by other slices and costs, and next to another run."""

import json
import re

import msgspec
import pytest
from sklearn.metrics import log_loss

import gradum
from gradum.api import load_run
from gradum.messages import as_text
from gradum.questions.rows.judged_rows import judged_rows
from synthetic import task

pytestmark = pytest.mark.usefixtures("whole_reports")


@pytest.fixture(scope="module")
def other_run(tables, gradum_command, tmp_path_factory):
    """The same table without the column that matters most."""
    folder = tmp_path_factory.mktemp("runs") / "other"
    options = ("--model", "linear", "--cv", 2, "--drop", "size", "-o", folder)
    assert gradum_command("fit", tables / "label.csv", "-t", "label", *options).code == 0
    return folder


def charts(page):
    text = re.search(
        r'<script type="application/json" id="charts"[^>]*>(.*?)</script>', page, re.DOTALL
    )
    return json.loads(text[1])


def test_the_judged_rows_of_a_folder_are_those_that_were_judged(linear_run):
    folder, _ = linear_run
    evidence, findings = judged_rows(folder), load_run(folder).findings
    assert len(evidence) == findings.rows == 300
    hits = sum(findings.confusion.counts[k][k] for k in range(2))
    loss = log_loss(evidence.target, evidence.prediction.probability)
    metrics = json.loads((folder / "metrics.json").read_bytes())
    said = metrics["judgement"]["scores"]["linear"]["test"]["log_loss"]["value"]
    # Each row was predicted twice; the log loss is convex, so the mean has at most their mean loss.
    assert 0.95 * said < loss <= said
    # Of a row that was predicted twice, each prediction counts as a half, as in the scores.
    accuracy = metrics["judgement"]["scores"]["linear"]["test"]["accuracy"]["value"]
    assert hits == pytest.approx(300 * accuracy)


def test_a_report_is_written_again_with_the_slices_and_costs_asked_for(
    linear_run, gradum_command, tmp_path
):
    folder, _ = linear_run
    before = (folder / "report.html").read_text()
    assert "threshold" not in charts(before)
    page = tmp_path / "again.html"
    ended = gradum_command("report", folder, "--slice", "colour", "--cost", "FP=1,FN=5", "-o", page)
    assert (ended.code, ended.err) == (0, "")
    drawn = charts(page.read_text())
    assert {row["segment"] for row in drawn["slice-1"]["data"]["values"]} == {
        "red",
        "green",
        "blue",
    }
    assert "threshold" in drawn
    assert (folder / "report.html").read_text() == before
    assert drawn["confusion"] == charts(before)["confusion"]


def test_a_report_takes_the_place_of_a_report_alone(linear_run, gradum_command, tmp_path):
    page, notes = tmp_path / "page.html", tmp_path / "notes.html"
    notes.write_text("<!doctype html>\n<title>gradum</title>\n")
    for _ in range(2):
        assert gradum_command("report", linear_run[0], "-o", page).code == 0
    ended = gradum_command("report", linear_run[0], "-o", notes)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "notes.html exists already and is no report of gradum's. Choose" in ended.err
    assert notes.read_text() == "<!doctype html>\n<title>gradum</title>\n"


def test_a_report_is_named_as_a_page(linear_run, gradum_command, tmp_path):
    ended = gradum_command("report", linear_run[0], "-o", tmp_path / "report")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "would not know" in ended.err
    assert "End the name in .html." in ended.err
    assert not (tmp_path / "report").exists()


def test_rows_are_left_out_where_asked(linear_run, gradum_command, tmp_path):
    folder, _ = linear_run
    before = (folder / "report.html").read_text()
    assert "predicted worst" in before
    assert any(name.startswith("effect") for name in charts(before))
    gradum_command("report", folder, "--no-rows", "-o", tmp_path / "a.html")
    after = (tmp_path / "a.html").read_text()
    assert "predicted worst" not in after
    assert not any(name.startswith("effect") for name in charts(after))


def test_a_run_asked_for_no_rows_keeps_none(tables, gradum_command, tmp_path):
    options = ("--model", "linear", "--cv", 2, "--no-rows", "-o", tmp_path / "run", "-q")
    assert gradum_command("fit", tables / "amount.csv", "-t", "amount", *options).code == 0
    findings = load_run(tmp_path / "run").findings
    assert findings.worst == ()
    assert findings.residuals.points == ()
    page = (tmp_path / "run/report.html").read_text()
    assert "predicted worst" not in page
    assert not any(name.startswith("effect") for name in charts(page))


def test_a_slice_may_be_a_column_that_the_model_does_not_use(tables, gradum_command, tmp_path):
    options = ("--model", "linear", "--cv", 2, "--drop", "colour", "--slice", "colour", "-q")
    folder = tmp_path / "run"
    ended = gradum_command("fit", tables / "label.csv", "-t", "label", *options, "-o", folder)
    assert ended.code == 0
    model = load_run(folder)
    assert {each.values for each in model.findings.segments.slices["colour"]} == {
        "red",
        "green",
        "blue",
    }
    assert "colour" not in model.fitted.encoder.layout.sources


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("report", "{run}", "--slice", "color"), "'color'"),
        (("report", "{run}", "--slice", "label"), "is the target"),
        (("report", "{run}", "--cost", "FP=1"), "FP=1,FN=5"),
        (("report", "{run}", "--cost", "FP=0,FN=1"), "above 0"),
        (("report", "{run}", "-o", "nowhere/page.html"), "nowhere"),
        (("report", "{run}/absent"), "does not exist"),
        (("compare", "{run}", "{run}/absent"), "There is no folder {run}/absent."),
        (("fit", "{table}", "-t", "label", "--slice", "color", "-o", "new"), "'colour'"),
        (("fit", "{table}", "-t", "label", "--slice", "label", "-o", "new"), "is the target"),
        (("fit", "{table}", "-t", "size", "--cost", "FP=1,FN=2", "-o", "new"), "two classes"),
        (("fit", "{table}", "-t", "label", "--cost", "cheap", "-o", "new"), "FP=1,FN=5"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    words, said, linear_run, tables, gradum_command, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    names = {"run": str(linear_run[0]), "table": str(tables / "label.csv")}
    ended = gradum_command(*(word.format(**names) for word in words))
    assert ended.code == 2
    assert said.format(**names) in ended.err
    assert ended.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_python_loads_a_run_folder_with_what_was_found_out(linear_run):
    folder, _ = linear_run
    model, alone = gradum.load(folder), gradum.load(str(folder / "model.gradum"))
    written = json.loads((folder / "findings.json").read_bytes())
    assert written.pop("sayings")
    assert written == json.loads(msgspec.json.encode(model.findings, enc_hook=as_text))
    assert model.source.data == "label.csv"
    assert alone.findings is None
    assert alone.fitted.provenance == model.fitted.provenance


def test_a_run_whose_table_has_changed_is_not_looked_at_again(gradum_command, tmp_path):
    table, folder = tmp_path / "t.csv", tmp_path / "run"
    task("label", 120).write_csv(table)
    options = ("--model", "linear", "--cv", 2, "-q", "-o", folder)
    gradum_command("fit", table, "-t", "label", *options)
    with table.open("a") as file:
        file.write("50,30,red,true,city 01,yes\n")
    ended = gradum_command("report", folder, "--slice", "colour")
    assert ended.code == 2
    assert "t.csv has changed" in ended.err
    assert gradum_command("report", folder).code == 0  # what was found needs no table


def test_the_better_run_is_named_with_its_difference(linear_run, other_run, gradum_command):
    folder, _ = linear_run
    ended = gradum_command("compare", folder, other_run, "--json")
    compared = json.loads(ended.out)
    loss = next(each for each in compared["differences"] if each["metric"] == "log_loss")
    first, second = judged_rows(folder), judged_rows(other_run)
    assert compared["rows"] == 300
    assert loss["first"] == pytest.approx(log_loss(first.target, first.prediction.probability))
    assert loss["second"] == pytest.approx(log_loss(second.target, second.prediction.probability))
    assert loss["finding"] == "first is better"
    shown = gradum_command("compare", folder, other_run)
    assert "first is better" in shown.out
    assert "On the 300 rows that both runs judged" in shown.out


def test_a_margin_is_tested_between_runs_or_with_a_column(linear_run, other_run, gradum_command):
    folder, _ = linear_run
    ended = gradum_command("compare", folder, other_run, "--within", "99%", "--json")
    assert json.loads(ended.out)["as_good"]["margin"] == {"size": 0.99, "is_share": True}
    by_column = gradum_command(
        "compare", folder, "--column", "label", "--within", "1%", "--metric", "mcc"
    )
    assert "The first is worse than the second by more than 1% in MCC" in by_column.out
    assert "Column 'label' holds classes, each taken as certain" in by_column.out
    for options, said in (
        ((), "A run is compared with one other"),
        ((other_run, "--column", "label"), "A run is compared with one other"),
        ((other_run, "--metric", "auc"), "Give --within (within) too"),
        (("--column", "nosuch"), "no column 'nosuch'"),
    ):
        ended = gradum_command("compare", folder, *options)
        assert ended.code == 2
        assert said in ended.err


def test_findings_that_are_damaged_are_one_error(linear_run, gradum_command, tmp_path):
    folder, _ = linear_run
    for name in ("model.gradum", "spec.toml"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    whole = (folder / "findings.json").read_bytes()
    others = (whole.replace(b'"linear"', b'"tree"'), whole.replace(b'"log_loss"', b'"luck"'))
    for damaged in (whole[: len(whole) // 2], b"[]", b"\xff\xfe", *others):
        (tmp_path / "findings.json").write_bytes(damaged)
        ended = gradum_command("report", tmp_path)
        assert ended.code == 2
        assert "findings.json" in ended.err
        assert ended.err.count("\n") == 1
