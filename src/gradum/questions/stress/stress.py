"""A stress test of a model on the rows of a table: an attack on some, and corruptions of many."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np

from gradum.errors import NotCertifiableError
from gradum.messages import say, say_plural
from gradum.questions.stress.attack import attack
from gradum.questions.stress.corrupted import Labels, corruptions
from gradum.questions.stress.proof import certify
from gradum.questions.stress.result import Attack, Corruptions, Stress
from gradum.questions.stress.stressed_rows import StressedRows
from gradum.randomness import stream
from gradum.run.fitted import Fitted
from gradum.scores.figures import figure
from gradum.tables.columns import unvaried
from gradum.tables.wording import SHOWN_NAMES, quoted

CORRUPTED_ROWS = 1_000


def stress(
    stressed: StressedRows,
    *,
    table_rows: int,
    labels: Labels | None = None,
    count: int,
    time_limit: float | None = None,
    proof_seconds: float = 0.0,
) -> Stress:
    """Attack up to ``count`` rows of a table, and corrupt up to `CORRUPTED_ROWS`.

    As far as time allows, answers of the attacked rows are proved to stay.

    Parameters
    ----------
    table_rows : int
        The number of rows in the whole table.
    labels : Labels, optional
        The targets of the rows, if they are at hand.
    count : int
        How many rows to attack.
    time_limit : float, optional
        Seconds for the attack, the proofs and the corruptions; each has an equal part of what is
        left.
    proof_seconds : float
        Seconds for the proofs of each row; 0 leaves them out.

    Raises
    ------
    SpecError
        As `attack`.
    """
    fitted, seed = stressed.fitted, stressed.fitted.spec.seed
    until = math.inf if time_limit is None else time.monotonic() + time_limit
    parts = 3 if proof_seconds else 2
    # The order is drawn by chance: if time runs out, the rows so far are a sample of the table.
    drawn = stream(seed, "study", "stress", "attacked").permutation(len(stressed))
    some = stressed.take(drawn[:count])
    attacked = attack(some, time_limit=None if time_limit is None else time_limit / parts)
    left = max(until - time.monotonic(), 0.0)
    proof_seconds = min(proof_seconds, left / (parts - 1) / len(attacked.rows))
    uncertifiable = ""
    if proof_seconds:
        try:
            attacked = certify(some, attacked, seconds=proof_seconds)
        except NotCertifiableError as error:
            uncertifiable = error.message
    drawn = stream(seed, "study", "stress", "corrupted").permutation(len(stressed))
    many = np.sort(drawn[:CORRUPTED_ROWS])
    if labels is not None:
        labels = Labels(labels.truth, labels.places[many])
    left = None if time_limit is None else until - time.monotonic()
    corrupted = corruptions(stressed.take(many), labels, left)
    return Stress(
        target=fitted.spec.target,
        rung=stressed.rung.name,
        rows=table_rows,
        attack=attacked,
        corruptions=corrupted,
        notes=tuple(_notes(fitted, attacked, corrupted, proof_seconds, uncertifiable)),
    )


def _notes(
    fitted: Fitted,
    attacked: Attack,
    corrupted: Corruptions,
    proof_seconds: float,
    uncertifiable: str,
) -> Iterator[str]:
    done = len(attacked.rows)
    if done < attacked.asked:
        yield say_plural(
            "The time was up: {count:,} of {asked:,} rows was attacked.",
            "The time was up: {count:,} of {asked:,} rows were attacked.",
            done,
            asked=attacked.asked,
        )
    if corrupted.left_out:
        yield say_plural(
            "The time was up: {count:,} accident was not tried.",
            "The time was up: {count:,} accidents were not tried.",
            corrupted.left_out,
        )
    yield from unvaried(fitted.schema.features)
    texts = [column.name for column in fitted.schema.features if column.traits.holds_words]
    if texts:
        yield say("Texts were not changed: {columns}.", columns=quoted(texts, SHOWN_NAMES))
    if not attacked.is_certified:
        yield say(
            "The attack finds small changes, but not always the smallest: a smaller change may "
            "alter an answer too, and no answer is proved to stay the same."
        )
        if uncertifiable:
            yield say("Nothing could be proved: {reason}", reason=uncertifiable)
        return
    yield say(
        "The attack finds small changes, but not always the smallest: a smaller change may alter "
        "an answer too, but none within the proved range."
    )
    yield say(
        "A proof covers every change that the attack may make, with values rounded as in the "
        "table, and allows for rounding in single precision; each row had {seconds} s for it on "
        "average, and more time may prove more.",
        seconds=figure(proof_seconds),
    )
