"""The trust report's error and power: how often a correct model fails, and a wrong one is found.

`python -m benchmarks trust [SETS] [RUNS]`: sets of predictions of a model that knows the law of its
target are fed directly to every line that may fail by chance, since all of these together should
fail in at most 3% of reports; faults are planted in other sets; and whole runs are fitted and
checked against new rows. With 400 sets and 40 runs, the figures replace those in docs/accuracy.md.
`trust laws [RUNS]` prints the same for whole runs by a loss: counts and amounts with exposures,
quantiles and ordered classes, with a group that does not matter.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from scipy import stats

import gradum
from benchmarks.page import ACCURACY, publish, table
from benchmarks.sides import processes
from gradum.api.trust import calibration, coverage, drift, groups, scores
from gradum.api.trust.examined import ExaminedPredictions
from gradum.api.trust.predictions import predictions_of_table
from gradum.api.trust.report import trust_predictions
from gradum.api.trust.thresholds import Thresholds
from gradum.scores.bootstrap import sampled
from gradum.scores.interval import Interval
from gradum.scores.metrics import DEFAULT_METRIC, METRICS
from gradum.study.coverage.coverage import COVERAGE, Coverage
from gradum.study.coverage.covered_groups import CoveredRows, covered_groups
from gradum.study.coverage.new_rows import NewCoverage
from gradum.study.evaluation.changes import changes
from gradum.study.evidence import Evidence
from gradum.study.findings.reliability import reliability
from gradum.study.resampling import RESAMPLES
from gradum.study.shortfall import exact_share, shortfall_of_new
from gradum.study.trust import Check, settled
from gradum.study.watch.distances import LEVEL, between_numbers
from gradum.study.watch.watched import WatchAlarm, Watched
from gradum.tables.sources.read import read

SETS, RUNS = 400, 40
PART, FEW = 50, 10  # sets and runs that a process handles at a time
TASKS, SIZES = ("classes", "numbers"), (500, 1_500, 8_000)
SITES, SHARES = ("a", "b", "c"), (0.6, 0.3, 0.1)
GRADES = ["low", "middle", "top"]
FAMILY_ERROR = Thresholds().error
SHIFT = 0.5
QUANTILES = 100  # of a watch's reference


def main(sets: str = str(SETS), runs: str = str(RUNS)) -> None:
    """Count failures of correct models and planted faults that are found, and publish them."""
    if sets == "laws":
        _of_laws(int(runs))
        return
    cells = [(task, rows) for task in TASKS for rows in SIZES]
    with processes() as pool:

        def parts(function: Callable, *what: Any, of: int) -> Callable[[], list[list[str]]]:
            running = [pool.submit(function, *what, part) for part in range(of)]
            return lambda: list(chain.from_iterable(each.result() for each in running))

        counted = [parts(failures, *cell, of=-(-int(sets) // PART)) for cell in cells]
        fitted = [parts(failed_runs, task, 0.0, of=-(-int(runs) // FEW)) for task in TASKS]
        planted = [pool.submit(found, name, int(runs)) for name in FAULTS]
        moved = [parts(failed_runs, task, SHIFT, of=1) for task in TASKS]
        lines = []
        for (task, rows), failed in zip(cells, counted, strict=True):
            lines.append([task, f"{rows:,}", *_rates(failed())])
            print(*lines[-1], flush=True)
        in_runs = [[task, *_counts(failed())] for task, failed in zip(TASKS, fitted, strict=True)]
        faults = [
            *(
                [f"{fault.words}, {fault.rows:,} rows", *_counts(failed.result())]
                for fault, failed in zip(FAULTS.values(), planted, strict=True)
            ),
            *(
                [f"whole runs, {task}: a column moved by {SHIFT:g} deviations", *_counts(each)]
                for task, each in zip(TASKS, (failed() for failed in moved), strict=True)
            ),
        ]
    text = [
        f"{int(sets):,} sets of predictions a line, which are the law of their target, and as many "
        "new rows. Share in which any line fails:\n",
        table(["predictions", "rows", "any fails", "at most, at 95%", "which"], lines),
        "Whole runs of 1,500 rows, trust on 1,500 new ones:\n",
        table(["runs of a linear model", "any fails", "which"], in_runs),
        "Planted faults:\n",
        table(["fault", "found", "by"], faults),
    ]
    complete = int(sets) >= SETS and int(runs) >= RUNS
    publish("trust", "\n".join(text), ("gradum", "numpy"), complete=complete, page=ACCURACY)


def _of_laws(runs: int) -> None:
    with processes() as pool:
        running = {name: pool.submit(failed_by_law, name, runs) for name in LAWS}
        rows = [[name, *_counts(each.result())] for name, each in running.items()]
    print(table(["runs of a linear model", "any fails", "which"], rows))


def _counts(failed: Sequence[Sequence[str]]) -> tuple[str, str]:
    """Say in how many reports any line failed, and how often each line did."""
    named = Counter(name for names in failed for name in set(names))
    which = ", ".join(f"{name} {count}" for name, count in named.most_common())
    return f"{sum(bool(names) for names in failed)} of {len(failed)}", which or "–"


def _rates(failed: Sequence[Sequence[str]]) -> tuple[str, str, str]:
    """Say in what share any line failed, with its upper limit (Clopper–Pearson), and which did."""
    count, sets = sum(bool(names) for names in failed), len(failed)
    limit = stats.beta.ppf(0.95, count + 1, sets - count) if count < sets else 1.0
    return f"{100 * count / sets:.2g}%", f"{100 * limit:.1f}%", _counts(failed)[1]


class Rows(NamedTuple):
    """Rows with the law of their target: two columns, a site that does not matter, and the mean."""

    columns: np.ndarray
    site: np.ndarray
    mean: np.ndarray
    target: np.ndarray

    @classmethod
    def draw(cls, task: str, rows: int, rng: np.random.Generator) -> Rows:
        """Draw rows: by a logistic law with 45% yes, or a linear one that explains 63%."""
        columns, site = rng.normal(size=(rows, 2)), rng.choice(SITES, rows, p=SHARES)
        signal = columns @ [1.1, 0.7] - 0.3
        if task == "numbers":
            return cls(columns, site, signal, signal + rng.normal(size=rows))
        share = 1 / (1 + np.exp(-signal))
        return cls(columns, site, share, np.where(rng.random(rows) < share, "yes", "no"))

    def examined(self, predicted: np.ndarray) -> ExaminedPredictions:
        """Return predictions beside the true values, as from a model from elsewhere."""
        frame = pl.DataFrame({"said": predicted, "site": self.site, "y": self.target})
        return predictions_of_table(read(frame), "y", ["said"], by=["site"])

    def table(self) -> pl.DataFrame:
        """Return the rows as a table to learn from."""
        a, b = self.columns.T
        return pl.DataFrame({"a": a, "b": b, "site": self.site, "y": self.target})


def failures(task: str, rows: int, part: int) -> list[list[str]]:
    """Return the lines that fail, set by set, when predictions are the law of the target."""
    rng = np.random.default_rng((TASKS.index(task), rows, part))
    drawn = (tested_lines(task, rows, rng) for _ in range(PART))
    return [_failing(settled(lines, FAMILY_ERROR)[0]) for lines in drawn]


def _failing(checks: Iterable[Check]) -> list[str]:
    return [check.name for check in checks if check.status == "failed"]


def tested_lines(task: str, rows: int, rng: np.random.Generator) -> list[Check]:
    """Return every line that may fail by chance, for judged rows and as many new ones."""
    judged, new = Rows.draw(task, rows, rng), Rows.draw(task, rows, rng)
    ours, later = judged.examined(judged.mean), new.examined(new.mean)
    unit = None if task == "classes" else float(np.std(judged.target))
    known = calibration.PART.examine_predictions(ours, calibration.CalibrationThresholds())
    by_site = groups.PART.examine_predictions(ours, groups.GroupThresholds())
    on_new = calibration.calibrated(
        calibration.TABLE,
        reliability(later.evidence),
        unit,
        calibration.CalibrationThresholds(),
    )
    lines = [
        *known.finding.checks,
        *by_site.finding.checks,
        on_new,
        _scored(ours.evidence, later.evidence),
        *_covered(ours.evidence, later.evidence),
        _watched(judged, new),
    ]
    return [line for line in lines if line.p_value is not None]


def _scored(judged: Evidence, new: Evidence) -> Check:
    metric = DEFAULT_METRIC[judged.task]
    own, later = (_score(evidence, metric) for evidence in (judged, new))
    (change,) = changes(later, own, metric)
    return scores.changed(change)


def _score(evidence: Evidence, metric: str) -> dict[str, Interval]:
    resamples = replace(evidence.resamples("trust"), count=RESAMPLES)  # a run draws more
    (samples,) = sampled([evidence.outcome], resamples, [metric])
    return {metric: METRICS[metric].interval(samples[metric])}


def _covered(judged: Evidence, new: Evidence) -> list[Check]:
    """Check both against conformal intervals, or sets, made from the judged rows' scores."""
    own, later = _nonconformity(judged), _nonconformity(new)
    rank = math.ceil(COVERAGE * (len(own) + 1))
    threshold = np.sort(own)[rank - 1]
    within = own <= threshold
    rows = CoveredRows(judged, np.arange(len(own)), within, np.zeros(len(own), np.intp))
    found = covered_groups(rows, ["site"])
    tested = sum(group.p_value is not None for group in found)
    whole = Coverage(
        "split", COVERAGE, len(own), int(within.sum()), found, tested, None, (), "", ""
    )
    covered = int((later <= threshold).sum())
    p_value = shortfall_of_new(covered, len(later), len(own), COVERAGE)
    share = exact_share(covered, len(later))
    table = NewCoverage("split", COVERAGE, len(later), covered, share, p_value, "")
    return [
        coverage.short_groups(whole, "y", coverage.CoverageThresholds()),
        coverage.new_coverage(table, COVERAGE, p_value),
    ]


def _nonconformity(evidence: Evidence) -> np.ndarray:
    probability = evidence.prediction.probability
    if probability is None:
        return np.abs(evidence.target - evidence.prediction.value)
    return 1 - probability[np.arange(len(evidence)), evidence.target]


def _watched(judged: Rows, new: Rows) -> Check:
    """Compare the columns and answers of new rows with the judged ones, as a watch does."""
    both = zip(
        np.column_stack([judged.columns, judged.mean]).T,
        np.column_stack([new.columns, new.mean]).T,
        strict=True,
    )
    p_values = [_moved(reference, values) for reference, values in both]
    adjusted = stats.false_discovery_control(p_values)
    alarms = tuple(WatchAlarm("column", "") for p in adjusted if p <= LEVEL)
    rows = len(judged.mean)
    found = Watched("y", "linear", rows, rows, alarms, len(p_values), (), p=float(adjusted.min()))
    return drift.alike(found, "new rows", drift.DriftThresholds())


def _moved(reference: np.ndarray, new: np.ndarray) -> float:
    places = np.quantile(reference, np.arange(1, QUANTILES) / QUANTILES)
    counts = (
        np.bincount(np.searchsorted(places, x), minlength=QUANTILES) for x in (reference, new)
    )
    return between_numbers(*counts).p


class Fault(NamedTuple):
    """A fault in the predictions for some rows: what is predicted, and what is true instead."""

    words: str
    task: str
    rows: int
    plant: Callable[[Rows, np.random.Generator], tuple[np.ndarray, Rows]]


def _points(rows: Rows, rng: np.random.Generator, *, points: float) -> tuple[np.ndarray, Rows]:
    return np.minimum(rows.mean + points, 0.999), rows


def _one_site(rows: Rows, rng: np.random.Generator) -> tuple[np.ndarray, Rows]:
    return np.minimum(rows.mean + 0.2 * (rows.site == "b"), 0.999), rows


def _doubled(rows: Rows, rng: np.random.Generator) -> tuple[np.ndarray, Rows]:
    odds = rows.mean / (1 - rows.mean)
    return odds**2 / (1 + odds**2), rows


def _flat(rows: Rows, rng: np.random.Generator) -> tuple[np.ndarray, Rows]:
    return rows.mean.mean() + 0.2 * (rows.mean - rows.mean.mean()), rows


def _noise(rows: Rows, rng: np.random.Generator) -> tuple[np.ndarray, Rows]:
    coin = np.where(rng.random(len(rows.mean)) < 0.5, "yes", "no")
    half = (rows.site == "b") & (rng.random(len(rows.mean)) < 0.5)
    return rows.mean, rows._replace(target=np.where(half, coin, rows.target))


FAULTS: dict[str, Fault] = {
    "ten": Fault("10 points too high", "classes", 500, partial(_points, points=0.1)),
    "ten of few": Fault("10 points too high", "classes", 200, partial(_points, points=0.1)),
    "five": Fault("5 points too high", "classes", 500, partial(_points, points=0.05)),
    "site": Fault("20 points too high in a group of 30%", "classes", 500, _one_site),
    "doubled": Fault("logits doubled", "classes", 500, _doubled),
    "flat": Fault("slope × 0.2", "numbers", 500, _flat),
    "noise": Fault("half of a group of 30% is noise", "classes", 500, _noise),
    "noise of many": Fault("half of a group of 30% is noise", "classes", 1_500, _noise),
}


def found(name: str, sets: int) -> list[list[str]]:
    """Return the lines that fail, set by set, when a fault is planted."""
    fault, rng = FAULTS[name], np.random.default_rng(list(FAULTS).index(name))
    failed = []
    for _ in range(sets):
        predicted, rows = fault.plant(Rows.draw(fault.task, fault.rows, rng), rng)
        failed.append(_failing(trust_predictions(rows.examined(predicted)).checks))
    return failed


class Law(NamedTuple):
    """How a target is drawn from its signal and exposure, and the options of a fit to it."""

    draw: Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]
    options: dict[str, Any]


def _counted(signal: np.ndarray, exposure: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.poisson(exposure * np.exp(0.4 * signal))


def _amounts(signal: np.ndarray, exposure: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw sums over units: of variance φμ²/e, as weights by exposure assume."""
    return np.exp(0.4 * signal) * rng.gamma(2.0 * exposure, 0.5)


def _numbers(signal: np.ndarray, exposure: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return signal + rng.normal(size=len(signal))


def _graded(signal: np.ndarray, exposure: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    above = rng.logistic(signal)[:, None] > [-1.0, 0.5]
    return np.array(["low", "middle", "top"])[above.sum(axis=1)]


LAWS: dict[str, Law] = {
    "counts with exposures": Law(_counted, {"loss": "poisson", "exposure": "e"}),
    "amounts with exposures": Law(_amounts, {"loss": "gamma", "exposure": "e"}),
    "a quantile": Law(_numbers, {"loss": "quantile:0.9", "drop": ["e"]}),
    "ordered classes": Law(_graded, {"ordered": GRADES, "drop": ["e"]}),
}


def failed_by_law(name: str, runs: int) -> list[list[str]]:
    """Return the lines that fail, run by run, for fits to 1,500 rows and as many new ones."""
    law, rng = LAWS[name], np.random.default_rng(list(LAWS).index(name))
    options = {"model": "linear", "learning_curve": False, "explain": False, **law.options}
    failed = []
    for _ in range(runs):
        columns, site = rng.normal(size=(3_000, 2)), rng.choice(SITES, 3_000, p=SHARES)
        exposure = rng.choice([0.5, 1.0, 2.0], 3_000)
        target = law.draw(columns @ [1.1, 0.7], exposure, rng)
        a, b = columns.T
        rows = pl.DataFrame({"a": a, "b": b, "site": site, "e": exposure, "y": target})
        model = gradum.fit(rows.head(1_500), "y", **options)
        failed.append(_failing(model.trust(rows.tail(1_500), by=["site"]).checks))
    return failed


def failed_runs(task: str, shift: float, part: int) -> list[list[str]]:
    """Return the lines that fail, run by run, for fits to 1,500 rows and as many new ones."""
    rng = np.random.default_rng((TASKS.index(task), part))
    options: dict[str, Any] = {"model": "linear", "learning_curve": False, "explain": False}
    failed = []
    for _ in range(FEW):
        learned, new = (Rows.draw(task, 1_500, rng) for _ in range(2))
        later = new.table().with_columns(pl.col("a") + shift)
        model = gradum.fit(learned.table(), "y", **options)
        failed.append(_failing(model.trust(later, by=["site"]).checks))
    return failed
