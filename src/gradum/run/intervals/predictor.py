"""Intervals and sets for new rows, from a model and the rows that judged it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from msgspec import structs

from gradum.errors import SchemaError, SpecError
from gradum.messages import say
from gradum.run.intervals.conformal.conformal_intervals import conformal_intervals
from gradum.run.intervals.conformal.distribution import Distribution, PredictiveSystem
from gradum.run.intervals.conformal.guarantee import Guarantee, JudgedScores, Terms
from gradum.run.intervals.conformal.interval_levels import level_codes
from gradum.run.intervals.conformal.score_list import ScoreList
from gradum.run.intervals.conformal.sets import conforming_classes, with_predicted
from gradum.run.intervals.conformal.statement import Statement, Support, state, suffices
from gradum.run.intervals.following import outcomes, scale_of, tracker_of
from gradum.run.intervals.forecast_bands import ForecastBands
from gradum.run.judge import Judge
from gradum.run.judging.verdict import model_in_words
from gradum.run.spec.exposure import exposure_of, whole_numbers
from gradum.rungs.located import Located
from gradum.rungs.rung import Prediction, Rung
from gradum.tables.check.check import Checked
from gradum.tables.encode import Encoder, Unencoded
from gradum.tables.forecast.facet import ORIGIN
from gradum.tables.schema.schema import Schema

if TYPE_CHECKING:
    from gradum.run.fitted import Fitted

UNEQUAL = 0.5
"""A class with less of an equal share of the judged rows makes the classes unequal."""


@dataclass(frozen=True)
class ConformalPredictor:
    """Makes intervals for numbers, or sets of classes, with a wanted coverage."""

    terms: Terms
    """The terms of these intervals: without a guarantee if that of the model cannot be kept."""
    scores: JudgedScores
    rung: Rung
    """The rung that predicts."""
    judges: Sequence[tuple[Encoder, Rung]]
    """The models that predict new rows: the model itself, or those of a cross-validation."""
    schema: Schema
    """What the columns are; those of the target and of the time give outcomes to learn from."""
    coverage: float
    """1 − α."""
    by_class: bool = False
    """Whether each class is covered separately."""
    outcomes: bool = True
    """Whether rows in order of time learn from the outcomes of earlier rows."""
    changed: bool = False
    """Whether the latest judged errors of a forecast are unlike all before."""

    @classmethod
    def of(
        cls,
        fitted: Fitted,
        judges: Sequence[Judge],
        coverage: float,
        *,
        rung: str | None = None,
        by_class: bool | None = None,
    ) -> ConformalPredictor:
        """Return the predictor of a model; a CV+ needs its ``judges``, if they are known.

        With ``by_class`` None, each class is covered separately if the classes are unequal.

        Raises
        ------
        SpecError
            The coverage is not between 0 and 1, the model has no such rung, or it keeps no scores.
        """
        check_coverage(coverage)
        if by_class and not fitted.classes:
            raise SpecError(
                "The target is a number, which has no classes.", "Leave out --by-class (by_class)."
            )
        if by_class and fitted.spec.interval_by is not None:
            raise SpecError(
                "The model's sets hold for each value of column {column!r}, and cannot hold "
                "for each class too.",
                "Leave out --by-class (by_class), or fit without --interval-by (interval_by).",
                column=fitted.spec.interval_by,
            )
        chosen, guarantee = fitted.rung(rung), fitted.guarantee
        if guarantee is None or chosen.name not in guarantee.scores.by_rung:
            raise SpecError(
                "The model keeps no scores of judged rows, from which intervals are made.",
                "Fit again with this version of gradum.",
            )
        terms, answering = _answering(fitted, guarantee, judges, chosen)
        scores = guarantee.scores
        if by_class and scores.moment is not None:
            raise SpecError(
                "Sets that follow the order of time are not made for each class.",
                "Leave out --by-class (by_class), or fit without --time (time).",
            )
        changed = fitted.judgement is not None and bool(fitted.judgement.verdict.best)
        made = cls(
            terms,
            scores,
            chosen,
            answering,
            fitted.schema,
            coverage,
            bool(by_class),
            changed=changed,
        )
        return replace(made, by_class=made._unequal) if by_class is None else made

    @property
    def classes(self) -> tuple:
        """The labels; empty for numbers."""
        return self.schema.learned_target.classes

    def without_outcomes(self) -> ConformalPredictor:
        """Return the same for rows that come in blocks, whose order of time is ignored."""
        if self.scores.moment is None:
            return self
        terms = structs.replace(
            self.terms,
            name="none",
            reason=say("The table is read in blocks, and no outcome in it is learned from."),
            remedy=say("Give fewer rows at a time, or more --max-memory (max_memory)."),
        )
        return replace(self, terms=terms, outcomes=False)

    @property
    def also(self) -> tuple[str, ...]:
        """The columns that are needed besides those that the model uses."""
        return columns_of_intervals(self.terms, self.schema)

    @property
    def _unequal(self) -> bool:
        """Whether a class has so few rows that sets for all rows together would pass over it.

        It has less than `UNEQUAL` of an equal share, and every class has enough scores for sets
        of its own, in which it is not always.
        """
        if not self.classes or self.terms.by is not None or self.scores.moment is not None:
            return False
        sizes = [size for _, size in self._class_sizes()]
        rare = min(sizes) * len(sizes) < UNEQUAL * sum(sizes)
        return rare and all(suffices(size, self.coverage) for size in sizes)

    def _class_sizes(self) -> tuple[tuple[str, float], ...]:
        return tuple(
            (str(label), self._size(self.scores.label == code))
            for code, label in enumerate(self.classes)
        )

    @cached_property
    def statement(self) -> Statement:
        """What is promised, in words and numbers."""
        return state(self.terms, self.coverage, self._support(), classes=bool(self.classes))

    def intervals(self, frame: pl.DataFrame, changes: np.ndarray | None = None) -> np.ndarray:
        """Return both ends of each checked row's interval (n, 2); only for numbers.

        They are in the target's units, and need not lie on both sides of the prediction: if
        logarithms are learned, the prediction is a mean, while the interval is about the median.
        Of counts, they are the least and the greatest one, for the exposure of each row. In a
        forecast, ``changes`` (n,) tells of how many changes the scale of a new series is the mean.

        Raises
        ------
        SchemaError
            The column by whose levels intervals are made is absent.
        """
        ends = self._ends(frame) if self.schema.forecast is None else self._ahead(frame, changes)
        return whole_numbers(ends) if self.rung.learned_by.whole else ends

    def _ends(self, frame: pl.DataFrame) -> np.ndarray:
        """Return both ends of each row's interval (n, 2), also between counts."""
        scale, exposure = self.rung.target_scale, exposure_of(self.schema, frame)
        assert scale is not None
        if self.scores.moment is not None:
            expected = self.rung.locate(Unencoded(self.judges[0][0], frame)).of_exposure(exposure)
            size = self._followed(frame)
            ends = np.column_stack([expected.at(-size), expected.at(size)])
            return scale.quantile(ends) * (1.0 if exposure is None else exposure[:, None])
        located = self._located(frame)
        ends = np.empty((len(frame), 2))
        for rows, among in self._strata(frame):
            lists, newcomer = self._lists(among)
            there = [expected.take(rows) for expected in located]
            ends[rows] = np.column_stack(conformal_intervals(lists, there, self.coverage, newcomer))
        return scale.unlogged(ends)

    def _ahead(self, frame: pl.DataFrame, changes: np.ndarray | None) -> np.ndarray:
        """Return both ends of each interval (n, 2) of a forecast's rows."""
        scale, encoder = self.rung.target_scale, self.judges[0][0]
        assert scale is not None
        checked = Checked(frame, self.schema, source=say("the table"))
        rows = self.bands.errors(frame, outcomes(checked, self.rung, encoder)[0])
        expected = self.rung.locate(Unencoded(encoder, frame))
        low, high = self.bands.follow(rows, self.coverage, changes).T
        return scale.quantile(np.column_stack([expected.at(low), expected.at(high)]))

    @cached_property
    def bands(self) -> ForecastBands:
        """The bands of a forecast."""
        assert self.schema.forecast is not None
        known, name = self.schema.forecast, self.rung.name
        return ForecastBands.of(known, self.terms, self.scores, name, changed=self.changed)

    def distribution(self, frame: pl.DataFrame) -> Distribution:
        """Return the predictive distributions of checked rows (n); only for numbers.

        Raises
        ------
        SchemaError
            As `intervals`.
        """
        scale = self.rung.target_scale
        assert scale is not None
        located, systems = self._located(frame), []
        for rows, among in self._strata(frame):
            lists, newcomer = self.scores.signed_lists(
                self.rung.name, among, folds=len(self.judges)
            )
            there = [expected.take(rows) for expected in located]
            systems.append((rows, PredictiveSystem(lists, there, newcomer)))
        return Distribution(systems, len(frame), scale.logged, scale.unlogged)

    def sets(self, frame: pl.DataFrame, prediction: Prediction) -> np.ndarray:
        """Return which classes (n, K) are in each checked row's set.

        The predicted class always is, so that no set is empty; this can only increase the coverage.

        Raises
        ------
        SchemaError
            As `intervals`.
        """
        if self.scores.moment is not None:
            chosen = 1 - prediction.shares <= self._followed(frame)[:, None]
        else:
            chosen = self._conforming(frame, prediction)
        return with_predicted(chosen, prediction.value)

    def _conforming(self, frame: pl.DataFrame, prediction: Prediction) -> np.ndarray:
        """Return which classes (n, K) have enough judged rows conforming no better; maybe none."""
        shares = [
            self._probability(encoder, rung, frame, prediction) for encoder, rung in self.judges
        ]
        chosen = np.empty((len(frame), len(self.classes)), bool)
        for rows, among in self._strata(frame):
            there = [share[rows] for share in shares]
            if not self.by_class:
                lists, newcomer = self._lists(among)
                chosen[rows] = conforming_classes(lists, there, self.coverage, newcomer)
                continue
            for label in range(len(self.classes)):
                lists, newcomer = self._lists(among & (self.scores.label == label))
                one = [share[:, label] for share in there]
                chosen[rows, label] = conforming_classes(lists, one, self.coverage, newcomer)
        return chosen

    def labels(self, chosen: np.ndarray) -> list[tuple]:
        """Return the labels of sets (n, K), in the order of the classes."""
        return [
            tuple(label for label, held in zip(self.classes, row, strict=True) if held)
            for row in chosen.tolist()
        ]

    def columns(self, frame: pl.DataFrame, prediction: Prediction) -> pl.DataFrame:
        """Return the columns ``low`` and ``high`` of checked rows (n), or ``set``, with lists."""
        if not self.classes:
            low, high = self.intervals(frame).T
            return pl.DataFrame({"low": low, "high": high})
        rows, held = np.nonzero(self.sets(frame, prediction))
        labels = pl.Series(list(self.classes))[held]
        named = pl.DataFrame({"row": rows, "set": labels})
        return named.group_by("row", maintain_order=True).agg("set").select("set")

    def _followed(self, frame: pl.DataFrame) -> np.ndarray:
        """Return the score up to which each row's set holds targets (n,), as it follows time.

        Nothing is left out for rows whose level no judged row has.
        """
        thresholds = np.full(len(frame), np.inf)
        source = say("the table")
        checked, encoder = Checked(frame, self.schema, source=source), self.judges[0][0]
        known, time = np.full(len(frame), np.nan), np.zeros(len(frame))
        if self.outcomes:
            scores, time = outcomes(checked, self.rung, encoder)
            known = scale_of(self.rung).onto(scores)
        for rows, among in self._strata(frame):
            if among.any():
                tracker = tracker_of(self.scores, among, self.rung, self.coverage)
                thresholds[rows] = tracker.follow(known[rows], time[rows]).thresholds
        return scale_of(self.rung).back(thresholds)

    def _located(self, frame: pl.DataFrame) -> list[Located]:
        """Return where each judge expects the rows, in the target's units or their logarithm."""
        located, exposure = [], exposure_of(self.schema, frame)
        for encoder, rung in self.judges:
            assert rung.target_scale is not None
            expected = rung.locate(Unencoded(encoder, frame)).of_exposure(exposure)
            expected = expected.scaled(rung.target_scale.centre, rung.target_scale.scale)
            located.append(expected if exposure is None else expected.scaled(0.0, exposure))
        return located

    def _probability(
        self, encoder: Encoder, rung: Rung, frame: pl.DataFrame, prediction: Prediction
    ) -> np.ndarray:
        if rung is not self.rung:
            prediction = rung.predict(Unencoded(encoder, frame))
        return prediction.shares

    def _strata(self, frame: pl.DataFrame) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the rows of each level (positions), and the judged scores of that level (mask)."""
        if self.terms.by is None:
            yield np.arange(len(frame)), np.ones(len(self.scores), bool)
            return
        if self.terms.by not in frame.columns:
            raise SchemaError(
                "The table lacks column {column!r}, by whose values intervals are made.",
                "Add it.",
                column=self.terms.by,
            )
        code = level_codes(frame[self.terms.by], self.terms.levels)
        for level in np.unique(code):
            yield np.flatnonzero(code == level), self.scores.level == level

    def _lists(self, among: np.ndarray) -> tuple[list[ScoreList], float]:
        return self.scores.lists(self.rung.name, among, folds=len(self.judges))

    def _support(self) -> Support:
        scores, everything = self.scores, np.ones(len(self.scores), bool)
        by, sizes = None, ()
        if self.terms.by is not None:
            by, levels = self.terms.by, enumerate(self.terms.levels)
            sizes = tuple((name, self._size(scores.level == place)) for place, name in levels)
        elif self.by_class:
            by, sizes = "", self._class_sizes()
        return Support(
            size=self._size(everything),
            groups=scores.group is not None,
            weighted=scores.weight is not None,
            by=by,
            chosen=len(scores.by_rung) > 2,  # the baseline and one other are no choice
            sizes=sizes,
        )

    def _size(self, among: np.ndarray) -> float:
        weight, newcomer = self.scores.weights(among)
        return float(weight.sum()) / newcomer


def columns_of_intervals(terms: Terms, schema: Schema) -> tuple[str, ...]:
    """Return the columns by which intervals are made: of levels, of series and their origins."""
    levels = () if terms.by is None else (terms.by,)
    if schema.forecast is None:
        return levels
    return (*levels, *(each.name for each in schema.forecast.series), ORIGIN)


def check_coverage(coverage: float) -> None:
    """Refuse a coverage that is not between 0 and 1.

    Raises
    ------
    SpecError
    """
    if not 0 < coverage < 1:
        raise SpecError(
            "The coverage is {coverage:g}.",
            "Give a share between 0 and 1, such as 0.9.",
            coverage=coverage,
        )


def _answering(
    fitted: Fitted, guarantee: Guarantee, judges: Sequence[Judge], rung: Rung
) -> tuple[Terms, Sequence[tuple[Encoder, Rung]]]:
    """Return the models that predict new rows, and the terms; CV+ needs its judges."""
    terms = guarantee.terms
    kept = [(fitted.encoder, rung)]
    if terms.name != "cross":
        return terms, kept
    if judges and all(rung.name in judge.rungs for judge in judges):
        return terms, [(judge.encoder, judge.rungs[rung.name]) for judge in judges]
    if judges:
        model = model_in_words(rung.name)
        reason = say("The models that judged {model} are not kept.", model=model)
        remedy = say("Predict by the model in use, {used}.", used=model_in_words(fitted.used))
    else:
        reason = say("The models that judged are not beside the model file.")
        remedy = say(
            "Predict with the run folder of gradum fit, in which judges.gradum lies, or judge by a "
            "test file."
        )
    return structs.replace(terms, name="none", reason=reason, remedy=remedy), kept
