"""Series continued: what a model forecasts from the end of each, in the target's own units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from gradum.errors import SpecError
from gradum.messages import listed, say, say_plural, sentences
from gradum.run.fitted import Fitted
from gradum.run.forecast.series_in_words import not_given, on_ends, on_naive, unlike_known
from gradum.run.intervals.predictor import ConformalPredictor
from gradum.run.predicting import predict_typed
from gradum.scores.figures import percent
from gradum.tables.check.check import Checked, check
from gradum.tables.check.differences import Difference
from gradum.tables.forecast.facet import ORIGIN, STEP, Forecast
from gradum.tables.forecast.pairs import Windows
from gradum.tables.forecast.panel import Panel, panel_of
from gradum.tables.table import Table
from gradum.tables.wording import quoted

MOST_FOLLOWED = 50_000  # rows of later origins that move the intervals
FEWEST_ORIGINS = 12  # by which intervals are promised, if they judged the same stretch of time


def forecast_of(fitted: Fitted) -> Forecast:
    """Return what a model knows of its series.

    Raises
    ------
    SpecError
        It predicts rows of a table.
    """
    if fitted.schema.forecast is None:
        raise SpecError(
            "The model predicts rows of a table, and continues no series.",
            "Give the table of rows; or fit with --horizon (horizon) to forecast.",
        )
    return fitted.schema.forecast


def stamped(known: Forecast, frame: pl.DataFrame) -> pl.DataFrame:
    """Return what names the rows of a forecast: series, origin, stamp and step (n,)."""
    names = [each.name for each in known.series if each.name in frame.columns]
    origins = frame[ORIGIN]
    stamps = pl.Series(known.time.name, known.until(frame)).cast(origins.dtype)
    given = [known.as_given(each) for each in (origins, stamps)]
    return pl.DataFrame([*(frame[name] for name in names), *given, frame[STEP].cast(pl.Int64)])


@dataclass(frozen=True, eq=False)
class ContinuedSeries:
    """The forecasts of a model from an origin of each series."""

    fitted: Fitted
    windows: Windows
    """The origins. Where a column that is known beforehand is not given, it has its usual value."""
    absent: tuple[Difference, ...] = ()
    """Such columns."""
    since: Windows | None = None
    """The origins after all that was learned from. What came after them moves the intervals."""

    @classmethod
    def of(cls, fitted: Fitted, table: Table | None = None) -> ContinuedSeries:
        """Go on from the end of each series.

        Parameters
        ----------
        fitted : Fitted
        table : Table, optional
            Later rows of the series: those with a target are its newest past, those without one
            have the columns that are known beforehand.

        Raises
        ------
        SpecError
            The model is no forecast; or it keeps no history, and no table has one.
        TableError
            The table cannot be laid on the grid of the series.
        """
        known, past = forecast_of(fitted), fitted.history
        if table is None and past is None:
            raise SpecError(
                "The model keeps no rows (--no-rows), so it has no history to go on from.",
                "Give a table of the last {steps:,} steps.",
                steps=known.reach,
            )
        panel = past
        if table is not None:
            given = panel_of(table, known)
            panel = given if past is None else past.then(given)
        assert panel is not None
        return cls.from_ends(fitted, panel)

    @classmethod
    def from_ends(cls, fitted: Fitted, panel: Panel) -> ContinuedSeries:
        """Go on from the last value of each series of a panel."""
        known = forecast_of(fitted)
        given, since = Windows.last(panel, known), Windows.since(panel, known)
        usual = _with_usual(panel.reaching(int(panel.ends.max()) + known.horizon), known)
        latest = np.arange(len(since))[-(MOST_FOLLOWED // known.horizon) :]
        return cls(fitted, replace(given, panel=usual), tuple(not_given(given)), since.take(latest))

    @cached_property
    def _checked(self) -> Checked:
        return self._read(self.windows)

    @property
    def checked(self) -> pl.DataFrame:
        """The rows as the model reads them, one for each series and step."""
        return self._checked.frame

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The columns known beforehand that are not given, or as they never were before."""
        unlike = unlike_known(self.windows.known, self._checked.differences)
        return (*self.absent, *unlike)

    @cached_property
    def followed(self) -> pl.DataFrame:
        """The rows of the origins since, with the outcomes that are known."""
        return self.checked.clear() if not self.since else self._read(self.since).frame

    def _read(self, windows: Windows) -> Checked:
        table = Table(windows.frame(), say("the history"), keep_totals=True)
        also = (STEP, *(each.name for each in self.windows.known.series))
        return check(table, self.fitted.schema, encoder=self.fitted.encoder, also=also)

    def unscaled(self, values: np.ndarray) -> np.ndarray:
        """Bring relative values (n, …) back to the target's units."""
        known = self.fitted.schema.forecast
        assert known is not None
        naive = self.windows.naive.reshape(-1)
        scale = np.repeat(self.windows.scales[:, 0], known.horizon)
        shape = (-1, *[1] * (values.ndim - 1))
        return naive.reshape(shape) + scale.reshape(shape) * values

    def predicted(self, rung: str | None = None) -> np.ndarray:
        """Return the forecasts (n,)."""
        values = self.unscaled(predict_typed(self.fitted, self.checked, rung=rung).value)
        return np.maximum(values, 0.0) if self.windows.known.positive else values

    def intervals(self, coverage: float, rung: str | None = None) -> np.ndarray:
        """Return both ends of each forecast's interval (n, 2).

        What came after the origins since the model learned makes them wider or narrower.
        """
        conformal = ConformalPredictor.of(self.fitted, (), coverage, rung=rung)
        rows = pl.concat([self.followed, self.checked], how="vertical_relaxed")
        changes = np.zeros(len(rows))
        changes[len(self.followed) :] = np.repeat(self.windows.changes, self.windows.known.horizon)
        ends = conformal.intervals(rows, changes)[len(self.followed) :]
        return self._possible(self.unscaled(ends), coverage)

    def _possible(self, ends: np.ndarray, coverage: float) -> np.ndarray:
        """Return intervals (n, 2) with ends that the target can have.

        A target that was never below 0 has no end there, and one of whole numbers has whole ends,
        between which lie the same numbers. Where more of the last values at the same place of the
        season were 0 than half of what an interval leaves out, 0 lies within.
        """
        known, (low, high) = self.windows.known, ends.T
        if known.positive:
            low, high = np.maximum(low, 0.0), np.maximum(high, 0.0)
            often = self.windows.share_of_zeros.reshape(-1) > (1.0 - coverage) / 2
            low = np.where(often, 0.0, low)
        if known.whole:
            inner = np.ceil(low), np.floor(high)
            empty = inner[0] > inner[1]
            low = np.where(empty, np.floor(low), inner[0])
            high = np.where(empty, np.ceil(high), inner[1])
        return np.column_stack([low, high])

    def frame(self, coverage: float | None, rung: str | None = None) -> pl.DataFrame:
        """Return a row for each series and step: names, stamp, step, prediction, low and high."""
        known = self.windows.known
        rows = self.windows.frame()
        names = [column.name for column in known.series]
        frame = rows.select(*names, known.time.name, STEP)
        frame = frame.with_columns(
            known.as_given(frame[known.time.name]), prediction=self.predicted(rung)
        )
        if coverage is not None and self.fitted.guarantee is not None:
            low, high = self.intervals(coverage, rung).T
            frame = frame.with_columns(low=low, high=high)
        return frame

    def promise(self, coverage: float) -> str:
        """Say what the intervals of a coverage promise: nothing where known columns are absent."""
        if self.absent:
            return say(
                "No share of the values is promised to lie between low and high: the origins that "
                "judged had {columns}.",
                columns=listed([repr(each.column) for each in self.absent]),
            )
        if self.fitted.guarantee is None:
            return say("There are no intervals: no origin has judged the model.")
        bands = ConformalPredictor.of(self.fitted, (), coverage).bands
        origins, stretches = len(np.unique(bands.judged.origin)), round(bands.band().stretches)
        if origins < FEWEST_ORIGINS and stretches < 2:
            return say_plural(
                "No share of the values is promised to lie between low and high: only {count:,} "
                "origin judged.",
                "No share of the values is promised to lie between low and high: only {count:,} "
                "origins judged, all of about the same time.",
                origins,
            )
        promised = say(
            "At each step ahead, {share} of the values should lie between low and high, if the "
            "series go on as they did from the {origins:,} origins that judged. Origins close to "
            "each other tell much the same, and these are as good as {stretches:,} far apart.",
            share=percent(coverage),
            origins=origins,
            stretches=stretches,
        )
        if not self.since:
            return promised
        after = say_plural(
            "They follow what came after {count:,} later origin.",
            "They follow what came after {count:,} later origins.",
            len(np.unique(self.since.origins)),
        )
        return sentences([promised, after])

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know about these forecasts."""
        known, windows, notes = self.windows.known, self.windows, []
        notes += [difference.sentence for difference in self.differences]
        new = [key for key in windows.panel.keys if key not in set(known.keys)]
        if new:
            notes.append(
                say_plural(
                    "{count:,} series is new to the model: {names}. As nothing is known of its "
                    "errors, its intervals are wide.",
                    "{count:,} series are new to the model: {names}. As nothing is known of their "
                    "errors, their intervals are wide.",
                    len(new),
                    names=quoted([" · ".join(key) for key in new]),
                )
            )
        notes += [*on_naive(windows), *on_ends(windows.panel)]
        beside = int(((windows.origins - known.end) % known.stride != 0).sum())
        if beside:
            notes.append(
                say(
                    "The model learned from origins at one time of day, and these series end at "
                    "another: errors and intervals by step may differ."
                )
            )
        return tuple(notes)


def _with_usual(panel: Panel, known: Forecast) -> Panel:
    """Return a panel whose known columns have, after the end, their median or commonest level."""
    values = panel.values.copy()
    later = panel.first + np.arange(values.shape[2])[None, :] > panel.ends[:, None]
    for number, each in enumerate(known.covariates, 1):
        if each.use != "known":
            continue
        for series, row in enumerate(values[number]):
            there = row[np.isfinite(row)]
            if len(there):
                usual = np.bincount(there.astype(int)).argmax() if each.levels else np.median(there)
                row[later[series] & ~np.isfinite(row)] = usual
    return replace(panel, values=values)
