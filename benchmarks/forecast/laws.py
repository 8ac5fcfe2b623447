"""Laws of series whose futures can be drawn again and again from the same past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

WEEK = 7

State = dict[str, np.ndarray]


@dataclass(frozen=True)
class Law:
    """A law of S series side by side.

    Parameters
    ----------
    begin : callable
        From a generator and S: what the series carry from one stamp to the next, arrays (S, …).
    go_on : callable
        From this state, whose arrays may have leading axes, the stamps left until the end of the
        past, and a generator: the next values. The state changes.
    """

    begin: Callable[[np.random.Generator, int], State]
    go_on: Callable[[State, int, np.random.Generator], np.ndarray]

    def drawn(
        self, rng: np.random.Generator, series: int, length: int, horizon: int, futures: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return a past (S, T) and futures of it (K, S, H)."""
        state = self.begin(rng, series)
        past = [self.go_on(state, length - 1 - t, rng) for t in range(length)]
        state = {name: np.repeat(each[None], futures, 0) for name, each in state.items()}
        ahead = [self.go_on(state, -1 - h, rng) for h in range(horizon)]
        return np.stack(past, 1), np.stack(ahead, 2)


def autoregressive(phi: float, week: float, shared: float = 0.0, uneven: float = 0.0) -> Law:
    """Return an AR(1) around a week; ``shared`` is the part of the shocks that all series have.

    With ``uneven``, the size of the shocks differs by series, e^±uneven beside the same week.
    """

    def begin(rng: np.random.Generator, series: int) -> State:
        return {
            "x": rng.normal(size=series) / np.sqrt(1 - phi**2),
            "week": week * rng.normal(size=(series, WEEK)),
            "size": np.exp(uneven * rng.uniform(-1, 1, series)),
            "level": rng.normal(0, 3, series),
        }

    def go_on(state: State, left: int, rng: np.random.Generator) -> np.ndarray:
        own = rng.normal(size=state["x"].shape)
        common = rng.normal(size=(*own.shape[:-1], 1))
        state["x"] = phi * state["x"] + np.sqrt(1 - shared) * own + np.sqrt(shared) * common
        return state["level"] + state["week"][..., left % WEEK] + state["size"] * state["x"]

    return Law(begin, go_on)


def seasonal_walk(noise: float) -> Law:
    """Each weekday is a random walk of its own, observed with noise."""

    def begin(rng: np.random.Generator, series: int) -> State:
        return {"week": rng.normal(0, 3, (series, WEEK))}

    def go_on(state: State, left: int, rng: np.random.Generator) -> np.ndarray:
        day = state["week"][..., left % WEEK]
        day += rng.normal(size=day.shape)
        return day + noise * rng.normal(size=day.shape)

    return Law(begin, go_on)


def walk(week: float) -> Law:
    """Return a random walk beside a week."""
    return autoregressive(0.9999999, week)


def bent(before: int, slope: float, phi: float) -> Law:
    """Return a trend that turns into its opposite, with a week and an AR(1)."""
    plain = autoregressive(phi, 1.0)

    def begin(rng: np.random.Generator, series: int) -> State:
        sign = rng.choice([-1.0, 1.0], series)
        return plain.begin(rng, series) | {"trend": np.zeros(series), "slope": slope * sign}

    def go_on(state: State, left: int, rng: np.random.Generator) -> np.ndarray:
        state["trend"] = state["trend"] + np.where(left < before, -1, 1) * state["slope"]
        return plain.go_on(state, left, rng) + state["trend"]

    return Law(begin, go_on)


def shifting(every: float, size: float, phi: float) -> Law:
    """Return an AR(1) beside a week whose level jumps at random times, also in the future."""
    plain = autoregressive(phi, 1.0)

    def go_on(state: State, left: int, rng: np.random.Generator) -> np.ndarray:
        jumps = rng.random(state["x"].shape) < 1 / every
        state["level"] = state["level"] + jumps * rng.normal(0, size, jumps.shape)
        return plain.go_on(state, left, rng)

    return Law(plain.begin, go_on)


def shifted(before: int, size: float, phi: float) -> Law:
    """Return an AR(1) beside a week whose level jumped once, some stamps before the end."""
    plain = autoregressive(phi, 1.0)

    def go_on(state: State, left: int, rng: np.random.Generator) -> np.ndarray:
        if left == before:
            state["level"] = state["level"] + size * rng.choice([-1, 1], state["level"].shape)
        return plain.go_on(state, left, rng)

    return Law(plain.begin, go_on)


def counts(mean: float, share: float, spread: float) -> Law:
    """Overdispersed counts beside a week, above 0 on a share of the days alone."""

    def begin(rng: np.random.Generator, series: int) -> State:
        levels = mean * np.exp(0.3 * rng.normal(size=(series, 1)))
        return {"rate": levels * np.exp(0.3 * rng.normal(size=(series, WEEK)))}

    def go_on(state: State, left: int, rng: np.random.Generator) -> np.ndarray:
        rate = state["rate"][..., left % WEEK]
        there = rng.random(rate.shape) < share
        return there * rng.poisson(rate * rng.gamma(1 / spread, spread, rate.shape)).astype(float)

    return Law(begin, go_on)


TRIED = {
    "AR .6": autoregressive(0.6, 1.0),
    "AR .85, shared": autoregressive(0.85, 1.5, shared=0.4),
    "uneven": autoregressive(0.5, 0.7, uneven=1.2),
    "seasonal walk": seasonal_walk(0.7),
    "walk": walk(0.5),
    "bent 25 before": bent(25, 0.12, 0.5),
    "shifting": shifting(70, 2.5, 0.4),
    "intermittent": counts(4.0, 0.3, 0.3),
    "counts": counts(8.0, 1.0, 0.3),
}
"""Laws by which settings of the intervals were chosen."""

REPORTED = {
    "AR(.7) + week": autoregressive(0.7, 1.0),
    "AR(.3) + week": autoregressive(0.3, 2.0),
    "AR(.7), shared shocks": autoregressive(0.7, 1.0, shared=0.6),
    "uneven sizes": autoregressive(0.7, 1.0, uneven=1.0),
    "seasonal walk": seasonal_walk(0.0),
    "walk + week": walk(1.0),
    "trend bent 20 before": bent(20, 0.15, 0.7),
    "steep trend bent 20 before": bent(20, 0.4, 0.7),
    "level shifted 15 before": shifted(15, 4.0, 0.5),
    "random level shifts": shifting(50, 3.0, 0.6),
    "intermittent": counts(3.0, 0.2, 0.2),
    "counts": counts(5.0, 1.0, 0.2),
}
"""Laws that are reported, none of which chose a setting."""
