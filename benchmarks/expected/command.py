"""``python -m benchmarks expected``: the shifts, one by one, and their summary."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import gradum
from benchmarks.expected import simulated
from benchmarks.expected.cbpe import cbpe, nannyml_version
from benchmarks.expected.kept_relation import with_drawn_labels
from benchmarks.expected.shifts import SHIFTS, Shift
from benchmarks.page import DOCS, circumstances, replace_section, table
from gradum.questions.watch.boosted_trees import boosted_trees
from gradum.randomness import stream
from gradum.run.dataset import labelled
from gradum.run.fitted import Fitted
from gradum.scores.metrics import score
from gradum.scores.outcome import Outcome
from gradum.study.evidence import Evidence
from gradum.study.watch.domain_sample import DomainSample, answered_rows
from gradum.study.watch.expected import expect
from gradum.tables.sources.read import read

METRICS = ("accuracy", "auc")
JUDGED_SHARE = 0.3
SEEDS, MODELS = 2, "linear"
METHODS = ("gradum", "by answers alone", "CBPE", "judged score")
LABELS = {
    "real": "With real labels",
    "drawn": "With labels drawn from one law, in rows of the fit and in new ones",
}
PACKAGES = ("gradum", "jax", "numpy", "polars", "scikit-learn", "scipy")


@dataclass(frozen=True)
class Error:
    """The errors of expected scores: by gradum with and without columns, and by CBPE."""

    shift: str
    labels: str
    metric: str
    true: float
    judged: float
    expected: float
    by_answers: float
    cbpe: float
    covered: bool

    @property
    def errors(self) -> tuple[float, float, float, float]:
        """The errors of gradum, of gradum using only answers, of CBPE, and of the judged score."""
        scores = (self.expected, self.by_answers, self.cbpe, self.judged)
        return tuple(abs(score - self.true) for score in scores)  # type: ignore[return-value]


def main(folder: str = "", count: str = "", models: str = MODELS) -> None:
    """Compare on every shift, or count how often the interval holds."""
    if not folder or not (count or "1").isdigit():
        sys.exit("usage: python -m benchmarks expected FOLDER [SEEDS] [MODELS] | simulated [DRAWS]")
    if folder == "simulated":
        simulated.main(int(count or simulated.DRAWS))
        return
    seeds = int(count or SEEDS)
    reports = []
    for model in models.split(","):
        errors = []
        for shift, seed, labels in product(SHIFTS, range(seeds), LABELS):
            for error in _errors(shift, Path(folder), seed, model, labels):
                errors.append(error)
                print(error, flush=True)
        reports.append(_report(errors, model))
    text = "\n".join([*reports, f"nannyml {nannyml_version()}. {circumstances(PACKAGES)}\n"])
    print(text)
    if (seeds, models) == (SEEDS, MODELS):
        replace_section(DOCS / "accuracy.md", "expected", text)


def _errors(shift: Shift, folder: Path, seed: int, model: str, labels: str) -> Iterator[Error]:
    source, chunks = shift.draw(folder, seed)
    if labels == "drawn":
        rng = stream(seed, "expected", shift.name, "labels")
        source, chunks = with_drawn_labels(source, chunks, shift.target, rng)
    asked: dict[str, Any] = {} if model == "quick" else {"model": model}
    run = gradum.fit(
        source, shift.target, effort="quick", seed=seed, split={"test": JUDGED_SHARE}, **asked
    ).run
    assert run is not None
    evidence, fitted = Evidence.of(run), run.fitted
    judged = answered_rows(fitted, evidence.frame, evidence.prediction, evidence.weight)
    assert fitted.judgement is not None
    scores = fitted.judgement.scores[fitted.used]["test"]
    answered = [_answered(fitted, chunk) for chunk in chunks]
    peers = cbpe(judged, evidence.target, [new for new, _ in answered])
    for (new, target), by_cbpe in zip(answered, peers, strict=True):
        true = score(_outcome(new, target))
        found = {}
        for columns in (True, False):
            found[columns] = expect(
                judged if columns else judged.without_columns,
                evidence.target,
                new if columns else new.without_columns,
                task="binary",
                metric="accuracy",
                scores=scores,
                learners=boosted_trees(),
                rng=stream(seed, "expected", shift.name, model),
            )
        for metric in METRICS:
            by_columns, by_answers = (
                next(score for score in found[way].scores if score.metric == metric)
                for way in (True, False)
            )
            yield Error(
                shift.name,
                labels,
                metric,
                true[metric],
                scores[metric].value,
                by_columns.value,
                by_answers.value,
                by_cbpe[metric],
                by_columns.low <= true[metric] <= by_columns.high,
            )


def _answered(fitted: Fitted, chunk: pl.DataFrame) -> tuple[DomainSample, np.ndarray]:
    dataset = labelled(read(chunk), fitted.schema, encoder=fitted.encoder)
    prediction = fitted.rung().predict(fitted.encoder.transform(dataset.frame))
    return answered_rows(fitted, dataset.frame, prediction), dataset.target


def _outcome(rows: DomainSample, target: np.ndarray) -> Outcome:
    return Outcome("binary", target, rows.prediction.value, rows.prediction.probability)


def _report(errors: list[Error], model: str) -> str:
    """Tabulate the mean errors with both kinds of labels, and the part due to real labels alone."""
    means = {
        (labels, metric): _mean_errors(errors, labels, metric)
        for labels, metric in product(LABELS, METRICS)
    }
    text = [f"Model: {model}. Mean |expected − true| in points.\n"]
    for (labels, metric), by_shift in means.items():
        held = [e.covered for e in errors if (e.labels, e.metric) == (labels, metric)]
        lines = [
            (name, *(f"{error:.2f}" for error in mean), f"{mean[0] / mean[2]:.2f}")
            for name, mean in by_shift.items()
        ]
        text.append(f"{LABELS[labels]}; the interval held in {np.mean(held):.0%}:\n")
        text.append(table((metric, *METHODS, "gradum / CBPE"), lines))
    lines = [
        (metric, *(f"{1 - drawn / real:.0%}" for drawn, real in zip(*both, strict=True)))
        for metric in METRICS
        for both in [[means[labels, metric]["mean"] for labels in ("drawn", "real")]]
    ]
    text.append("The part of the error with real labels that is absent with drawn ones:\n")
    text.append(table(("", *METHODS), lines))
    return "\n".join(text)


def _mean_errors(errors: list[Error], labels: str, metric: str) -> dict[str, np.ndarray]:
    """Return the mean errors of the methods on each shift, and their means over the shifts."""
    means = {}
    for shift in SHIFTS:
        key = shift.name, labels, metric
        chosen = [e.errors for e in errors if (e.shift, e.labels, e.metric) == key]
        means[shift.name] = 100 * np.mean(chosen, axis=0)
    return {**means, "mean": np.mean(list(means.values()), axis=0)}
