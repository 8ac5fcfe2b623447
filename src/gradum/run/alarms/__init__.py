"""Alarms: a file for each danger, which it states in one sentence with what to do."""

from __future__ import annotations

from gradum.run.alarm import Alarm
from gradum.run.alarms.gap import gap
from gradum.run.alarms.identifier import identifiers
from gradum.run.alarms.known_values import known_values
from gradum.run.alarms.leak import leaks
from gradum.run.alarms.made_from_target import made_from_target, perfect_fit
from gradum.run.alarms.near_duplicates import near_duplicates
from gradum.run.alarms.other_split import split_alarms
from gradum.run.alarms.rare_class import rare_classes
from gradum.run.alarms.shared_errors import hidden_groups
from gradum.run.alarms.target_drift import drift
from gradum.run.alarms.undeclared_groups import undeclared_groups
from gradum.run.dataset import Dataset
from gradum.run.judging.judgement import Judgement
from gradum.run.plan import Plan
from gradum.run.split_check import SplitCheck


def before_training(
    dataset: Dataset, plan: Plan, split: SplitCheck, *, seed: int
) -> tuple[Alarm, ...]:
    """Return the alarms of the rows and their parts, before time is spent on training."""
    return (
        *split_alarms(split),
        # Rows of a forecast repeat each stamp, and all but known columns look at the past.
        *(
            (*leaks(dataset, plan, seed=seed), *made_from_target(dataset))
            if dataset.history is None
            else known_values(dataset, seed=seed)
        ),
        # All of these ask for --group; rows that nearly repeat others are the strongest finding.
        *(
            near_duplicates(dataset, plan, seed=seed)
            or undeclared_groups(dataset, plan, seed=seed)
            or hidden_groups(dataset, seed=seed)
        ),
        *drift(dataset, plan),
        *identifiers(dataset),
        *rare_classes(dataset, plan),
    )


def after_judging(dataset: Dataset, judgement: Judgement) -> tuple[Alarm, ...]:
    """Return the alarms of the scores."""
    return (*gap(dataset, judgement), *perfect_fit(dataset, judgement))
