"""Forty tables with dates or codes, whose rows are independent given their columns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from benchmarks.leaks.planted import Draw, dates

Signal = Callable[[np.ndarray], np.ndarray]

SIGNALS: dict[str, Signal] = {
    "none": lambda x: np.zeros(len(x)),
    "straight": lambda x: x[:, 0] - 0.5 * x[:, 1],
    "sine": lambda x: 2 * np.sin(2 * x[:, 0]),
    "product": lambda x: x[:, 0] * x[:, 1],
    "step": lambda x: 2.0 * (x[:, 0] > 0.3),
}


def target(rng: np.random.Generator, level: np.ndarray, classes: int, noise: float) -> np.ndarray:
    """Add noise that is independent of everything, and cut into classes if there are any."""
    y = level + noise * rng.normal(size=len(level))
    if not classes:
        return y
    cuts = np.quantile(y, np.arange(1, classes) / classes)
    return np.array(list("abcdefgh"))[np.digitize(y, cuts)]


def dated(
    signal: str,
    rows: int,
    *,
    days: int = 700,
    trend: float = 0.0,
    season: float = 0.0,
    drift: float = 0.0,
    classes: int = 0,
    noise: float = 1.0,
) -> Draw:
    """Return a draw of rows of random days, with a trend, a season, or a column that drifts."""

    def draw(rng: np.random.Generator) -> pl.DataFrame:
        day = np.sort(rng.integers(days, size=rows))
        x = rng.normal(size=(rows, 4))
        x[:, 3] += drift * day / days
        level = SIGNALS[signal](x) + trend * day / days + 0.5 * drift * x[:, 3]
        level += season * np.sin(2 * np.pi * day / 365.25)
        columns = {f"x{place}": column for place, column in enumerate(x.T)}
        return pl.DataFrame(
            {"date": dates(day), **columns, "y": target(rng, level, classes, noise)}
        )

    return draw


def coded(
    signal: str,
    groups: int,
    rows: int,
    *,
    named: bool = True,
    described: float = 0.0,
    classes: int = 0,
    noise: float = 1.0,
) -> Draw:
    """Return a draw of groups without an effect; a column of the group may tell the target."""

    def draw(rng: np.random.Generator) -> pl.DataFrame:
        of = rng.integers(groups, size=groups * rows)
        x = rng.normal(size=(len(of), 4))
        own = rng.normal(size=groups)[of]
        level = SIGNALS[signal](x) + described * own
        code = 1000 + of
        columns = {f"x{place}": column for place, column in enumerate(x.T)}
        columns |= {"of the group": own} if described else {}
        who = np.array([f"K{place}" for place in code]) if named else code
        return pl.DataFrame({"code": who, **columns, "y": target(rng, level, classes, noise)})

    return draw


def whole_numbers(signal: str, rows: int, classes: int = 0) -> Draw:
    """Return a draw of ages and counts with smooth effects."""

    def draw(rng: np.random.Generator) -> pl.DataFrame:
        age, count = rng.integers(18, 80, rows), rng.poisson(9, rows)
        scaled = np.column_stack([(age - 49) / 18, (count - 9) / 3])
        level = SIGNALS[signal](scaled)
        extra = rng.normal(size=rows)
        return pl.DataFrame(
            {"age": age, "visits": count, "x": extra, "y": target(rng, level, classes, 1.0)}
        )

    return draw


def places(rows: int, waves: float, classes: int = 0) -> Draw:
    """Return a draw of coordinates, a smooth field over them, and an uninformative date."""

    def draw(rng: np.random.Generator) -> pl.DataFrame:
        place = rng.random((rows, 2))
        level = 1.5 * np.sin(waves * place[:, 0]) * np.cos(waves * place[:, 1])
        return pl.DataFrame(
            {
                "longitude": place[:, 0],
                "latitude": place[:, 1],
                "visited": dates(rng.integers(400, size=rows)),
                "y": target(rng, level, classes, 0.7),
            }
        )

    return draw


def few_levels(levels: int, rows: int, classes: int = 0) -> Draw:
    """Return a draw of a few levels with effects and hundreds of rows each, and unrelated dates."""

    def draw(rng: np.random.Generator) -> pl.DataFrame:
        of = rng.integers(levels, size=rows)
        x = rng.normal(size=rows)
        level = x + rng.normal(size=levels)[of]
        names = np.array([f"region {place}" for place in range(levels)])
        when = dates(rng.integers(300, size=rows))
        return pl.DataFrame(
            {"region": names[of], "x": x, "when": when, "y": target(rng, level, classes, 1.0)}
        )

    return draw


CLEAN: dict[str, Draw] = {
    **{f"dates, {signal}": dated(signal, 1000) for signal in SIGNALS},
    **{f"dates, {signal}, two classes": dated(signal, 1000, classes=2) for signal in SIGNALS},
    "dates, 300 rows": dated("straight", 300),
    "dates, 4,000 rows, sine": dated("sine", 4000),
    "dates, straight trend": dated("straight", 1000, trend=3.0),
    "dates, steep trend": dated("sine", 1000, trend=10.0),
    "dates, trend in two classes": dated("straight", 1000, trend=2.0, classes=2),
    "dates, season over four years": dated("straight", 1500, days=1460, season=1.5),
    "dates, half a year": dated("sine", 800, days=180),
    "dates, a column drifts": dated("straight", 1000, drift=2.0),
    "dates, little noise": dated("product", 1000, noise=0.1),
    "dates, four classes": dated("sine", 1200, classes=4),
    **{f"codes of 5, {signal}": coded(signal, 250, 5) for signal in ("none", "sine", "product")},
    "codes of 2": coded("straight", 500, 2),
    "codes of 20, numbered": coded("sine", 60, 20, named=False),
    "codes of 40, numbered, two classes": coded("straight", 40, 40, named=False, classes=2),
    "codes of 5, two classes": coded("sine", 250, 5, classes=2),
    "codes of 8, a column of theirs tells": coded("straight", 150, 8, described=1.0),
    "codes of 25, a column of theirs tells": coded("none", 60, 25, named=False, described=1.0),
    "codes of 10, three classes": coded("straight", 120, 10, classes=3),
    **{f"ages, {signal}": whole_numbers(signal, 1200) for signal in ("straight", "sine", "step")},
    "ages, product, 3,000 rows": whole_numbers("product", 3000),
    "ages, two classes": whole_numbers("sine", 1500, 2),
    "coordinates, a few waves": places(1200, 6.0),
    "coordinates, many waves": places(2000, 15.0),
    "coordinates, two classes": places(1500, 8.0, 2),
    "12 regions with an effect": few_levels(12, 1800),
    "5 regions, two classes": few_levels(5, 800, 2),
}
