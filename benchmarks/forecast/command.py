"""The command: every side forecasts from the same origins, and the figures go into the page."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from time import process_time

import numpy as np
import polars as pl
from scipy.stats import norm

import gradum
from benchmarks.environments import answer_of, cache, python_with
from benchmarks.forecast.panels import PANELS, Panel
from benchmarks.page import ACCURACY, publish, table
from gradum.files.atomic import write_text
from gradum.run.forecast.continued_series import ContinuedSeries
from gradum.run.forecast.learned_series import series_rows
from gradum.tables.forecast.facet import ORIGIN
from gradum.tables.forecast.pairs import Windows
from gradum.tables.forecast.panel import Panel as Series
from gradum.tables.forecast.panel import panel_of
from gradum.tables.schema.schema import Overrides
from gradum.tables.sources.read import read

COVERAGE, SIMULTANEOUS = 0.9, 0.99
EARLIER = 56  # days of half-hours that AutoETS sees
SIDES = ("seasonal naive", "AutoETS", "LightGBM", "gradum")
HEAD = ("series", "origins", *SIDES, "gradum below the naive", "CPU s of a fit")
COVERED = (
    "series",
    "90% intervals cover",
    "by step",
    "steps whose simultaneous 99% interval excludes 90%",
)


def main(folder: str, sets: str = "", seeds: str = "0") -> None:
    """Measure each set and keep its lines; publish those of all sets if none is missing."""
    for name in sets.split(",") if sets else PANELS:
        panel = PANELS[name](Path(folder))
        scored = [Measured.of(panel, int(seed)) for seed in seeds.split(",")]
        _file(name).parent.mkdir(parents=True, exist_ok=True)
        write_text(_file(name), json.dumps([_line(panel, scored), _covered(panel, scored)]))
    kept = [name for name in PANELS if _file(name).exists()]
    lines, coverages = zip(*(json.loads(_file(name).read_text()) for name in kept), strict=True)
    text = f"{table(HEAD, lines)}\n{table(COVERED, coverages)}"
    publish("forecasts", text, ["gradum", "polars"], complete=kept == list(PANELS), page=ACCURACY)


def _file(name: str) -> Path:
    """Return where the lines of a set are kept from one command to the next."""
    return cache() / "forecast" / f"{name}.json"


class Measured:
    """What every side says of the held-back origins of a set, with one seed.

    ``errors`` are absolute and scaled, by side (origins, series, steps); ``covered`` the same of
    gradum's intervals.
    """

    def __init__(self, errors: dict[str, np.ndarray], covered: np.ndarray, seconds: float) -> None:
        self.errors, self.covered, self.seconds = errors, covered, seconds

    @classmethod
    def of(cls, panel: Panel, seed: int) -> Measured:
        """Forecast by every side."""
        learned = panel.until(panel.origins[0])
        rows = series_rows(
            read(learned),
            panel.target,
            panel.horizon,
            series=panel.series,
            known=panel.known,
            overrides=Overrides(time=panel.time),
            seed=seed,
        )
        forecast = rows.schema.forecast
        whole = panel_of(read(panel.rows), forecast)
        moments = pl.Series(panel.origins).cast(pl.Datetime("us")).to_physical().to_numpy()
        places = forecast.frequency.places(moments).astype(int)
        at = Windows(
            whole,
            forecast,
            np.tile(np.arange(len(whole.keys)), len(places)),
            np.repeat(places, len(whole.keys)),
        )
        shape = (len(places), len(whole.keys), panel.horizon)
        truth, scale = at.at(at.places).reshape(shape), at.scales.reshape(shape[0], shape[1], 1)
        answers = {}
        for season in panel.seasons:
            past = at.places - season * -(-at.steps // season)
            answers[f"naive {season}"] = at.at(past).reshape(shape)
        answers["LightGBM"] = _trees(panel, rows.table.frame, at, seed).reshape(shape)
        _print(panel, answers, truth, scale)
        answers["AutoETS"] = _smoothed(panel, whole, places, shape)
        _print(panel, answers, truth, scale)
        options = {"horizon": panel.horizon, "time": panel.time, "known": list(panel.known)}
        if panel.series:
            options["series"] = list(panel.series)
        began = process_time()
        model = gradum.fit(learned, panel.target, seed=seed, **options)
        seconds = process_time() - began
        going = [
            ContinuedSeries.from_ends(model.fitted, _known_at(whole, place)) for place in places
        ]
        answers["gradum"] = np.stack([each.predicted() for each in going]).reshape(shape)
        ends = np.stack([each.intervals(COVERAGE) for each in going]).reshape(*shape, 2)
        covered = (truth >= ends[..., 0]) & (truth <= ends[..., 1])
        errors = {side: np.abs(answer - truth) / scale for side, answer in answers.items()}
        naive = min(
            (f"naive {season}" for season in panel.seasons),
            key=lambda side: np.nanmean(errors[side]),
        )
        errors["seasonal naive"] = errors[naive]
        _print(panel, answers, truth, scale)
        print(f"covered {covered.mean():.3f}, {seconds:.0f} s, {model.used}", flush=True)
        return cls(errors, covered, seconds)


def _known_at(whole: Series, place: int) -> Series:
    """Return a panel with what is known at an origin: no later targets, but later known columns."""
    values = whole.values.copy()
    values[0, :, place + 1 - whole.first :] = np.nan
    return replace(whole, values=values)


def _print(panel: Panel, answers: dict, truth: np.ndarray, scale: np.ndarray) -> None:
    means = {
        side: round(float(np.nanmean(np.abs(answer - truth) / scale)), 4)
        for side, answer in answers.items()
    }
    print(panel.name, means, flush=True)


def _trees(panel: Panel, learned: pl.DataFrame, at: Windows, seed: int) -> np.ndarray:
    """Return LightGBM's forecasts from the rows that gradum makes."""
    unused = [panel.time, ORIGIN]
    late = pl.col(ORIGIN) >= learned[ORIGIN].quantile(0.85)
    python = python_with("lightgbm", "pandas", "pyarrow", "scikit-learn")
    with tempfile.TemporaryDirectory() as folder:
        learned.with_columns(late=late).drop(unused).write_parquet(f"{folder}/learn.parquet")
        at.frame().drop(unused).write_parquet(f"{folder}/new.parquet")
        given = {"folder": folder, "target": panel.target, "objective": "l1", "seed": seed}
        answer = answer_of(python, "benchmarks.forecast.trees", given=json.dumps(given))
    scale = np.repeat(at.scales[:, 0], panel.horizon)
    return at.naive.reshape(-1) + scale * np.array(answer["predicted"])


def _smoothed(panel: Panel, whole, places: np.ndarray, shape: tuple) -> np.ndarray:
    """Return AutoETS's forecasts of each series from each origin."""
    parts = []
    for place in places.tolist():
        values = whole.until(place).target[:, -EARLIER * panel.season :]
        for series, each in enumerate(values):
            parts.append(pl.DataFrame({"origin": place, "series": series, "value": each}))
    python = python_with("statsforecast", "polars")
    with tempfile.TemporaryDirectory() as folder:
        pl.concat(parts).write_parquet(f"{folder}/series.parquet")
        given = {"folder": folder, "horizon": panel.horizon, "seasons": list(panel.seasons)}
        answer = answer_of(python, "benchmarks.forecast.smoothing", given=json.dumps(given))
    found = np.full(shape, np.nan)
    where = {place: number for number, place in enumerate(places.tolist())}
    for place, series, each in answer:
        found[where[place], series] = each
    return found


def _line(panel: Panel, scored: list[Measured]) -> list[str]:
    means = {side: np.mean([np.nanmean(each.errors[side]) for each in scored]) for side in SIDES}
    unit = "" if panel.series else " "
    shown = [f"{means[side]:.3f}" if panel.series else f"{means[side]:.0f}" for side in SIDES]
    below = 1 - means["gradum"] / means["seasonal naive"]
    seconds = np.mean([each.seconds for each in scored])
    return [
        panel.name + unit.strip(),
        str(len(panel.origins)),
        *shown,
        f"{below:.0%}",
        f"{seconds:.0f}",
    ]


def _covered(panel: Panel, scored: list[Measured]) -> list[str]:
    """Say how many targets intervals cover, pooled and by step, with intervals by origin."""
    covered = np.mean([each.covered for each in scored], axis=0).mean(axis=1)  # origins, steps
    pooled, by_step = covered.mean(), covered.mean(axis=0)
    error = np.array([_error(covered[:, step]) for step in range(panel.horizon)])
    width = norm.ppf(1 - (1 - SIMULTANEOUS) / (2 * panel.horizon)) * error
    excluded = int(((by_step + width < COVERAGE) | (by_step - width > COVERAGE)).sum())
    return [
        panel.name,
        f"{pooled:.1%}",
        f"{by_step.min():.0%}–{by_step.max():.0%}",
        f"{excluded} of {panel.horizon}",
    ]


def _error(shares: np.ndarray, block: int = 14) -> float:
    """Return the standard error of a mean of shares by origin, by means of batches of origins."""
    batches = [part.mean() for part in np.array_split(shares, max(len(shares) // block, 2))]
    independent = np.std(shares, ddof=1) / np.sqrt(len(shares))
    return float(max(np.std(batches, ddof=1) / np.sqrt(len(batches)), independent))
