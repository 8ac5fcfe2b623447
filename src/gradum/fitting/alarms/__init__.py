"""What raises an alarm: a file per danger, each one sentence with what to do."""

from __future__ import annotations

from gradum.fitting.alarm import Alarm
from gradum.fitting.dataset import Dataset
from gradum.fitting.judgement import Judgement
from gradum.fitting.plan import Plan


def before_training(dataset: Dataset, plan: Plan, *, seed: int) -> tuple[Alarm, ...]:
    """Look at the rows and their parts, before time is spent on training."""
    return ()


def after_judging(dataset: Dataset, judgement: Judgement) -> tuple[Alarm, ...]:
    """Look at the scores."""
    return ()
