"""The rows that were predicted worst, for inspection one by one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gradum.margins import falling
from gradum.messages import say, say_plural
from gradum.run.forecast.continued_series import stamped
from gradum.scores.figures import figure
from gradum.scores.metrics import row_losses
from gradum.study.evidence import Evidence
from gradum.tables.wording import number, value_text


class WorstRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row of the table."""

    row: int
    """Its number in the table, from 1."""
    target: str
    prediction: str
    """As written in the table."""
    surprise: str
    """The "probability 0.002 of the true class", or the residual in the target's unit."""
    values: dict[str, str]
    """The requested features as text, cut after `MOST_LETTERS`; "–" where missing."""
    pictures: dict[str, bytes] = {}
    """Of the first `MOST_PICTURED` rows, a small PNG file of each picture or sound among them."""
    name: str = ""
    """Of a forecast, its series, stamp and steps ahead; empty where ``row`` names it."""


MOST_WORST = 20
MOST_PICTURED = 12
MOST_LETTERS = 200


def worst_rows(evidence: Evidence, features: Sequence[str]) -> tuple[WorstRow, ...]:
    """Return the `MOST_WORST` rows with the greatest loss, worst first, ties by row number.

    Only the ``features`` among their columns are kept. The loss is that of `row_losses`, whatever
    the rows' weights.
    """
    losses = row_losses(evidence.outcome)
    by_number = np.argsort(evidence.numbers, kind="stable")
    places = by_number[falling(losses[by_number])][:MOST_WORST]
    table, names = evidence.frame[places].to_dicts(), _names(evidence, places)
    own = evidence.in_own_unit()
    return tuple(
        WorstRow(
            int(evidence.numbers[place]),
            *_said(own, int(place)),
            {name: value_text(values[name], MOST_LETTERS) for name in features},
            evidence.pictures(int(place), features) if at < MOST_PICTURED else {},
            names[at],
        )
        for at, (place, values) in enumerate(zip(places, table, strict=True))
    )


def _names(evidence: Evidence, places: np.ndarray) -> list[str]:
    """Return what names rows of a forecast: its rows are no rows of the table."""
    known = evidence.schema.forecast
    if known is None:
        return [""] * len(places)
    named = stamped(known, evidence.frame[places])
    return [
        say_plural(
            "{where}, {count:,} step ahead",
            "{where}, {count:,} steps ahead",
            step,
            where=", ".join([*map(str, parts), str(stamp)]),
        )
        for *parts, _, stamp, step in named.iter_rows()
    ]


def _said(evidence: Evidence, place: int) -> tuple[str, str, str]:
    """Return the target, prediction and surprise of one row as text."""
    target, prediction = evidence.target[place], evidence.prediction.value[place]
    probability = evidence.prediction.probability
    if probability is None:
        residual = figure(float(target - prediction), sign=True)
        return (
            number(float(target)),
            figure(float(prediction)),
            say("residual {residual}", residual=residual),
        )
    labels = evidence.classes
    share = figure(float(probability[place, target]), digits=2)
    surprise = say("probability {share} of the true class", share=share)
    return labels[target], labels[int(prediction)], surprise
