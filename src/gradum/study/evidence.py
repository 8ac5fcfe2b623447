"""The evidence of every finding: the judged rows, their predictions and their columns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from gradum.randomness import stream
from gradum.run.judging.judge_rungs import Seen, Truth
from gradum.run.judging.verdict import Standing
from gradum.run.run import Run
from gradum.rungs.balance import threshold
from gradum.rungs.rung import Prediction
from gradum.scores.bootstrap import Resamples
from gradum.scores.outcome import Outcome, Task
from gradum.tables.check.check import widened
from gradum.tables.grids.png import thumbnail
from gradum.tables.schema.schema import Schema

MOST_ROWS = 200_000


@dataclass(frozen=True, eq=False)
class Evidence:
    """m judged rows, each once, with the prediction of models that had not seen that row."""

    rung: str
    """The rung in use, whose predictions these are."""
    truth: Truth
    """The truth of all n rows of the run, and which rows belong together in a resample."""
    rows: np.ndarray
    """Of shape (m,). Positions of the judged rows among all rows."""
    numbers: np.ndarray
    """Of shape (m,). Their row numbers in the table, from 1, as in messages."""
    prediction: Prediction
    """Aligned with ``rows``; where several folds predicted a row, their mean."""
    frame: pl.DataFrame
    """The typed columns of these rows, as `tables.check` leaves them."""
    schema: Schema
    """The kinds of these columns."""
    seed: int
    """The run's seed."""
    judged: int
    """How many rows were judged; more than m where only a sample is looked at."""
    threshold: float = 0.5
    """The kept rung predicts the second of two classes from this probability on."""
    rivals: tuple[Standing, ...] = ()
    """What rivals scored on these rows."""
    own_score: tuple[str, float] | None = None
    """The metric of the run's verdict, and the rung's score in the run."""

    @classmethod
    def of(cls, run: Run, most_rows: int = MOST_ROWS) -> Evidence:
        """Take a finished run's judged rows, or ``most_rows`` of them at random."""
        assert run.judged is not None
        dataset, used, seed = run.dataset, run.fitted.used, run.fitted.spec.seed
        rows, averaged = run.judged.average(len(dataset))
        prediction, judged = averaged[used], len(rows)
        if judged > most_rows:
            chosen = stream(seed, "evidence").choice(judged, most_rows, replace=False)
            chosen.sort()
            rows, prediction = rows[chosen], prediction.take(chosen)
        numbers, frame = dataset.numbers[rows] + 1, widened(dataset.frame[rows])
        return cls(
            used,
            dataset.truth,
            rows,
            numbers,
            prediction,
            frame,
            dataset.schema,
            seed,
            judged,
            threshold(run.fitted.rungs[used].class_weight),
        )

    @classmethod
    def of_each(cls, run: Run, most_rows: int = MOST_ROWS) -> Evidence:
        """Take each prediction by itself where several folds predicted a row, as the scores do.

        Measurements on these predictions agree with the scores; a mean of several models would err
        less than one of them.
        """
        evidence, judged = cls.of(run, most_rows), run.judged
        assert judged is not None
        if len(evidence) < evidence.judged or len(judged.rows) == len(evidence):
            return evidence
        dataset, rows = run.dataset, judged.rows
        return replace(
            evidence,
            rows=rows,
            numbers=dataset.numbers[rows] + 1,
            prediction=judged.predictions[evidence.rung],
            frame=widened(dataset.frame[rows]),
        )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def task(self) -> Task:
        """The task of the run."""
        return self.truth.task

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels as text, in the order of the probability columns; empty for regression."""
        return tuple(str(label) for label in self.truth.classes)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the feature columns, all of them in ``frame``."""
        return tuple(column.name for column in self.schema.features)

    def pictures(self, place: int, features: Collection[str]) -> dict[str, bytes]:
        """Return a small PNG file of each picture or sound among some features of a row."""
        kinds = {each.name: each.traits for each in self.schema.features if each.name in features}
        grids = {
            name: kind.grid(self.frame[name][place]) for name, kind in kinds.items() if kind.is_grid
        }
        return {name: thumbnail(grid.pixels) for name, grid in grids.items() if grid is not None}

    @cached_property
    def target(self) -> np.ndarray:
        """Numbers in raw units, or class codes (m,)."""
        return self.truth.target[self.rows]

    @cached_property
    def weight(self) -> np.ndarray:
        """The weight of each row (m,)."""
        return self.truth.weight[self.rows]

    @cached_property
    def outcome(self) -> Outcome:
        """Truth and prediction, in the form that the metrics take."""
        return self.outcome_of(slice(None), self.prediction)

    def outcome_of(self, places: np.ndarray | slice, prediction: Prediction) -> Outcome:
        """Return the truth of the rows at some positions, with a prediction for them."""
        return self.truth.outcome(self.rows[places], prediction)

    @property
    def groups(self) -> np.ndarray | None:
        """The group of each row (m,), if there are groups."""
        return self.truth.groups_of(self.rows)

    @property
    def scale(self) -> np.ndarray:
        """How many of the target's own unit a unit of each row's target is (m,); 1 as a rule."""
        scale = self.truth.scale
        return np.ones(len(self)) if scale is None else scale[self.rows]

    def in_own_unit(self, *, change: bool = False) -> Evidence:
        """Return the same with targets and predictions in the unit of the table's target.

        Of a forecast they are the values that come or, with ``change``, how far these are from
        repeating the last season. Rows of series that were not learned are left out.
        """
        known = self.schema.forecast
        if known is None:
            return self
        kept = np.isfinite(self.scale)
        rows, scale, frame = self.rows[kept], self.scale[kept], self.frame.filter(kept)
        naive = 0.0 if change else frame[f"{known.target.name}, naive"].to_numpy()
        target = self.truth.target.copy()
        target[rows] = (naive + target[rows]) * scale
        predicted = (naive + self.prediction.value[kept]) * scale
        if known.positive and not change:
            predicted = np.maximum(predicted, 0.0)
        return replace(
            self,
            truth=replace(self.truth, target=target, scale=None),
            rows=rows,
            numbers=self.numbers[kept],
            prediction=Prediction(predicted, None),
            frame=frame,
        )

    @property
    def time(self) -> np.ndarray | None:
        """The time of each row (m,), if it is known."""
        return None if self.truth.time is None else self.truth.time[self.rows]

    @property
    def dependent(self) -> bool:
        """Whether rows belong together, in groups or in time."""
        return self.truth.groups is not None or self.truth.time is not None

    def resamples(self, study: str, places: np.ndarray | None = None) -> Resamples:
        """Draw resamples of these rows, or of those at some positions, as the judge does."""
        rows, prediction = self.rows, self.prediction
        if places is not None:
            rows, prediction = rows[places], prediction.take(places)
        seen = Seen(rows, {self.rung: prediction})
        return self.truth.resamples(seen, stream(self.seed, "study", study))

    def rng(self, study: str) -> np.random.Generator:
        """Return the random generator for one study's other choices."""
        return stream(self.seed, "study", study)
