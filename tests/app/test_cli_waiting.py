"""What a user sees while a question is worked out: by a clock that the test moves."""

import io
import re
import sys
from itertools import pairwise

import pytest

from gradum import waiting as work
from gradum.app.cli import progress, waiting
from gradum.app.cli.place import Place
from gradum.run.events.events import RungStarted
from gradum.solvers.solution import EpochDone


class Terminal(io.StringIO):
    """A terminal that remembers what was drawn."""

    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(waiting.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(waiting, "LONG", 2.0)
    return now


def test_a_pipe_gets_one_line_a_stage_and_nothing_of_what_is_short(clock, capsys):
    with waiting.waiting(shown=True):
        for _ in work.told(range(10), "short", 10):
            clock[0] += 0.1
        assert capsys.readouterr().err == ""
        for stage in ("one", "two"):
            for _ in work.told(range(50), stage, 50):
                clock[0] += 1.0
    assert capsys.readouterr().err == "one\ntwo\n"


def test_nothing_is_shown_where_nothing_is_wanted(clock, capsys):
    with waiting.waiting(shown=False):
        clock[0] += 60
        work.tell("stage", 0.5)
    work.tell("nobody listens", 0.5)
    assert capsys.readouterr().err == ""


def test_a_terminal_shows_the_share_and_the_time_left_and_is_left_tidy(clock, monkeypatch):
    error = Terminal()
    monkeypatch.setattr(sys, "stderr", error)
    monkeypatch.setenv("TERM", "xterm")

    def broken():
        with waiting.waiting(shown=True):
            for place, _ in enumerate(work.told(range(10), "rows", 10)):
                clock[0] += 3.0
                if place == 4:
                    raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        broken()
    drawn = error.getvalue()
    assert "rows: 40%" in drawn
    assert "about 18 s left" in drawn  # 6 tenths, of which each took 3 s
    assert "\x1b[?25h" in drawn  # the cursor is back


def seconds_left(line):
    found = re.search(r"(\d+) s left(.*)", line)
    return None if found is None else (int(found[1]), found[2])


def test_the_time_left_never_rises_by_more_than_a_tenth_without_a_reason(clock):
    """Items take from a tenth of a second to four seconds each, and not evenly."""
    stages, shown = waiting.StageProgress(), []
    paces = [0.1] * 40 + [4.0] * 10 + [0.2] * 30 + [2.0] * 20
    for place, pace in enumerate(paces):
        stages.note(work.Stage("rows", place / len(paces)))
        shown.append(seconds_left(stages.line))
        clock[0] += pace
    shown = [each for each in shown if each is not None]
    rises = [after for before, after in pairwise(shown) if after[0] > 1.1 * before[0]]
    assert len(shown) > 50
    assert rises  # there are some, or the test would say nothing
    assert all(reason for _, reason in rises)
    assert not shown[0][1]


def test_long_times_are_told_in_minutes():
    left = waiting.TimeLeft()
    assert [left.about(seconds) for seconds in (7200, 179.0, 2.4)] == [
        "about 120 min left",
        "about 179 s left",
        "about 2 s left",
    ]
    assert left.at_most(600).startswith("at most 10 min left, as ")


def test_a_stage_that_begins_anew_is_foreseen_anew(clock):
    stages = waiting.StageProgress()
    for done in (0.0, 0.5, 0.9, 0.0, 0.1):
        stages.note(work.Stage("rows", done))
        line = stages.line
        clock[0] += 5.0
    assert seconds_left(line) == (45, "")  # a tenth took 5 s


def test_a_portion_of_the_work_is_counted_as_such():
    heard = []
    with work.heard_by(heard.append):
        for row in range(2):
            with work.portion(row / 2, (row + 1) / 2):
                list(work.told("ab", "letters", 2))
                work.tell("who knows")
    assert [stage.done for stage in heard] == [0, 0.25, 0.5, None, 0.5, 0.75, 1.0, None]


def test_the_folds_of_a_fit_say_why_they_take_longer(clock):
    place = Place()
    lines = []
    for fold, seconds in enumerate([10.0, 10.0, 30.0, 10.0], 1):
        place.note(RungStarted("pack", fold, 4))
        place.note(EpochDone(1, 1, 0.5, 0.5, 1.0))
        lines.append(seconds_left(place.line))
        clock[0] += seconds
    assert lines[0] is None
    assert lines[1] == (30, "")
    assert lines[2] == (20, "")
    assert lines[3] == (17, "")


def test_the_report_tells_its_stages_once_it_takes_long(clock, monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    lines = progress.choose(as_json=False, quiet=False)
    lines.waits(work.Stage("before the report"))
    lines.reporting()
    lines.waits(work.Stage("first"))
    clock[0] += 5.0
    lines.waits(work.Stage("second", 0.5))
    lines.waits(work.Stage("second", 0.6))
    said = [line.strip() for line in sys.stdout.getvalue().splitlines()]
    assert said[1:] == ["second"]


@pytest.mark.parametrize(
    "words",
    [
        ("trust", "RUN"),
        ("verify", "RUN", "--property", "irrelevant city within 0.2", "--timeout", "1"),
        ("counterfactual", "RUN", "--row", "1"),
        ("report", "RUN", "--out", "PAGE"),
    ],
    ids=lambda words: words[0],
)
def test_commands_tell_their_stages_each_once(
    words, gradum_command, linear_run, tmp_path, monkeypatch
):
    folder, _ = linear_run
    given = {"RUN": folder, "PAGE": tmp_path / "page.html"}
    monkeypatch.setattr(waiting, "LONG", 0.0)
    stages = gradum_command(*[given.get(word, word) for word in words]).err.splitlines()
    assert stages
    assert len(set(stages)) == len(stages)
    if words[0] != "report":  # which has no --quiet
        silent = gradum_command(*[given.get(word, word) for word in words], "--quiet")
        assert silent.err == ""
