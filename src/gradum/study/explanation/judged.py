"""Explanations of judged rows: effects of columns and pairs over all rows, and a few single rows.

Each row is explained by the model that judged it, which had not seen it, against rows that this
model learned from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import msgspec
import numpy as np
import polars as pl
from msgspec import structs

from gradum.margins import falling
from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.run.judge import first_repeat
from gradum.run.run import Run
from gradum.solvers.threads import one_thread
from gradum.study.evidence import Evidence
from gradum.study.explanation.explain import (
    Explanations,
    RowExplanation,
    explain,
    games,
    row_explanation,
)
from gradum.study.explanation.game import ColumnGame
from gradum.study.explanation.interactions import (
    STRONGEST,
    Interactions,
    strongest_pairs,
    strongest_players,
)
from gradum.study.explanation.learned import background_among
from gradum.study.explanation.overall import Overall, overall
from gradum.study.explanation.shapley import FEWEST_ROUNDS
from gradum.tables.split import Part
from gradum.tables.wording import number

FEWEST_BACKGROUND, MOST_BACKGROUND = 32, 100
MOST_COLUMNS = 20  # that count by themselves; the others count as one
MOST_ROWS, FEWEST_ROWS = 200, 20
MOST_WORST = 3
INTERACTION_ROWS = 4  # pairs are looked at on one in this many rows

ANSWERS, ANSWERS_A_ROW, FITS = 30_000, 5, 5
"""Answers that a model is asked for, and further ones for each row that it learned from. They are
multiplied by the number of fits that judged it over `FITS`, if that is above 1, since its training
takes longer in proportion. No clock decides, so the same seed explains the same rows."""

MOST_PRODUCTS, PRODUCTS_BESIDES = 1.5e9, 2_500
"""Multiplications that are always allowed, and those that take as long as the overhead of one
answer. So small models are asked more often."""

MOST_TYPICAL = 4
SHARES = (0.1, 0.5, 0.9)  # of the predicted numbers that lie below the typical ones


class JudgedRow(msgspec.Struct, frozen=True):
    """A judged row to be shown."""

    target: str
    """The true target, in the table's own words."""
    explanation: RowExplanation
    share: float | None = None
    """For a typical row with a numeric target, the share of rows with lower predictions."""
    pictures: dict[str, bytes] = {}
    """A small PNG file of each picture or sound in the row."""


class JudgedExplanation(msgspec.Struct, frozen=True):
    """Why the rung in use answers the judged rows as it does."""

    judged: int
    """The number of judged rows. The rows behind ``overall`` were drawn from them by chance,
    heavier rows more often."""
    together: int
    """The number of columns that count as one, because `MOST_COLUMNS` others are more important; 0
    if none."""
    overall: Overall
    interactions: Interactions
    """For one in `INTERACTION_ROWS` of the same rows."""
    worst: tuple[JudgedRow, ...] = ()
    typical: tuple[JudgedRow, ...] = ()
    """The rows with the greatest loss, and those that `typical` returns."""


@one_thread()
def explain_judged(
    run: Run, evidence: Evidence, important: Sequence[str], worst: Sequence[int]
) -> JudgedExplanation | None:
    """Explain a bounded number of the judged rows; None where the baseline is in use.

    Parameters
    ----------
    evidence : Evidence
        The run's judged rows.
    important : sequence of str
        Columns by falling importance.
    worst : sequence of int
        Numbers of the rows predicted worst.
    """
    rung = run.fitted.rungs[run.fitted.used]
    if rung.input_layer is None:
        return None
    together = _less_important(evidence.features, important)
    products = rung.network.products(len(rung.input_layer.centre))
    size = _Size.of(_answers(run, products), len(evidence.features) - max(len(together) - 1, 0))
    sample = drawn(evidence, size.rows)
    numbers, usual = evidence.numbers.tolist(), typical(evidence)
    foremost = [numbers.index(number) for number in worst[:MOST_WORST]]
    places = np.unique(np.concatenate([sample, foremost, list(usual)])).astype(int)

    parts = _by_judge(run, evidence, places, together, size)
    found, order = _joined(parts)
    place_of = {int(place): i for i, place in enumerate(order)}
    looked_at = found.take([place_of[place] for place in sample])
    some = set(sample[::INTERACTION_ROWS].tolist())
    alone = [i for i, player in enumerate(found.players) if len(player) == 1]
    strongest = strongest_players(looked_at, alone, STRONGEST)

    def judged_row(place: int, share: float | None = None) -> JudgedRow:
        target, predicted = evidence.target[place], evidence.prediction.value[place]
        pictures = evidence.pictures(place, evidence.features)
        if not evidence.classes:
            explanation = row_explanation(found, place_of[place])
            return JudgedRow(number(float(target)), explanation, share, pictures)
        explanation = row_explanation(found, place_of[place], int(predicted))
        return JudgedRow(evidence.classes[target], explanation, share, pictures)

    return JudgedExplanation(
        evidence.judged,
        len(together),
        overall(looked_at),
        strongest_pairs(
            chain.from_iterable(part.games(some) for part in parts),
            looked_at,
            strongest,
            evidence.seed,
        ),
        tuple(judged_row(place) for place in foremost),
        tuple(judged_row(place, share) for place, share in usual.items()),
    )


def without_judged_rows(found: JudgedExplanation) -> JudgedExplanation:
    """Return this explanation without any single row."""
    columns = [
        structs.replace(column, contributions=(), ranks=()) for column in found.overall.columns
    ]
    all_rows = structs.replace(found.overall, columns=tuple(columns))
    return structs.replace(found, overall=all_rows, worst=(), typical=())


@dataclass(frozen=True)
class _Size:
    """The numbers of explained rows, of background rows, and of answers for each explained row."""

    rows: int
    background: int
    answers: float

    @classmethod
    def of(cls, answers: float, players: int) -> _Size:
        """Divide answers among rows, so that each has enough for `FEWEST_ROUNDS`."""
        coalitions = 2 * FEWEST_ROUNDS * (players - 1) + 2
        background = np.clip(
            answers // (MOST_ROWS * coalitions), FEWEST_BACKGROUND, MOST_BACKGROUND
        )
        rows = np.clip(answers // (background * coalitions), FEWEST_ROWS, MOST_ROWS)
        return cls(int(rows), int(background), answers / rows)


def _answers(run: Run, products: int) -> float:
    """Return how many answers may be asked of a model with this many products."""
    learned = len(run.dataset) if run.dataset.drawn_from is None else run.dataset.drawn_from
    most = MOST_PRODUCTS / (products + PRODUCTS_BESIDES)
    return max((ANSWERS + ANSWERS_A_ROW * learned) * max(len(run.judges) / FITS, 1), most)


def _less_important(columns: Sequence[str], important: Sequence[str]) -> list[str]:
    """Return the columns that count as one; none if that would change nothing."""
    kept = set(important[:MOST_COLUMNS])
    others = [column for column in columns if column not in kept]
    return others if len(columns) > MOST_COLUMNS + 1 else []


@dataclass(frozen=True)
class _Judge:
    """One judge's explanations of the rows that it judged."""

    fitted: Fitted
    """With the judge's rungs."""
    background: pl.DataFrame
    places: np.ndarray
    """Positions of the rows among the judged rows."""
    found: Explanations

    def games(self, places: set[int]) -> Iterator[ColumnGame]:
        """Yield the games of the rows that this judge explained."""
        wanted = [i for i, place in enumerate(self.places) if int(place) in places]
        if wanted:
            found = self.found.take(wanted)
            rung = self.fitted.rung(found.rung)
            yield from games(
                self.fitted, rung, found.values, self.background, found.players, found.scale
            )


def _by_judge(
    run: Run, evidence: Evidence, places: np.ndarray, together: list[str], size: _Size
) -> list[_Judge]:
    """Explain judged rows at some positions, each by its own judge."""
    columns = list(evidence.features)
    judges = []
    for judge in first_repeat(run.judges):
        judged = places[judge.parts[evidence.rows[places]] == Part.TEST]
        if not len(judged):
            continue
        fitted = replace(run.fitted, encoder=judge.encoder, rungs=judge.rungs)
        background = background_among(run, judge.parts != Part.TEST, size.background)
        found = explain(
            fitted,
            run.dataset.frame[evidence.rows[judged]].select(columns),
            background,
            numbers=evidence.numbers[judged],
            together=[together] if together else [],
            most_answers=size.answers,
        )
        judges.append(_Judge(fitted, background, judged, found))
    return judges


def _joined(judges: Sequence[_Judge]) -> tuple[Explanations, np.ndarray]:
    """Join the explanations of all judges, with the positions of their rows."""
    of_judges = [judge.found for judge in judges]
    first = of_judges[0]
    names = [
        name if len(player) == 1 else say("{count:,} other columns", count=len(player))
        for name, player in zip(first.names, first.players, strict=True)
    ]
    found = replace(
        first,
        names=tuple(names),
        rows=np.concatenate([explained.rows for explained in of_judges]),
        values=pl.concat([explained.values for explained in of_judges]),
        parts=tuple(chain.from_iterable(explained.parts for explained in of_judges)),
    )
    return found, np.concatenate([judge.places for judge in judges])


def drawn(evidence: Evidence, most: int) -> np.ndarray:
    """Return the positions of up to ``most`` judged rows, rising; heavier rows are likelier."""
    count = min(most, len(evidence))
    weight = evidence.weight / evidence.weight.sum()
    rng = evidence.rng("explained rows")
    return np.sort(rng.choice(len(evidence), count, replace=False, p=weight))


def typical(evidence: Evidence) -> dict[int, float | None]:
    """Return the positions of typical rows.

    For each class, the commonest first, this is the row of middle probability among the rows
    correctly predicted as that class, `MOST_TYPICAL` in all. For numbers, these are the rows whose
    predictions lie above the `SHARES` of all, each with its share.
    """
    if evidence.classes:
        return dict.fromkeys(_of_classes(evidence))
    rising = falling(-evidence.prediction.middle)
    return {int(rising[round(share * (len(rising) - 1))]): share for share in SHARES}


def _of_classes(evidence: Evidence) -> Iterator[int]:
    probability = evidence.prediction.probability
    assert probability is not None
    counts = np.bincount(evidence.target, minlength=len(evidence.classes))
    for code in np.argsort(-counts, kind="stable")[:MOST_TYPICAL]:
        right = np.flatnonzero((evidence.target == code) & (evidence.prediction.value == code))
        if len(right):
            order = falling(probability[right, code])
            yield int(right[order[len(order) // 2]])
