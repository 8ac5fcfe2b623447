"""The command: resumes, compares what was made elsewhere, writes the page, refuses in one line."""

import json
from pathlib import Path

import pytest
from benchmarks.quality import command, main
from benchmarks.quality.methods import METHODS
from benchmarks.quality.outcomes import Key, Outcome
from benchmarks.quality.runs import Plan

SECTION, BY_TIME = "<!-- quality -->\nold\n<!-- end -->", "<!-- quality by time -->\n<!-- end -->"
PAGE = f"# Accuracy\n{SECTION}\nafter\n{BY_TIME}\n"


@pytest.fixture(autouse=True)
def page(tmp_path, monkeypatch):
    """A page, pictures and kept results of the test's own, and a working directory."""
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "accuracy.md"
    page.write_text(PAGE)
    monkeypatch.setattr(command, "PAGE", page)
    monkeypatch.setattr(command, "IMAGES", tmp_path / "docs" / "images")
    monkeypatch.setattr(command, "KEPT", tmp_path / "docs" / "data" / "quality.jsonl")
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
        error = 0.2 + 0.1 * methods.index(key.method)
        return Outcome(**key._asdict(), n=100, cpu_s=1.0, error=error)

    monkeypatch.setattr(Plan, "run", run)
    return ran


def refused(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(*map(str, arguments))
    said = capsys.readouterr().err
    return ended.value.code, said


def test_a_run_is_printed_and_published_where_that_is_asked_for(
    folder, fits, page, tmp_path, capsys
):
    words = ("--data", str(folder), "--seeds", "2", "--rows", "50,4000")
    main(*words)
    assert len(fits) == 3 * 3 * 2 * 2
    assert len((tmp_path / "build/quality.jsonl").read_text().splitlines()) == 36
    said = capsys.readouterr().out
    assert "36/36  number  4000 rows  seed 1  hist_gradient_boosting  0.4000  1.00 CPU s" in said
    assert page.read_text() == PAGE
    main(*words, "--publish")
    text = page.read_text()
    assert text.startswith(
        "# Accuracy\n<!-- quality -->\nAt most 50 training rows; 3 sets, 6 fits of each method:"
    )
    assert text.endswith(f"<!-- end -->\nafter\n{BY_TIME}\n")
    assert "At most 4,000 training rows; 3 sets, 6 fits of each method:" in text
    assert "| linear | 1.00 | 1 | 1 | 1 |  | 10.00 | 1 |" in text
    assert "| sklearn_mlp | 2.00 | 1.500 (1.500 to 1.500) | 1.500 |" in text
    for rows in (50, 4000):
        assert f"](images/quality-random-{rows}.svg)" in text
        svg = (tmp_path / f"docs/images/quality-random-{rows}.svg").read_text()
        assert "error of linear / error of sklearn_mlp" in svg


def test_splits_by_time_have_a_section_of_their_own(folder, index, fits, page):
    index["sets"]["two"]["time_col"] = "id"
    elsewhere = folder.parent / "index.json"
    elsewhere.write_text(json.dumps(index))
    words = ("--data", str(folder), "--index", str(elsewhere), "--split", "time", "--rows", "50")
    main(*words, "--methods", "linear,sklearn_mlp", "--publish")
    assert {key.set for key in fits} == {"two"}
    assert {key.split for key in fits} == {"time"}
    assert SECTION in page.read_text()
    assert "<!-- quality by time -->\nAt most 50 training rows; 1 set, 10" in page.read_text()


def test_other_libraries_fits_are_kept_and_compared_with_later(folder, fits, monkeypatch, capsys):
    words = ("--data", str(folder), "--seeds", "1", "--rows", "50")
    main(*words, "--methods", "linear,sklearn_mlp", "--keep")
    assert len(command.KEPT.read_text().splitlines()) == 6
    command.RESULTS.unlink()
    main(*words, "--methods", "linear,sklearn_mlp,hist_gradient_boosting", "--reference", "linear")
    assert len(fits) == 6 + 3
    main("--only-table", "--rival", "hist_gradient_boosting", "--pictures", "drawn")
    assert "| sklearn_mlp | 2.00 | 1.500" in capsys.readouterr().out
    assert "error of hist_gradient_boosting" in Path("drawn/quality-random-50.svg").read_text()
    command.RESULTS.unlink()
    main("--only-table")
    monkeypatch.setattr(command, "GRADUM", "linear")
    main(*words, "--methods", "linear,hist_gradient_boosting", "--keep")
    assert "hist_gradient_boosting" in command.KEPT.read_text()
    assert len(command.KEPT.read_text().splitlines()) == 9  # what was kept of linear stays


def test_only_the_sizes_of_the_plan_are_compared(folder, fits, monkeypatch, capsys):
    words = ("--data", str(folder), "--seeds", "1", "--methods", "linear")
    main(*words, "--rows", "50")
    monkeypatch.setattr(command, "SIZES", (70,))
    capsys.readouterr()
    main(*words)
    assert "At most 70 training rows" in (report := capsys.readouterr().out)
    assert "At most 50" not in report


def test_a_fit_that_was_run_is_not_run_again(folder, fits, tmp_path):
    results, other = tmp_path / "results.jsonl", tmp_path / "other.jsonl"
    results.write_text(
        '{"method": "linear", "set": "two", "seed": 0, "error": 0.3}\n'
        '{"method": "linear", "set": "three", "seed": 0, "failed": "timeout"}\n'
        '{"method": "linear", "set": "num'
    )
    other.write_text('{"method": "sklearn_mlp", "set": "two", "seed": 0, "error": 0.1}\n')
    words = ("--methods", "linear,sklearn_mlp", "--seeds", "1", "--results", str(results))
    words = ("--data", str(folder), "--rows", "4000", *words, "--results", str(other))
    main(*words)
    assert fits == [
        Key("sklearn_mlp", "three", 0),
        Key("linear", "number", 0),
        Key("sklearn_mlp", "number", 0),
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

    words = ("--data", folder, "--methods", "linear", "--seeds", "2", "--rows", "50")
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


def test_results_made_elsewhere_are_compared(tmp_path, capsys, page):
    write(tmp_path / "x.jsonl", {key: error for key, error in ELSEWHERE.items() if key[0] == "x"})
    write(tmp_path / "y.jsonl", {key: error for key, error in ELSEWHERE.items() if key[0] == "y"})
    words = ("--only-table", "--results", "x.jsonl", "--results", "y.jsonl")
    main(*words, "--pictures", "drawn")
    said = capsys.readouterr().out
    assert "| x | 1.50 | 1 | 1 | 1 |  | – | 1 |" in said
    assert "| y | 1.50 | 1.095 (" in said  # √(0.3 / 0.2 · 0.4 / 0.5)
    assert page.read_text() == PAGE
    assert (tmp_path / "drawn/quality-random-4000.svg").read_text().startswith("<svg")
    main(*words, "--methods", "y", "--sets", "t", "--pictures", "none")
    assert "1 set, 1 fit of each method" in capsys.readouterr().out
    assert not list((tmp_path / "none").iterdir())


def test_sizes_in_one_file_are_compared_apart(folder, fits, capsys):
    words = ("--data", str(folder), "--methods", "linear,sklearn_mlp", "--seeds", "1")
    main(*words, "--rows", "50")
    main(*words, "--rows", "60")
    assert len(fits) == 12
    capsys.readouterr()
    main("--only-table")
    said = capsys.readouterr().out
    assert "At most 50 training rows" in said
    assert "At most 60 training rows" in said
    main("--only-table", "--rows", "60")
    assert "At most 50 training rows" not in capsys.readouterr().out


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
        (("--only-table", "--results", "some.jsonl", "--rows", "9,x"), "'x' is not a whole number"),
        (("--only-table", "--results", "some.jsonl", "--rows", "9"), "no fit of x, y in the"),
        (("--only-table", "--results", "some.jsonl", "--rival", "z"), "no method 'z'. There are x"),
        (("--data", "tables", "--split", "time"), "None of two, three, number can be divided by"),
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
