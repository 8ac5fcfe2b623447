"""Refusals by the system, which end in one line, whichever command meets them."""

import datetime as dt
import os
from importlib import import_module
from pathlib import Path

import pytest

from command_line import run, short_paths

BAD = os.fsdecode(b"bad\xff")


@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", f"{BAD}.csv"),
        ("fit", f"{BAD}.csv", "-t", "y"),
        ("fit", "t.csv", "-t", BAD),
        ("fit", "t.csv", "-t", "y", "-o", BAD),
        ("predict", BAD, "t.csv"),
        ("compare", BAD, "runs"),
    ],
)
def test_bytes_that_are_no_letters_are_refused_before_anything_is_made(
    arguments, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    ended = run(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: The argument 'bad\\udcff")
    assert ended.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("fit", "t.csv", "-t", "y", "-o", "x" * 300),
        ("predict", "x" * 300, "t.csv"),
        ("evaluate", "x" * 300, "t.csv"),
        ("report", "x" * 300),
        ("rerun", "x" * 300),
        ("resume", "x" * 300),
        ("compare", "x" * 300, "x" * 300),
        ("inspect", "x" * 300),
    ],
)
def test_a_name_too_long_for_the_system_ends_in_one_line(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("x,y\n1,2\n")
    ended = run(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert "File name too long" in ended.err


def test_memory_that_does_not_suffice_ends_in_one_line(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,2\n")

    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr("gradum.tables.sources.read.read", full)
    ended = run("inspect", path)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: There is not enough memory left. Give fewer rows")
    assert ended.err.count("\n") == 1


def sales(path):
    """Two shops of 60 days, with every third day of one absent."""
    stamps = [dt.date(2024, 1, 1) + dt.timedelta(day) for day in range(60)]
    lines = [
        f"{day},{shop},{5 + (k + n) % 7}"
        for n, shop in enumerate("ab")
        for k, day in enumerate(stamps)
        if n or k % 3
    ]
    path.write_text("\n".join(["day,shop,sold", *lines]) + "\n")
    return path


@pytest.mark.parametrize(
    "place",
    [
        "gradum.run.run.after_judging",
        "gradum.study.findings.findings.forecast",
        "gradum.show.report.report_html",
    ],
)
def test_what_fails_after_learning_leaves_the_model_and_says_how_to_go_on(
    place, tmp_path, monkeypatch
):
    def fails(*_, **__):
        raise ZeroDivisionError("of a planted\nmistake")

    monkeypatch.setattr(place, fails)
    folder = tmp_path / "run"
    words = ("-t", "sold", "--time", "day", "--series", "shop", "--horizon", 3)
    with short_paths():
        ended = run("fit", sales(tmp_path / "t.csv"), *words, "--model", "linear", "-o", folder)
    assert ended.code == 1
    assert ended.err.count("\n") == 1
    for word in ("ZeroDivisionError: of a planted mistake", "model.gradum", f"predict {folder}"):
        assert word in ended.err
    assert run("resume", folder).out == f"The run in {folder} is finished.\n"
    ahead = tmp_path / "ahead.csv"
    ended = run("predict", folder, "-o", ahead)
    assert ended.code == 0
    assert len(ahead.read_text().splitlines()) == 1 + 2 * 3
    assert ("low" in ahead.read_text()) == ("no intervals" not in ended.out)


@pytest.mark.slow
def test_a_killed_forecast_of_series_with_gaps_is_resumed_and_used(tmp_path, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    folder, out = tmp_path / "run", tmp_path / "ahead.csv"
    words = ("-t", "sold", "--time", "day", "--series", "shop", "--horizon", 3)
    with short_paths():
        monkeypatch.setattr(import_module("gradum.api.resume"), "save_run", killed)
        ended = run("fit", sales(tmp_path / "t.csv"), *words, "--model", "linear", "-o", folder)
        assert ended.code == 130
        assert "is not finished" in run("predict", folder, "-o", out).err
        monkeypatch.undo()
        assert run("resume", folder).code == 0
    later = tmp_path / "later.csv"
    days = [dt.date(2024, 3, 1) + dt.timedelta(day) for day in range(9)]
    sold = [f"{day},{shop},{'' if day.day in (2, 5) else 7}" for shop in "ab" for day in days]
    later.write_text("\n".join(["day,shop,sold", *sold]) + "\n")
    assert run("evaluate", folder, later).code == 0
    ended = run("predict", folder, later, "-o", out)
    assert ended.code == 0
    assert "a season before is missing" in ended.out
    ended = run("export", folder, "-o", tmp_path / "model.onnx")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
