"""``python -m benchmarks expected``: the shifts, one by one, and what they come to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import gradum
from benchmarks.expected import simulated
from benchmarks.expected.cbpe import cbpe, nannyml_version
from benchmarks.expected.shifts import SHIFTS, Shift
from benchmarks.page import circumstances, table
from gradum.api.boosted_trees import boosted_trees
from gradum.fitting.dataset import labelled
from gradum.fitting.fitted import Fitted
from gradum.randomness import stream
from gradum.scores.metrics import score
from gradum.scores.outcome import Outcome
from gradum.study.evidence import Evidence
from gradum.study.watch.answered import Answered
from gradum.study.watch.answered_rows import answered_rows
from gradum.study.watch.expected import expect
from gradum.tables.read import read

METRICS = ("accuracy", "auc")
JUDGED_SHARE = 0.3
MODELS = "linear,quick"
PACKAGES = ("gradum", "jax", "numpy", "polars", "scikit-learn", "scipy")


@dataclass(frozen=True)
class Error:
    """How far off an expected score is, by gradum with columns and without, and by CBPE."""

    shift: str
    model: str
    metric: str
    true: float
    judged: float
    expected: float
    by_answers: float
    cbpe: float
    covered: bool

    @property
    def errors(self) -> tuple[float, float, float, float]:
        """Of gradum, of gradum by answers alone, of CBPE, and of the judged score."""
        scores = (self.expected, self.by_answers, self.cbpe, self.judged)
        return tuple(abs(score - self.true) for score in scores)  # type: ignore[return-value]


def main(folder: str = "", seeds: str = "3", models: str = MODELS) -> None:
    """Compare on every shift, or count how often the interval holds."""
    if folder == "simulated":
        simulated.main(int(seeds))
        return
    if not folder or not seeds.isdigit():
        sys.exit("usage: python -m benchmarks expected FOLDER [SEEDS] [MODELS] | simulated [DRAWS]")
    for model in models.split(","):
        errors = []
        for shift in SHIFTS:
            for seed in range(int(seeds)):
                found = list(_errors(shift, Path(folder), seed, model))
                errors += found
                for error in found:
                    print(error, flush=True)
        print(_report(errors, model))
    print(f"nannyml {nannyml_version()}; {circumstances(PACKAGES)}")


def _errors(shift: Shift, folder: Path, seed: int, model: str) -> Iterator[Error]:
    source, chunks = shift.draw(folder, seed)
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
                model,
                metric,
                true[metric],
                scores[metric].value,
                by_columns.value,
                by_answers.value,
                by_cbpe[metric],
                by_columns.low <= true[metric] <= by_columns.high,
            )


def _answered(fitted: Fitted, chunk: pl.DataFrame) -> tuple[Answered, np.ndarray]:
    dataset = labelled(read(chunk), fitted.schema, encoder=fitted.encoder)
    prediction = fitted.rung().predict(fitted.encoder.transform(dataset.frame))
    return answered_rows(fitted, dataset.frame, prediction), dataset.target


def _outcome(rows: Answered, target: np.ndarray) -> Outcome:
    return Outcome("binary", target, rows.prediction.value, rows.prediction.probability)


def _report(errors: list[Error], model: str) -> str:
    """Tabulate the mean error on each shift, and in the mean over the shifts."""
    text = [f"Model: {model}. Mean |expected − true| in points."]
    for metric in METRICS:
        means = []
        for shift in SHIFTS:
            found = [e.errors for e in errors if e.shift == shift.name and e.metric == metric]
            means.append(100 * np.mean(found, axis=0))
        means.append(np.mean(means, axis=0))
        names = [*(shift.name for shift in SHIFTS), "mean"]
        lines = [
            (name, *(f"{value:.2f}" for value in mean), f"{mean[0] / mean[2]:.2f}")
            for name, mean in zip(names, means, strict=True)
        ]
        head = (metric, "gradum", "by answers alone", "CBPE", "judged score", "gradum / CBPE")
        covered = np.mean([error.covered for error in errors if error.metric == metric])
        text.append(table(head, lines) + f"The interval held in {covered:.0%}.\n")
    return "\n".join(text)
