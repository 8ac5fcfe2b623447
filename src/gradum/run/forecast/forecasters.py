"""Forecasters: rivals of other libraries that continue each series from its own past alone.

A forecaster learns nothing from the ladder's rows. At each judged origin it gets the values up to
there, and its forecasts are compared with the rung in use on the same rows. That is slow, so it
answers for a drawn sample of the origins.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from gradum.errors import SpecError
from gradum.messages import listed, say
from gradum.randomness import stream
from gradum.run.dataset import Dataset
from gradum.run.rivals import first_line
from gradum.run.spec.spec import Spec
from gradum.rungs.context import Context
from gradum.rungs.rung import Prediction
from gradum.tables.forecast.pairs import Windows
from gradum.tables.split import Part

MOST_ORIGINS, MOST_VALUES = 200, 1_000
"""The most origins that a forecaster goes on from, a series' origin each, and the most values that
it gets of the past."""

Continue = Callable[[np.ndarray, int, int], np.ndarray]
"""Returns the next values (H,) of a past (t,) without gaps, given its season m and H."""


@dataclass(frozen=True)
class Forecaster:
    """A rival that goes on from the past of one series at a time."""

    title: str
    continued: Continue

    @staticmethod
    def remarks(
        rivals: Sequence[Forecaster], dataset: Dataset, fits: Sequence[np.ndarray]
    ) -> tuple[str, ...]:
        """Say what forecasters are given, and from how many of the judged origins they go on."""
        titles, known = listed([each.title for each in rivals], "and"), dataset.schema.forecast
        notes = [
            say(
                "{rivals} go on from the last values of each series, at most {values:,}, and see "
                "no other column; gaps are bridged by straight lines. They have default settings "
                "and are never saved; a repeated run needs --against again.",
                rivals=titles,
                values=MOST_VALUES,
            )
        ]
        judged = [len(np.unique(_windows(dataset, _judging(parts))[0])) for parts in fits]
        asked = sum(min(each, MOST_ORIGINS // len(fits)) for each in judged)
        if known is not None and asked < sum(judged):
            notes.append(
                say(
                    "{rivals} are judged from {asked:,} of the {judged:,} origins of series that "
                    "judge, drawn at random; the differences are of these alone.",
                    rivals=titles,
                    asked=asked,
                    judged=sum(judged),
                )
            )
        return tuple(notes)

    def refuse_unsuited(self, dataset: Dataset) -> None:
        """Refuse rows of a table."""
        if dataset.history is None:
            raise SpecError(
                "{rival} continues series, and this run predicts rows.",
                "Forecast with --horizon (horizon), or name another rival.",
                rival=self.title,
            )

    def answer(
        self,
        dataset: Dataset,
        parts: np.ndarray,
        fits: int,
        spec: Spec,
        context: Context,
        notes: list[str],
    ) -> Prediction:
        """Return the forecasts (m,) of the rows that judge; NaN from origins that are not asked.

        They are told as the rows' target is: what the seasonal naive forecast misses, divided by
        the scale of the series.

        Raises
        ------
        SpecError
            It fails from every origin.
        """
        known, panel = dataset.schema.forecast, dataset.history
        assert known is not None
        assert panel is not None
        window, step = _windows(dataset, _judging(parts))
        asked, most = np.unique(window), MOST_ORIGINS // fits
        if len(asked) > most:
            asked = stream(spec.seed, "forecasters").choice(asked, most, replace=False)
        at = Windows.every(panel, known)
        found = np.full((len(at), known.horizon), np.nan)
        failure = None
        for each in asked.tolist():
            if context.stop() or perf_counter() > context.end:
                break
            past = panel.target[at.series[each], : at.origins[each] + 1 - panel.first]
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    ahead = self.continued(_bridged(past), known.season, known.horizon)
                found[each] = np.where(np.isfinite(ahead), ahead, np.nan)
            except Exception as error:  # of whatever kind the library raises
                failure = error
        if failure is not None:
            error = first_line(failure)
            if np.isnan(found).all():
                raise SpecError(
                    "{rival} failed while it predicted: {error}.",
                    "Leave it out.",
                    rival=self.title,
                    error=error,
                )
            notes.append(
                say(
                    "{rival} failed from some origins, which its scores leave out: {error}.",
                    rival=self.title,
                    error=error,
                )
            )
        relative = (found - at.naive) / at.scales
        return Prediction(relative[window, step], None)


def _judging(parts: np.ndarray) -> np.ndarray:
    return np.flatnonzero(parts == Part.TEST)


def _windows(dataset: Dataset, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the window of each row (m,) among all of the history, and its step, from 0."""
    assert dataset.schema.forecast is not None
    window, step = np.divmod(dataset.numbers[rows], dataset.schema.forecast.horizon)
    return window, step


def _bridged(past: np.ndarray) -> np.ndarray:
    """Return the last values of a past, from its first value on, its gaps bridged linearly."""
    there = np.flatnonzero(np.isfinite(past))
    places = np.arange(there[0], len(past))
    return np.interp(places, there, past[there])[-MOST_VALUES:]
