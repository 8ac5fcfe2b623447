"""What a forecast uses of its series: cycles, scales, the calendar and origins."""

from __future__ import annotations

import numpy as np
from msgspec import structs

from gradum.errors import TableError
from gradum.messages import say
from gradum.tables.forecast.calendar import calendar_of
from gradum.tables.forecast.classical.forecasts import LABELS
from gradum.tables.forecast.facet import Forecast
from gradum.tables.forecast.pairs import scales_of
from gradum.tables.forecast.panel import Panel


def described(panel: Panel, plain: Forecast) -> Forecast:
    """Add the seasons, scales, calendar and origins that the series allow."""
    there = np.isfinite(panel.target)
    if not there.any():
        raise TableError(
            say("Column {column!r} has no value to forecast from.", column=plain.target.name),
            say("Give the past values of each series."),
        )
    if _constant(panel.target):
        raise TableError(
            say(
                "Column {column!r} never changes in any series, so there is nothing to forecast.",
                column=plain.target.name,
            ),
            say("Choose another column."),
        )
    length, values = int(there.sum(1).max()), panel.target[there]
    cycles = [
        m for m in plain.frequency.seasons() if length >= 3 * m or (m > 200 and length >= 2.5 * m)
    ]
    season = min([*cycles, 1], key=lambda m: (_naive_error(panel, m, plain.horizon), -m))
    per_day = plain.frequency.per_day
    known = structs.replace(
        plain,
        seasons=(season, *(m for m in cycles if m != season)),
        classical=tuple(LABELS),
        end=int(panel.ends.max()),
        stride=per_day if per_day in cycles else 1,
        whole=bool((values == np.round(values)).all()),
        positive=bool(values.min() >= 0),
    )
    known = structs.replace(known, calendar=calendar_of(known, panel))
    if not known.scaled:
        return known
    return structs.replace(known, scales=tuple(scales_of(panel, season).tolist()))


def _constant(target: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        high = np.where(np.isfinite(target), target, -np.inf).max(1)
        low = np.where(np.isfinite(target), target, np.inf).min(1)
    return bool((high <= low).all())


def _naive_error(panel: Panel, season: int, horizon: int) -> float:
    """Return the mean error of the naive forecast of a season over all steps ahead, in scales."""
    scale, total = scales_of(panel, 1)[:, None], 0.0
    lags = season * -(-np.arange(1, horizon + 1) // season)
    for lag in np.unique(lags).tolist():
        missed = np.abs(panel.target[:, lag:] - panel.target[:, : -lag or None]) / scale
        if not np.isfinite(missed).any():
            return np.inf
        total += float(np.nanmean(missed)) * int((lags == lag).sum())
    return total
