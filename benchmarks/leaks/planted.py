"""Twenty tables whose rows depend on each other in time or in groups, given their columns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

Draw = Callable[[np.random.Generator], pl.DataFrame]


def dates(days: np.ndarray, unit: str = "D") -> np.ndarray:
    """Return dates a given number of days, or other units, after a date in 2021."""
    return (np.datetime64("2021-03-01") + np.asarray(days).astype(f"m8[{unit}]")).astype("M8[us]")


def walk(rng: np.random.Generator, count: int, step: float = 1.0) -> np.ndarray:
    """Draw a random walk."""
    return np.cumsum(rng.normal(0, step, count))


def autoregressive(rng: np.random.Generator, count: int, share: float) -> np.ndarray:
    """Draw a stationary series of unit variance in which each value keeps a share of the last."""
    values, noise = np.empty(count), rng.normal(size=count)
    values[0] = noise[0]
    for place in range(1, count):
        values[place] = share * values[place - 1] + np.sqrt(1 - share**2) * noise[place]
    return values


def walks(stores: int, days: int) -> Draw:
    """Return a draw of a walk for each store."""

    def draw(rng: np.random.Generator) -> pl.DataFrame:
        store, day = np.divmod(np.arange(stores * days), days)
        sales = 100 + np.concatenate([walk(rng, days) for _ in range(stores)])
        names = np.array([f"store {place}" for place in range(stores)])
        return pl.DataFrame({"date": dates(day), "store": names[store], "y": sales})

    return draw


def series(share: float, rows: int, unit: str = "D", columns: int = 3) -> Draw:
    """Return a draw of a series, half of it explained by columns; a walk if the share is 1."""

    def draw(rng: np.random.Generator) -> pl.DataFrame:
        x = rng.normal(size=(rows, columns))
        noise = walk(rng, rows, 0.2) if share == 1 else autoregressive(rng, rows, share)
        y = x[:, 0] + noise
        table = {f"x{place}": column for place, column in enumerate(x.T)}
        return pl.DataFrame({"date": dates(np.arange(rows), unit), **table, "y": y})

    return draw


def classes_of_walk(count: int, rows: int) -> Draw:
    """Return a draw of classes that a walk and a column decide."""

    def draw(rng: np.random.Generator) -> pl.DataFrame:
        x, level = rng.normal(size=rows), autoregressive(rng, rows, 0.97)
        score = 2 * level + 0.5 * x + 0.5 * rng.logistic(size=rows)
        cuts = np.quantile(score, np.arange(1, count) / count)
        label = np.array(list("abcdefgh"))[np.digitize(score, cuts)]
        return pl.DataFrame({"date": dates(np.arange(rows)), "x": x, "y": label})

    return draw


def days_of_their_own(days: int, rows: int) -> Draw:
    """Return a draw of several rows per day, where each day has an effect."""

    def draw(rng: np.random.Generator) -> pl.DataFrame:
        day = np.repeat(np.arange(days), rows)
        x = rng.normal(size=(len(day), 2))
        y = x[:, 0] + rng.normal(size=days)[day] + rng.normal(0, 0.7, len(day))
        return pl.DataFrame({"when": dates(day), "a": x[:, 0], "b": x[:, 1], "y": y})

    return draw


def years(count: int, rows: int) -> Draw:
    """Return a draw of years as whole numbers, each with an effect that lasts into the next."""

    def draw(rng: np.random.Generator) -> pl.DataFrame:
        year = np.repeat(np.arange(count), rows)
        x = rng.normal(size=len(year))
        y = x + walk(rng, count)[year] + rng.normal(size=len(year))
        return pl.DataFrame({"year": 1980 + year, "x": x, "y": y})

    return draw


def subjects(
    count: int,
    rows: int | tuple[int, int],
    *,
    effect: float = 1.0,
    noise: float = 0.7,
    alike: int = 0,
    named: bool = True,
    classes: int = 0,
    constant: bool = False,
) -> Draw:
    """Return a draw of subjects or sites, each with an effect of its own.

    ``alike`` columns describe the subject up to a little noise; ``named`` subjects have a name,
    others a whole number; a ``constant`` target is the same in all rows of a subject.
    """

    def draw(rng: np.random.Generator) -> pl.DataFrame:
        sizes = np.full(count, rows) if isinstance(rows, int) else rng.integers(*rows, size=count)
        of = np.repeat(np.arange(count), sizes)
        number = rng.permutation(count * 3)[:count]
        x = rng.normal(size=(len(of), 2))
        described = rng.normal(size=(count, alike))[of] + rng.normal(0, 0.3, (len(of), alike))
        own = effect * rng.normal(size=count)[of]
        y = own if constant else 0.7 * x[:, 0] + own + rng.normal(0, noise, len(of))
        who = np.array([f"P{place:04d}" for place in number])[of] if named else number[of]
        if classes:
            cuts = np.quantile(y, np.arange(1, classes) / classes)
            y = np.array(list("abcdefgh"))[np.digitize(y, cuts)]
        table = {f"x{place}": column for place, column in enumerate(np.hstack([x, described]).T)}
        frame = pl.DataFrame({"who": who, **table, "y": y})
        return frame[rng.permutation(len(frame))]

    return draw


PLANTED: dict[str, Draw] = {
    "3 walks of 700 days": walks(3, 700),
    "10 walks of 100 days": walks(10, 100),
    "a walk of 500 days beside columns": series(1, 500),
    "a series that keeps 0.9 a day": series(0.9, 800),
    "a series that keeps 0.8 an hour": series(0.8, 1500, "h"),
    "two classes of a series": classes_of_walk(2, 900),
    "four classes of a series": classes_of_walk(4, 900),
    "200 days of 8 rows": days_of_their_own(200, 8),
    "30 years of 40 rows": years(30, 40),
    "300 subjects of 5": subjects(300, 5),
    "500 subjects of 2": subjects(500, 2),
    "60 subjects of 20, numbered": subjects(60, 20, named=False),
    "100 subjects of 2 to 50": subjects(100, (2, 51)),
    "40 sites of 50, numbered": subjects(40, 50, effect=0.6, noise=1.0, named=False),
    "100 schools of 25, numbered": subjects(100, 25, effect=0.5, noise=1.0, named=False),
    "250 subjects of 4, described": subjects(250, 4, alike=4),
    "150 subjects of 3, one class each": subjects(150, 3, classes=2, constant=True),
    "200 subjects of 4, four classes": subjects(200, 4, classes=4),
    "50 sites of 30, two classes": subjects(50, 30, classes=2, named=False),
    "25 sites of 40": subjects(25, 40),
}
