"""A run's events on the terminal while they come."""

import io
import sys

import pytest

from gradum.app.cli import progress
from gradum.app.cli.place import Place
from gradum.run.events.events import (
    PartitionDone,
    PartitionLate,
    Passed,
    PathStep,
    RungFinished,
    RungStarted,
)
from gradum.solvers.solution import EpochDone


class Terminal(io.StringIO):
    """A terminal that remembers what was drawn."""

    encoding = "utf-8"

    def isatty(self):
        return True


def epoch(number):
    return EpochDone(number, 10 * number, 0.5 / number, 0.6 / number, 0.01 * number)


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes a millisecond at every look, and further when told."""
    now = [0.0]

    def look():
        now[0] += 0.001
        return now[0]

    monkeypatch.setattr(progress.time, "monotonic", look)
    return now


def test_a_terminal_is_redrawn_at_most_ten_times_a_second(monkeypatch, clock):
    monkeypatch.setattr(sys, "stdout", Terminal())
    live = progress.choose(as_json=False, quiet=False)
    assert isinstance(live, progress.Live)
    drawn = []
    monkeypatch.setattr(
        "rich.live.Live.update", lambda live, line, *, refresh: drawn.append((clock[0], line))
    )
    live(RungStarted("mlp", 0, 0))
    for number in range(1, 500):
        live(epoch(number))
    live.close()
    assert len(drawn) <= 10 * clock[0] + 1
    assert len(drawn) >= 5
    assert "MLP epoch" in drawn[-1][1]
    assert "validation loss" in drawn[-1][1]


def test_a_pipe_gets_a_line_a_fold_and_one_a_minute_of_a_long_fit(monkeypatch, clock):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    lines = progress.choose(as_json=False, quiet=False)
    assert isinstance(lines, progress.PlainLines)

    def steps(count):
        before = len(sys.stdout.getvalue().splitlines())
        for step in range(1, count):
            clock[0] += 0.1
            lines(PathStep("linear", step, 2_000, 0.1, 0.25))
        return [line.strip() for line in sys.stdout.getvalue().splitlines()[before:]]

    lines(RungStarted("linear", 0, 0))
    assert len(steps(1_750)) == 2
    lines(RungFinished("linear", 0, 0, "converged", 1.25))
    assert sys.stdout.getvalue().splitlines()[-1].rstrip().endswith("1.2 s: converged")
    for fold in (1, 2, 3):
        lines(RungStarted("linear", fold, 3))
        (said,) = steps(60)
        assert said.startswith(f"linear (fold {fold} of 3) penalty")
        lines(RungStarted("mlp", fold, 3))
        assert not steps(60)


def test_the_time_left_is_told_once_the_first_epoch_no_longer_weighs(monkeypatch, clock):
    """The program is compiled in it: it took 3 s, and each further one takes 0.01 s."""
    place = Place()
    place.note(RungStarted("mlp", 0, 0, epochs=1_000))
    for number in range(1, 302):
        place.note(EpochDone(number, number, 0.5, 0.6, 3 + 0.01 * (number - 1)))
        assert "left" not in place.line
    place.note(EpochDone(302, 302, 0.5, 0.6, 3 + 0.01 * 301))
    assert place.line.endswith(", at most 14 s left")


def test_a_finished_rung_says_what_it_kept_and_not_its_last_epoch():
    place = Place()
    place.note(RungStarted("pack", 0, 0))
    place.note(EpochDone(24, 240, 0.3, 0.9, 2.0))
    place.note(RungFinished("pack", 0, 0, "completed", 2.5, 0.42))
    assert place.line == "network ensemble validation loss 0.42, 2.5 s"


def test_json_and_quiet_come_before_the_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert isinstance(progress.choose(as_json=True, quiet=True), progress.JsonLines)
    silent = progress.choose(as_json=False, quiet=True)
    silent(epoch(1))
    silent.close()
    assert sys.stdout.getvalue() == ""


def test_what_is_left_of_the_time_limit_is_shown(monkeypatch):
    moment = [50.0]
    monkeypatch.setattr("gradum.app.cli.progress.time.monotonic", lambda: moment[0])
    place = Place()
    place.note(RungStarted("linear", 0, 0, seconds=20.0))
    moment[0] = 55.0
    place.note(PathStep("linear", 1, 13, 0.1, 0.5))
    assert place.line.endswith(", at most 15 s left")
    moment[0] = 99.0
    place.note(PathStep("linear", 2, 13, 0.1, 0.5))
    assert place.line.endswith(", at most 0 s left")
    place.note(RungStarted("linear", 0, 0))
    place.note(PathStep("linear", 1, 13, 0.1, 0.5))
    assert place.line.endswith("validation loss 0.5")


def test_a_pass_over_a_table_says_its_partition_its_speed_and_the_time_left():
    place = Place()
    place.note(PartitionDone("survey", 1, 4, 1_000, 9.0))  # two processes started meanwhile
    assert place.line == "first pass over the table: partition 1 of 4"
    place.note(PartitionDone("survey", 3, 4, 3_000, 11.0))
    assert place.line == "first pass over the table: partition 3 of 4, 1,000 rows/s, about 1 s left"
    place.note(RungStarted("linear", 0, 0))
    place.note(PartitionDone("sums", 1, 4, 1_000, 1.0))
    assert place.line == "linear partition 1 of 4"
    place.note(PartitionLate("sums", "a.parquet, rows 1 to 9", "process 7", 12.0, 1.0))
    assert place.line == (
        "linear waiting 12 s for a.parquet, rows 1 to 9 on process 7, where others took 1.0 s"
    )
    place.note(Passed("linear", 1, 4_000, 0.5, 4.0))
    assert place.line == "linear pass 1 over 4,000 rows"


def test_networks_that_were_late_are_forgotten_once_their_epoch_is_done():
    place = Place()
    place.note(RungStarted("pack", 0, 0, 9))
    place.note(PartitionLate("members", "networks 4–6", "", 12.0, 1.0))
    assert place.line == ("network ensemble waiting 12 s for networks 4–6, where others took 1.0 s")
    place.note(epoch(1))
    assert "epoch 1" in place.line
