"""How often intervals of forecasts hold on simulated series, whose law of the future is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import msgspec
import numpy as np
import polars as pl
from msgspec.structs import astuple

import gradum
from benchmarks.environments import cache
from benchmarks.forecast.laws import REPORTED, TRIED, Law
from benchmarks.page import ACCURACY, publish, table
from gradum.files.atomic import write_text
from gradum.run.forecast.continued_series import ContinuedSeries
from gradum.tables.sources.read import read

COVERAGE, FUTURES = 0.9, 200
SIZES = ((1, 107, 7), (50, 107, 7), (1, 365, 14), (5, 365, 14), (3, 24, 4), (4, 60, 14))
"""Series, stamps and horizon."""

NEW, SEEN = 20, (1, 5, 20, 107)
"""Series that are new to a model, and how many of their values it is given."""

DRAWS = 1
QUICK = {"model": "linear", "explain": False, "learning_curve": False}


class Held(msgspec.Struct, frozen=True):
    """How the intervals of one draw hold: shares of futures, and mean widths by the true ones."""

    law: str
    size: tuple[int, int, int]
    covered: float
    first: float
    last: float
    """At all steps, and at the first and the last third of them."""
    narrow: float
    wide: float
    """Of the halves of series whose true intervals are narrower and wider."""
    width: float
    promised: bool


class Draw(msgspec.Struct, frozen=True):
    """What one draw of each law gave; ``new`` has a share for each number of values, by law."""

    held: list[Held]
    new: list[list[float]]


def main(draws: str = str(DRAWS), laws: str = "reported") -> None:
    """Tabulate coverage and widths by law, by size and for new series; draws are kept."""
    chosen = {"reported": REPORTED, "tried": TRIED}[laws]
    drawn = [_draw(chosen, laws, draw) for draw in range(int(draws))]
    held, new = (
        [one for each in drawn for one in part] for part in zip(*map(astuple, drawn), strict=True)
    )
    text = "\n".join(
        [
            f"Draws of each law and size: {draws}.\n",
            table(("law", *HEAD), _lines(held, chosen, lambda each: each.law)),
            table(("series × stamps, horizon", *HEAD), _lines(held, SIZES, lambda each: each.size)),
            table(
                ("values given of a new series", *map(str, SEEN)),
                [["90% intervals cover", *(f"{share:.1%}" for share in np.mean(new, 0))]],
            ),
        ]
    )
    publish(
        "forecasts simulated",
        text,
        ["gradum", "numpy"],
        complete=int(draws) >= DRAWS and laws == "reported",
        page=ACCURACY,
    )


def _draw(chosen: dict[str, Law], laws: str, draw: int) -> Draw:
    """Return a draw, which is made once."""
    file = cache() / "forecast" / f"simulated-{laws}-{draw}.json"
    if not file.exists():
        places = list(enumerate(chosen.items()))
        held = [
            _held(name, law, size, [draw, place, *size])
            for place, (name, law) in places
            for size in SIZES
        ]
        new = [_of_new(law, [draw, place, 1]) for place, (_, law) in places]
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, msgspec.json.encode(Draw(held, new)).decode())
    return msgspec.json.decode(file.read_bytes(), type=Draw)


HEAD = (
    "90% intervals cover",
    "first and last third of steps",
    "series of narrower and wider truth",
    "fits below 80%",
    "width by the true one",
    "withheld",
)


def _lines(held: list[Held], keys: Iterable, key: Callable[[Held], object]) -> Iterable[list[str]]:
    """Yield a line of means over draws for each key."""
    for name in keys:
        those = [each for each in held if key(each) == name]
        covered = np.array([each.covered for each in those])
        mean = {
            part: np.mean([getattr(each, part) for each in those])
            for part in ("first", "last", "narrow", "wide", "promised")
        }
        yield [
            name if isinstance(name, str) else "{} × {}, {}".format(*name),
            f"{covered.mean():.1%} ± {covered.std(ddof=1) / np.sqrt(len(covered)):.1%}",
            f"{mean['first']:.0%} and {mean['last']:.0%}",
            f"{mean['narrow']:.0%} and {mean['wide']:.0%}",
            f"{np.mean(covered < 0.8):.0%}",
            f"{np.median([each.width for each in those]):.2f}",
            f"{1 - mean['promised']:.0%}",
        ]


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
    share, true = ((low <= ahead) & (ahead <= high)).mean(0), true[1] - true[0]
    thirds = np.array_split(share, 3, axis=1)
    halves = np.array_split(share[np.argsort(true.mean(1))], 2) if series > 1 else [share, share]
    parts = [float(part.mean()) for part in (share, thirds[0], thirds[-1], *halves)]
    width = float((high - low).mean() / true.mean())
    promised = "No share" not in going_on.promise(COVERAGE)
    print(name, size, f"{parts[0]:.3f}", flush=True)
    return Held(name, size, *parts, width, promised)


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
