"""How far below the seasonal naive a forecast of flights could be that knew later days.

    python -m benchmarks.forecast.hindsight FOLDER

From the origins of the benchmark, errors are absolute and scaled as there, of three rules:

- the seasonal naive: the same day of the last week known;
- the median of that day of the week in the other three of the four weeks that are asked for;
- its median in three weeks before each day and three after it, without the day itself.

The last two know what no forecast can know, though never the day that they are judged on.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.forecast.panels import WEEKS, flights
from benchmarks.page import table

AROUND = tuple(week for week in range(-3, 4) if week)


def errors(values: np.ndarray, origin: int, scales: np.ndarray) -> list[float]:
    """Return the mean error of each rule for the days (S, T) after an origin."""
    asked = values[:, origin + 1 : origin + 1 + 7 * WEEKS].reshape(len(values), WEEKS, 7)
    others = [np.median(np.delete(asked, week, axis=1), axis=1) for week in range(WEEKS)]
    days = origin + 1 + np.arange(7 * WEEKS)
    around = [_median_around(values, day) for day in days.tolist()]
    answers = (
        np.tile(values[:, origin - 6 : origin + 1], WEEKS),
        np.concatenate(others, axis=1),
        np.stack(around, axis=1),
    )
    return [float(np.mean(np.abs(answer - values[:, days]) / scales)) for answer in answers]


def _median_around(values: np.ndarray, day: int) -> np.ndarray:
    places: Sequence[int] = [day + 7 * week for week in AROUND if day + 7 * week < values.shape[1]]
    return np.median(values[:, places], axis=1)


def main(folder: str) -> None:
    """Print each rule's error, and how far it is below the first."""
    panel = flights(Path(folder))
    series = panel.rows.partition_by(*panel.series, maintain_order=True)
    values = np.stack([each[panel.target].to_numpy().astype(float) for each in series])
    days = series[0][panel.time].to_list()
    places = [days.index(origin) for origin in panel.origins]
    learned = values[:, : places[0] + 1]
    scales = np.sqrt(np.mean(np.square(learned[:, 7:] - learned[:, :-7]), axis=1, keepdims=True))
    means = np.mean([errors(values, place, scales) for place in places], axis=0)
    rules = "seasonal naive", "other weeks asked for", "weeks before and after each day"
    lines = [
        [rule, f"{mean:.3f}", f"{1 - mean / means[0]:.0%}"]
        for rule, mean in zip(rules, means, strict=True)
    ]
    print(table(["rule", "error", "below the naive"], lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
