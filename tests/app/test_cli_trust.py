"""``gradum trust``: exit codes, JSON, thresholds, the page, and what is refused in one line."""

import json
import shutil
import tomllib
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from markupsafe import escape
from statsmodels.stats.multitest import multipletests

import gradum
from gradum.api.trust.part import PartThresholds
from gradum.api.trust.parts import PARTS
from gradum.errors import NotCertifiableError
from pages import text_of
from synthetic import ONCE

FIXTURES = Path(__file__).parents[1] / "ship" / "fixtures"


@pytest.fixture(scope="module")
def report(gradum_command, linear_run, tables, tmp_path_factory):
    """The report of a run on held-out rows by two columns, as JSON, and its page."""
    page = tmp_path_factory.mktemp("trust") / "trust.html"
    ended = gradum_command(
        *("trust", linear_run[0], tables / "held.csv", "--json", "-o", page),
        *("--by", "colour", "--by", "member"),
    )
    return ended, json.loads(ended.out), page.read_text("utf-8")


def lines(content):
    return {(check["name"], check["about"]): check for check in content["checks"]}


def status(content, name):
    return {check["status"] for check in content["checks"] if check["name"] == name}


def test_the_exit_code_is_that_of_the_lines(report):
    ended, content, _ = report
    failed = [check for check in content["checks"] if check["status"] == "failed"]
    assert ended.code == (3 if failed else 0)
    assert content["status"] == ("failed" if failed else "held")
    counted = dict.fromkeys(("held", "failed", "not checked"), 0)
    for check in content["checks"]:
        counted[check["status"]] += 1
    assert content["counts"] == counted


def test_every_line_of_every_part_is_there_and_says_why(report):
    _, content, _ = report
    named = {check["name"] for check in content["checks"]}
    assert named == {line.name for part in PARTS for line in part.lines}
    for check in content["checks"]:
        assert check["reason"]
        if check["status"] == "not checked":
            assert check["figure"] == ""
        else:
            assert check["figure"]
            assert check["threshold"]


def test_figures_are_those_of_the_run(report, linear_run, tables):
    _, content, _ = report
    model = gradum.load(linear_run[0])
    verdict = model.fitted.judgement.verdict
    difference = next(c.difference for c in verdict.comparisons if c.against == "baseline")
    found = lines(content)
    assert found["scores.baseline", ""]["value"] == difference.value
    assert found["coverage.guarantee", ""]["value"] == model.guarantee(0.9).at_least
    assert found["data.alarms", ""]["value"] == len(model.fitted.judgement.alarms)
    evaluation = model.evaluate(tables / "held.csv", by=["colour", "member"])
    change = next(c for c in evaluation.changes if c.metric == verdict.metric)
    assert found["scores.table", ""]["value"] == change.difference.value
    rates = {
        group.values: group.scores["selection_rate"].value
        for group in evaluation.groups.groups
        if group.column == "member"
    }
    ratio = min(rates.values()) / max(rates.values())
    assert found["groups.selection", "member"]["value"] == pytest.approx(ratio)


def test_the_page_shows_every_line_and_ends_with_what_was_not_checked(report):
    _, content, page = report
    known = [check for check in content["checks"] if check["status"] != "not checked"]
    assert page.count('class="demand ') >= len(content["checks"]) + len(known)
    read = text_of(page)
    for check in content["checks"]:
        assert check["reason"] in read
    last = page[page.rindex('<details class="part">') :]
    assert 'id="not-checked"' in last
    for check in content["checks"]:
        if check["status"] == "not checked":
            assert escape(check["reason"]) in last
        else:
            assert f"<b>{escape(check['title'])}" not in last


def test_without_a_table_nothing_is_said_of_new_rows(gradum_command, linear_run):
    ended = gradum_command("trust", linear_run[0], "--json")
    content = json.loads(ended.out)
    for name in ("scores.table", "calibration.table", "coverage.table", "drift.table"):
        (check,) = (check for check in content["checks"] if check["name"] == name)
        assert check["status"] == "not checked"
        assert check["remedy"].startswith(f"To check it: gradum trust {linear_run[0]}")


def test_a_run_whose_findings_have_no_p_value_is_tested_by_its_judged_rows(
    gradum_command, linear_run, tmp_path
):
    run = tmp_path / "run"
    shutil.copytree(linear_run[0], run)
    findings = json.loads((run / "findings.json").read_text("utf-8"))
    before = findings["reliability"].pop("p_value")
    (run / "findings.json").write_text(json.dumps(findings), "utf-8")
    content = json.loads(gradum_command("trust", run, "--json").out)
    assert lines(content)["calibration.judged", ""]["p_value"] == pytest.approx(before)


def test_every_test_has_its_p_value_and_its_power(report):
    _, content, _ = report
    tested = [check for check in content["checks"] if check["p_value"] is not None]
    assert {check["name"] for check in tested} == {
        *("calibration.judged", "calibration.table", "coverage.groups", "coverage.table"),
        *("drift.table", "groups.score", "groups.selection", "scores.table"),
    }
    adjusted = multipletests([check["p_value"] for check in tested], method="holm")[1]
    assert [check["adjusted_p"] for check in tested] == pytest.approx(adjusted.tolist())
    assert all(check["detectable"] > 0 and check["power"] for check in tested)
    assert content["family"] == {"error": 0.03, "lines": len(tested), "power": 0.8}


def test_moved_rows_fail(gradum_command, linear_run, tables, tmp_path):
    held = pl.read_csv(tables / "held.csv")
    flipped = pl.col("label").replace({"yes": "no", "no": "yes"})
    moved = held.with_columns(pl.selectors.float() * 1.5 + 3, flipped)
    moved.write_csv(tmp_path / "moved.csv")
    ended = gradum_command("trust", linear_run[0], tmp_path / "moved.csv", "--json")
    content = json.loads(ended.out)
    assert ended.code == 3
    for name in ("scores.table", "calibration.table", "coverage.table", "drift.table"):
        assert status(content, name) == {"failed"}, name


def test_rows_without_the_target_are_only_watched(gradum_command, linear_run, tables, tmp_path):
    pl.read_csv(tables / "held.csv").drop("label").write_csv(tmp_path / "new.csv")
    content = json.loads(gradum_command("trust", linear_run[0], tmp_path / "new.csv", "--json").out)
    assert status(content, "scores.table") == {"not checked"}
    assert "no column 'label'" in lines(content)["scores.table", ""]["reason"]
    assert status(content, "drift.table") == {"held"}


@pytest.mark.slow
def test_rows_of_the_run_are_no_new_rows(gradum_command, linear_run, tables):
    content = json.loads(gradum_command("trust", linear_run[0], tables / "label.csv", "--json").out)
    for name in ("scores.table", "calibration.table", "coverage.table"):
        assert status(content, name) == {"not checked"}


@pytest.mark.slow
def test_the_same_run_has_the_same_weights_and_an_edited_one_has_not(
    gradum_command, linear_run, tmp_path
):
    run = tmp_path / "run"
    shutil.copytree(linear_run[0], run)
    same = gradum_command("trust", run, "--rerun", "--json")
    assert status(json.loads(same.out), "reproducibility.weights") == {"held"}
    spec = run / "spec.toml"
    spec.write_text(spec.read_text().replace("strengths = [", "strengths = [\n    50.0,"))
    other = gradum_command("trust", run, "--rerun", "--json")
    assert other.code == 3
    assert status(json.loads(other.out), "reproducibility.weights") == {"failed"}


def test_a_table_that_has_changed_fails(gradum_command, linear_run, tables, tmp_path):
    run, table = tmp_path / "run", tmp_path / "label.csv"
    shutil.copytree(linear_run[0], run)
    shutil.copy(tables / "label.csv", table)
    spec = run / "spec.toml"
    spec.write_text(spec.read_text().replace(str(tables / "label.csv"), str(table)))
    assert gradum_command("trust", run, "--quiet").code == 0
    table.write_text(table.read_text() + "1,2,red,true,city 01,yes\n")
    ended = gradum_command("trust", run, "--rerun", "--json")
    content = json.loads(ended.out)
    assert ended.code == 3
    assert status(content, "data.table") == {"failed"}
    assert status(content, "reproducibility.weights") == {"not checked"}


def test_the_thresholds_that_are_written_are_the_defaults(gradum_command, tmp_path):
    path = tmp_path / "trust.toml"
    assert gradum_command("trust", "--write-thresholds", path).code == 0
    text = path.read_text("utf-8")
    asking = [part for part in PARTS if part.thresholds is not PartThresholds]
    expected = {part.name: json.loads(msgspec.json.encode(part.thresholds())) for part in asking}
    assert tomllib.loads(text) == {"require": [], "error": 0.03, **expected}
    settings = [line for line in text.splitlines() if " = " in line and line[0] != "#"]
    explained = text.split("\n")
    assert all(explained[explained.index(line) - 1].startswith("# ") for line in settings)
    again = gradum_command("trust", "--write-thresholds", path)
    assert (again.code, again.err.count("\n")) == (2, 1)
    assert gradum_command("trust", "--write-thresholds", path, "--force").code == 0


def test_thresholds_decide(gradum_command, linear_run, tmp_path):
    path = tmp_path / "trust.toml"
    auc = gradum.load(linear_run[0]).fitted.judgement.scores["linear"]["test"]["auc"]
    for bound, code in ((auc.low - 1e-6, 0), (auc.low + 1e-6, 3)):
        path.write_text(f"[scores.bounds]\nauc = {bound}\n")
        ended = gradum_command("trust", linear_run[0], "--thresholds", path, "--json")
        assert ended.code == code
        (check,) = (c for c in json.loads(ended.out)["checks"] if c["name"] == "scores.bounds")
        assert (check["limit"], check["value"]) == (bound, auc.value)


@pytest.mark.parametrize(
    ("required", "code"),
    [("scores", 0), ("scores.table", 3), ("stress", 3), ("scores.baseline", 0)],
)
def test_what_must_be_checked_fails_unchecked(gradum_command, linear_run, tmp_path, required, code):
    path = tmp_path / "trust.toml"
    path.write_text(f'require = ["{required}"]\n', "utf-8-sig")  # as editors on Windows do
    ended = gradum_command("trust", linear_run[0], "--thresholds", path)
    assert ended.code == code
    assert ("must be checked" in ended.out) == (code == 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[calibration]\nmost_gaps = 0.1", "most_gaps"),
        ("[calibration]\nmost_gap = 'wide'", "most_gap"),
        ("[calibration]\nmost_gap = -1", "most_gap"),
        ("[groups]\nleast_selection_ratio = 1.5", "least_selection_ratio"),
        ("[weather]\nsun = 1", "weather"),
        ("error = 0.2", "error"),
        ("require = ['strss']", "'stress'"),
        ("[scores.bounds]\nauk = 0.5", "'auc'"),
        ("[scores.bounds]\nrmse = 0.5", "rmse"),
        ("[scores.bounds]\nlog_loss = inf", "the bound of log_loss is inf"),
        ("[scores.bounds]\nlog_loss = nan", "the bound of log_loss is nan"),
        ("most = = 1", "cannot be used"),
        ("require = []\n# \udce9", "not written in UTF-8: see line 2. Save it"),
    ],
)
def test_mistakes_in_thresholds_are_one_line(gradum_command, linear_run, tmp_path, text, words):
    path = tmp_path / "trust.toml"
    path.write_text(text, "utf-8", "surrogateescape")
    ended = gradum_command("trust", linear_run[0], "--thresholds", path)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert words in ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "nothing to examine"),
        (("{run}", "--target", "label"), "knows its target"),
        (("{run}", "--by", "hue"), "'hue'"),
        (("{run}", "{tables}/absent.csv"), "absent.csv"),
        (("{run}", "--thresholds", "{tables}/absent.toml"), "absent.toml"),
        (("{run}", "-o", "{tables}/held.csv"), "no report"),
        (("{tables}/absent.csv",), "absent.csv"),
        (("{tables}/held.csv",), "--target"),
        (("{tables}/held.csv", "--target", "label"), "--score"),
        (("{tables}/held.csv", "--rerun"), "fitted again"),
    ],
)
def test_mistakes_are_one_line(gradum_command, linear_run, tables, arguments, words):
    named = [word.format(run=linear_run[0], tables=tables) for word in arguments]
    ended = gradum_command("trust", *named)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert words in ended.err


def test_properties_that_are_asked_for_are_proved_or_refuted(gradum_command, linear_run, tmp_path):
    model = gradum.load(linear_run[0])
    column = next(c.name for c in model.fitted.schema.features if c.kind == "numeric")
    proved, refuted = f"monotone {column}+", f"monotone {column}-"
    if model.verify(proved).verdict == "refuted":
        proved, refuted = refuted, proved
    asked = tmp_path / "asked.toml"
    asked.write_text(f'[properties]\nask = ["{proved}", "{refuted}"]\n')
    ended = gradum_command("trust", linear_run[0], "--thresholds", asked, "--json")
    assert ended.code == 3
    found = lines(json.loads(ended.out))
    assert found["properties.proved", proved]["status"] == "held"
    failed = found["properties.proved", refuted]
    assert failed["status"] == "failed"
    assert column in failed["reason"]  # the counterexample


def test_a_model_file_alone_says_what_it_lacks(linear_run, tmp_path):
    shutil.copy(linear_run[0] / "model.gradum", tmp_path / "model.gradum")
    report = gradum.load(tmp_path / "model.gradum").trust()
    unchecked = {check.name for check in report.not_checked}
    assert {"data.table", "calibration.judged", "reproducibility.weights"} <= unchecked
    assert "scores.baseline" not in unchecked
    assert not report.failed


def test_a_model_that_guesses_is_not_shown_to_be_better():
    rng = np.random.default_rng(1)
    table = pl.DataFrame({"x": rng.normal(size=200), "y": rng.normal(size=200)})
    report = gradum.fit(table, "y", model="linear", **ONCE).trust()
    (check,) = (check for check in report.checks if check.name == "scores.baseline")
    assert check.status == "failed"
    assert report.failed
    assert "scores.baseline" in report.frame.filter(pl.col("status") == "failed")["name"]
    assert "failed" in repr(report)


@pytest.mark.slow
def test_names_in_a_table_are_no_markup(gradum_command, linear_run, tables, tmp_path):
    strange = "<script>alert(1)</script>[bold]{x}"
    held = pl.read_csv(tables / "held.csv")
    rng = np.random.default_rng(0)
    groups = rng.choice(["<b>one</b>", "[red]two"], len(held))
    held.with_columns(pl.Series(strange, groups)).write_csv(tmp_path / "strange.csv")
    page = tmp_path / "trust.html"
    ended = gradum_command(
        "trust", linear_run[0], tmp_path / "strange.csv", "--by", strange, "-o", page
    )
    assert "[bold]{x}" in " ".join(ended.out.split())
    text = page.read_text("utf-8")
    assert "<script>alert" not in text
    assert "<b>one</b>" not in text
    assert str(escape("<b>one</b>")) in text


def test_a_model_that_cannot_be_stressed_or_certified_leaves_that_unchecked(monkeypatch):
    def uncertifiable(*_, **__):
        raise NotCertifiableError("Several quantiles have no bounds.", "Choose another model.")

    monkeypatch.setattr("gradum.api.model.Model.verify", uncertifiable)
    earlier = gradum.load(FIXTURES / "number-1.gradum")
    rows = json.loads((FIXTURES / "number-1.json").read_bytes())["rows"]
    asked = {"stress": {"rows": 2}, "properties": {"ask": ["range 0..1", "range 0..2"]}}
    report = earlier.trust(rows, thresholds=asked)
    reasons = {(check.name, check.about): check.reason for check in report.not_checked}
    for line in ("stress.kept", "stress.proved"):
        assert reasons[line, ""].startswith("The model was made by an earlier gradum")
    for text in asked["properties"]["ask"]:
        assert reasons["properties.proved", text] == "Several quantiles have no bounds."
