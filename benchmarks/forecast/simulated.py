"""How often intervals of forecasts hold on simulated series, whose law of the future is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

import gradum
from benchmarks.forecast.laws import REPORTED, TRIED, Law
from benchmarks.page import ACCURACY, publish, table
from gradum.run.forecast.continued_series import ContinuedSeries
from gradum.tables.sources.read import read

COVERAGE, FUTURES = 0.9, 200
SIZES = ((1, 107, 7), (50, 107, 7), (1, 365, 14), (5, 365, 14), (3, 24, 4), (4, 60, 14))
"""Series, stamps and horizon."""

NEW, SEEN = 20, (1, 5, 20, 107)
"""Series that are new to a model, and how many of their values it is given."""

DRAWS = 2
QUICK = {"model": "linear", "explain": False, "learning_curve": False}


@dataclass(frozen=True)
class Held:
    """How the intervals of one draw hold.

    Parameters
    ----------
    law : str
    size : tuple of int
    covered : ndarray of shape (S, H)
        The share of futures within each interval.
    width, true : ndarray of shape (S, H)
        Widths of the intervals, and of those between the true quantiles.
    origins : int
        How many origins judged.
    promised : bool
        Whether the model promises anything of its intervals.
    """

    law: str
    size: tuple[int, int, int]
    covered: np.ndarray
    width: np.ndarray
    true: np.ndarray
    origins: int
    promised: bool


def main(draws: str = str(DRAWS), laws: str = "reported") -> None:
    """Tabulate coverage and widths by law, by size and for new series."""
    chosen = {"reported": REPORTED, "tried": TRIED}[laws]
    held = [
        _held(name, law, size, [draw, place, *size])
        for draw in range(int(draws))
        for place, (name, law) in enumerate(chosen.items())
        for size in SIZES
    ]
    new = [
        _of_new(law, [draw, place, 1])
        for draw in range(int(draws))
        for place, law in enumerate(chosen.values())
    ]
    text = "\n".join(
        [
            f"{draws} draws of each law and size:\n",
            table(("law", *HEAD), _lines(held, chosen, lambda each: each.law)),
            table(("series × stamps, horizon", *HEAD), _lines(held, SIZES, lambda each: each.size)),
            table(
                ("values given of a new series", *(f"{count}" for count in SEEN)),
                [
                    [
                        f"{COVERAGE:.0%} intervals cover",
                        *(f"{share:.1%}" for share in np.mean(new, 0)),
                    ]
                ],
            ),
        ]
    )
    published = int(draws) >= DRAWS and laws == "reported"
    publish("forecasts simulated", text, ["gradum", "numpy"], complete=published, page=ACCURACY)


HEAD = (
    "90% intervals cover",
    "first and last third of steps",
    "half of series with the narrower and the wider truth",
    "draws below 80%",
    "width by the true one",
    "withheld",
)


def _lines(held: list[Held], keys: Iterable, key: Callable[[Held], object]) -> Iterable[list[str]]:
    """Yield a line of means over draws for each key."""
    for name in keys:
        those = [each for each in held if key(each) == name]
        means = np.array([each.covered.mean() for each in those])
        thirds = [np.array_split(each.covered, 3, axis=1) for each in those]
        ends = [np.mean([third[place].mean() for third in thirds]) for place in (0, -1)]
        halves = [_halves(each) for each in those if each.size[0] > 1]
        yield [
            name if isinstance(name, str) else "{} × {}, {}".format(*name),
            f"{means.mean():.1%} ± {means.std() / np.sqrt(len(means)):.1%}",
            " and ".join(f"{share:.0%}" for share in ends),
            " and ".join(f"{share:.0%}" for share in np.mean(halves, 0)) if halves else "",
            f"{np.mean(means < 0.8):.0%}",
            f"{np.median([each.width.mean() / each.true.mean() for each in those]):.2f}",
            f"{np.mean([not each.promised for each in those]):.0%}",
        ]


def _halves(held: Held) -> list[float]:
    order = np.argsort(held.true.mean(1))
    return [float(held.covered[part].mean()) for part in np.array_split(order, 2)]


def _table(past: np.ndarray, first: int = 0) -> pl.DataFrame:
    """Return series (S, T) as a table whose last day is the same for all."""
    stamps = [dt.date(2022, 1, 3) + dt.timedelta(day) for day in range(1000)][-past.shape[1] :]
    return pl.concat(
        pl.DataFrame({"day": stamps, "what": f"{first + number:03d}", "y": values})
        for number, values in enumerate(past)
    )


def _held(name: str, law: Law, size: tuple[int, int, int], seed: list[int]) -> Held:
    """Draw series of a law, forecast them, and count the futures within the intervals."""
    series, length, horizon = size
    past, ahead = law.drawn(np.random.default_rng(seed), series, length, horizon, FUTURES)
    model = gradum.fit(_table(past), "y", time="day", series="what", horizon=horizon, **QUICK)
    going_on = ContinuedSeries.of(model.fitted)
    low, high = going_on.intervals(COVERAGE).reshape(series, horizon, 2).transpose(2, 0, 1)
    true = np.quantile(ahead, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2], axis=0)
    made = Held(
        name,
        size,
        ((low <= ahead) & (ahead <= high)).mean(0),
        high - low,
        true[1] - true[0],
        len(np.unique(model.fitted.guarantee.scores.moment)),
        "No share" not in going_on.promise(COVERAGE),
    )
    print(name, size, made.origins, f"{made.covered.mean():.3f}", flush=True)
    return made


def _of_new(law: Law, seed: list[int]) -> list[float]:
    """Return the share of futures of new series within intervals, by how much of them is given."""
    horizon, learned = 7, 5
    rng = np.random.default_rng(seed)
    past, ahead = law.drawn(rng, learned + NEW, max(SEEN), horizon, FUTURES)
    table = _table(past[:learned])
    model = gradum.fit(table, "y", time="day", series="what", horizon=horizon, **QUICK)
    shares = []
    for count in SEEN:
        given = read(_table(past[learned:, -count:], learned))
        frame = ContinuedSeries.of(model.fitted, given).frame(COVERAGE)
        new = frame.filter(pl.col("what") >= f"{learned:03d}").sort("what", "steps ahead")
        low, high = (new[name].to_numpy().reshape(NEW, horizon) for name in ("low", "high"))
        there = ahead[:, learned:]
        shares.append(float(((low <= there) & (there <= high)).mean()))
    return shares
