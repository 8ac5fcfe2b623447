"""A stress test of a model on the rows of a table: an attack on some, and corruptions of many."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from gradum.fitting.fitted import Fitted
from gradum.fitting.reference.reference import Reference
from gradum.messages import say
from gradum.randomness import stream
from gradum.study.stress.attack import Threat, attack
from gradum.study.stress.corrupted import Labels, corruptions
from gradum.study.stress.result import Attack, Stress
from gradum.tables.wording import SHOWN_NAMES, quoted

ATTACKED_ROWS = 100
CORRUPTED_ROWS = 1_000


def stress(
    fitted: Fitted,
    reference: Reference,
    rows: pl.DataFrame,
    threat: Threat,
    *,
    numbers: np.ndarray,
    of: int,
    labels: Labels | None = None,
    count: int = ATTACKED_ROWS,
    rung: str | None = None,
    time_limit: float | None = None,
) -> Stress:
    """Attack up to ``count`` rows of a table, and corrupt up to `CORRUPTED_ROWS`.

    Parameters
    ----------
    fitted : Fitted
    reference : Reference
        What the rows learned from were like.
    rows : DataFrame
        Typed features (n).
    threat : Threat
        What the attack may do.
    numbers : ndarray of int (n,)
        What the rows are called.
    of : int
        Rows of the whole table.
    labels : Labels, optional
        The targets of the rows, if they are at hand.
    count : int
    rung : str, optional
        The best if left out.
    time_limit : float, optional
        Seconds after which no further row is attacked.

    Raises
    ------
    SpecError
        As `attack`.
    """
    seed = fitted.spec.seed
    # Not in the order of the table: where the time is up, the rows so far are drawn by chance.
    some = stream(seed, "study", "stress", "attacked").permutation(len(rows))[:count]
    attacked = attack(
        fitted,
        reference,
        rows[some],
        threat,
        numbers=numbers[some],
        rung=rung,
        time_limit=time_limit,
    )
    drawn = stream(seed, "study", "stress", "corrupted").permutation(len(rows))[:CORRUPTED_ROWS]
    many = np.sort(drawn)
    if labels is not None:
        labels = Labels(labels.truth, labels.places[many])
    corrupted = corruptions(fitted, reference, rows[many], labels, rung=rung)
    return Stress(
        target=fitted.spec.target,
        rung=fitted.rung(rung).name,
        rows=of,
        attack=attacked,
        corruptions=corrupted,
        notes=tuple(_notes(fitted, attacked)),
    )


def _notes(fitted: Fitted, attacked: Attack) -> Iterator[str]:
    done = len(attacked.rows)
    if done < attacked.asked:
        yield say(
            "The time was up: {done:,} of {asked:,} rows were attacked.",
            done=done,
            asked=attacked.asked,
        )
    texts = [column.name for column in fitted.schema.features if column.kind == "text"]
    if texts:
        yield say("Texts were not changed: {columns}.", columns=quoted(texts, SHOWN_NAMES))
    yield say(
        "A radius is the least that the attack found: an answer may change within less, and none "
        "is proved to stay."
    )
