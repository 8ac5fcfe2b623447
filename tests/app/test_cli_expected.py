"""The forecast of what a run takes, wherever its events go."""

import io
import json
import re
import sys

import pytest

import gradum
from gradum.app.cli import progress
from gradum.run.events.events import Expected, PartitionDone
from synthetic import task

EVENT = Expected(
    240.0, 3_000_000_000, "Training and judging will take about 4 minutes and 3.0 GB of memory."
)


class Terminal(io.StringIO):
    """A terminal that remembers what was drawn."""

    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.mark.parametrize("screen", [io.StringIO, Terminal])
def test_people_read_the_sentence(screen, monkeypatch):
    monkeypatch.setattr(sys, "stdout", screen())
    shown = progress.choose(as_json=False, quiet=False)
    shown(EVENT)
    shown.close()
    assert EVENT.sentence in sys.stdout.getvalue()


def test_programs_read_the_figures(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    progress.choose(as_json=True, quiet=False)(EVENT)
    said = json.loads(sys.stdout.getvalue())
    assert said == {
        "event": "expected",
        "seconds": 240.0,
        "bytes": 3_000_000_000,
        "sentence": EVENT.sentence,
        "much": True,
    }


@pytest.mark.parametrize("options", [[], ["--blocks", "--model", "linear"]])
def test_a_dry_run_says_what_a_run_would_take_and_leaves_nothing(
    gradum_command, tmp_path, monkeypatch, options
):
    monkeypatch.chdir(tmp_path)
    task("label", 300).write_csv("t.csv")
    said = gradum_command("fit", "t.csv", "--target", "label", "--dry-run", *options)
    assert re.search(r"will take about \d+ seconds", said.out)
    assert len(said.out.splitlines()) <= 2
    told = json.loads(
        gradum_command("fit", "t.csv", "--target", "label", "--dry-run", "--json", *options).out
    )
    assert told["event"] == "expected"
    assert 0 < told["seconds"] < 60
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
    wrong = gradum_command("fit", "t.csv", "--target", "lable", "--dry-run", *options)
    assert wrong.code == 2
    assert "Did you mean 'label'?" in wrong.err


def test_rows_in_blocks_are_foreseen_before_the_first_pass():
    events = []
    batches = iter([task("amount", 2_000), task("amount", 1_000)])
    gradum.fit(batches, "amount", model="linear", on_event=events.append)
    kinds = [type(event) for event in events]
    assert kinds.index(Expected) < kinds.index(PartitionDone)
    told = events[kinds.index(Expected)]
    assert told.bytes % 3_000 == 0
    more = gradum.foresee(iter([task("amount", 2_000)] * 6), "amount", model="linear")
    assert more.bytes == 4 * told.bytes
    assert not more.much
