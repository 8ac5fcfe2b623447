"""Whole fits that take less time, for tests that are about something else."""

import pytest

from gradum.fitting import judgement
from gradum.fitting.spread import fit as spread


@pytest.fixture
def short_judging(monkeypatch):
    """Judge on as few resamples as of a large table; choose spreads among two, on two folds."""
    monkeypatch.setattr(judgement, "RESAMPLES", (200, 200))
    monkeypatch.setattr(spread, "STRENGTHS", (1e2, 1e0))
    monkeypatch.setattr(spread, "FOLDS", 2)
