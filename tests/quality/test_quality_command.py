"""The command: resumes, ranks what was made elsewhere, writes the page, refuses in one line."""

import json

import pytest
from benchmarks.quality import command, main
from benchmarks.quality.methods import METHODS
from benchmarks.quality.outcomes import Outcome
from benchmarks.quality.runs import Plan

PAGE = "# Accuracy\n<!-- quality -->\nold\n<!-- end -->\nafter\n"


@pytest.fixture(autouse=True)
def page(tmp_path, monkeypatch):
    """A page and a picture of the test's own, and a working directory for results."""
    (tmp_path / "docs" / "images").mkdir(parents=True)
    page = tmp_path / "docs" / "accuracy.md"
    page.write_text(PAGE)
    monkeypatch.setattr(command, "PAGE", page)
    monkeypatch.setattr(command, "PICTURE", tmp_path / "docs" / "images" / "quality.svg")
    monkeypatch.setattr(command, "take_cores", lambda: None)
    monkeypatch.chdir(tmp_path)
    return page


@pytest.fixture
def fits(monkeypatch):
    """Fits that take no time: `linear` errs by 0.2, others by more; those that were run."""
    ran, methods = [], ["linear", "sklearn_mlp", "hist_gradient_boosting"]
    monkeypatch.setattr(command, "METHODS", dict.fromkeys(methods))

    def run(plan, key, timeout):
        ran.append(key)
        method, name, seed = key
        error = 0.2 + 0.1 * methods.index(method)
        return Outcome(method, name, seed, n=100, fit_s=1.0, error=error, rows=plan.rows)

    monkeypatch.setattr(Plan, "run", run)
    return ran


def refused(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(*map(str, arguments))
    said = capsys.readouterr().err
    return ended.value.code, said


def test_a_whole_run_writes_its_section_and_picture(folder, fits, page, tmp_path, capsys):
    main("--data", str(folder))
    assert len(fits) == 3 * 3 * 2
    text = page.read_text()
    assert text.startswith("# Accuracy\n<!-- quality -->\n3 sets, 6 fits of each method:")
    assert text.endswith("<!-- end -->\nafter\n")
    assert "| linear | 1.00 | 3 | 1.000 | 10.00 | 0 |" in text
    assert "](images/quality.svg)" in text
    assert (tmp_path / "docs/images/quality.svg").read_text().startswith("<svg")
    assert len((tmp_path / "build/quality.jsonl").read_text().splitlines()) == 18
    assert (
        "18/18  number  seed 1  hist_gradient_boosting  0.4000  1.00 s" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    "part",
    [
        ("--methods", "linear,sklearn_mlp"),
        ("--sets", "two,three"),
        ("--seeds", "1"),
        ("--rows", "9"),
    ],
)
def test_a_part_only_prints(folder, fits, page, capsys, part):
    main("--data", str(folder), *part)
    assert page.read_text() == PAGE
    assert "| linear | 1.00 |" in capsys.readouterr().out


def test_a_fit_that_was_run_is_not_run_again(folder, fits, tmp_path):
    results, other = tmp_path / "results.jsonl", tmp_path / "other.jsonl"
    results.write_text(
        '{"method": "linear", "set": "two", "seed": 0, "error": 0.3}\n'
        '{"method": "linear", "set": "three", "seed": 0, "failed": "timeout"}\n'
        '{"method": "linear", "set": "num'
    )
    other.write_text('{"method": "sklearn_mlp", "set": "two", "seed": 0, "error": 0.1}\n')
    words = ("--methods", "linear,sklearn_mlp", "--seeds", "1", "--results", str(results))
    words = ("--data", str(folder), *words, "--results", str(other))
    main(*words)
    assert fits == [
        ("sklearn_mlp", "three", 0),
        ("linear", "number", 0),
        ("sklearn_mlp", "number", 0),
    ]
    assert len(results.read_text().splitlines()) == 2 + 3
    assert len(other.read_text().splitlines()) == 1
    main(*words)
    assert len(fits) == 3


def test_an_interrupted_run_goes_on(folder, fits, monkeypatch, capsys, tmp_path):
    run = Plan.run

    def interrupted(plan, key, timeout):
        if len(fits) == 2:
            raise KeyboardInterrupt
        return run(plan, key, timeout)

    words = ("--data", folder, "--methods", "linear", "--seeds", "2")
    monkeypatch.setattr(Plan, "run", interrupted)
    assert refused(capsys, *words) == (130, "Stopped; the same command goes on from here.\n")
    monkeypatch.setattr(Plan, "run", run)
    main(*map(str, words))
    assert len(fits) == len(set(fits)) == 6


def write(path, errors):
    path.write_text(
        "".join(
            json.dumps({"method": method, "set": name, "seed": 0, "error": error}) + "\n"
            for (method, name), error in errors.items()
        )
    )


ELSEWHERE = {("x", "s"): 0.2, ("y", "s"): 0.3, ("x", "t"): 0.5, ("y", "t"): 0.4}


def test_results_made_elsewhere_are_ranked(tmp_path, capsys, page):
    write(tmp_path / "x.jsonl", {key: each for key, each in ELSEWHERE.items() if key[0] == "x"})
    write(tmp_path / "y.jsonl", {key: each for key, each in ELSEWHERE.items() if key[0] == "y"})
    words = ("--only-table", "--results", "x.jsonl", "--results", "y.jsonl")
    main(*words, "--picture", "ranks.svg")
    said = capsys.readouterr().out
    assert "| x | 1.50 | 1 | 1.118 | – | 0 |" in said  # √(1 · 0.5 / 0.4)
    assert "| y | 1.50 | 1 | 1.225 | – | 0 |" in said  # √(0.3 / 0.2 · 1)
    assert page.read_text() == PAGE
    assert (tmp_path / "ranks.svg").read_text().startswith("<svg")
    main(*words, "--methods", "y", "--sets", "t")
    assert "1 set, 1 fit of each method" in capsys.readouterr().out


def test_a_ranking_that_covers_the_suite_writes_the_page(folder, fits, page):
    main("--data", str(folder), "--methods", "linear,sklearn_mlp")
    assert page.read_text() == PAGE
    main("--data", str(folder), "--only-table")
    assert "| linear | 1.00 | 3 |" in page.read_text()
    assert "hist_gradient_boosting" not in page.read_text()


def test_fits_of_other_rows_are_not_ranked_together(folder, fits, capsys):
    main("--data", str(folder), "--methods", "linear", "--rows", "50")
    code, said = refused(capsys, "--data", folder, "--methods", "linear", "--rows", "60")
    assert code == 2
    assert "at most 50 training rows" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--data names no folder of tables. Name one"),
        (("--data", "nowhere"), "nowhere has no index.json. Name a folder that has one."),
        (("--data", "tables", "--methods", "boost"), "no method 'boost'. There are gradum-quick,"),
        (("--data", "tables", "--sets", "two,four"), "no set 'four'. It has two, three, number"),
        (("--only-table", "--results", "no.jsonl"), "no.jsonl cannot be read: No such file"),
        (("--only-table", "--results", "some.jsonl", "--methods", "z"), "There are x, y."),
        (("--only-table", "--results", "some.jsonl", "--seeds", "0"), "'0' is not a whole number"),
        (("--data", "tables", "--timeout", "long"), "'long' is not a number of seconds"),
        (("--data", "tables", "--results", "tables"), "cannot be read: Is a directory"),
    ],
)
def test_what_cannot_be_used_ends_in_one_line_and_code_2(folder, tmp_path, capsys, arguments, said):
    write(tmp_path / "some.jsonl", ELSEWHERE)
    code, text = refused(capsys, *arguments)
    assert code == 2
    assert said in text
    assert "Traceback" not in text


def test_a_package_that_is_missing_is_said_before_anything_is_fitted(
    folder, fits, monkeypatch, capsys
):
    monkeypatch.setitem(METHODS, "sklearn_mlp", ("a-package-that-nobody-has",))
    code, said = refused(capsys, "--data", folder)
    assert code == 2
    assert "sklearn_mlp needs a-package-that-nobody-has, which is not installed." in said
    assert "pip install 'gradum[bench]'" in said
    assert fits == []
