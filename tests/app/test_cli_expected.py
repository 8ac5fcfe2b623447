"""The forecast of what a run takes, wherever its events go."""

import io
import json
import sys

import pytest

from gradum.app.cli import progress
from gradum.run.events import Expected

EVENT = Expected(240.0, 3_000_000_000, "This will take about 4 minutes and 3.0 GB of memory.")


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
    }
