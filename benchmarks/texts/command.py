"""The command of the benchmark of texts, which writes its table into docs/accuracy.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
import polars as pl

import gradum
from benchmarks.page import ACCURACY, publish, table
from benchmarks.texts import peers
from benchmarks.texts.sets import SETS, TARGET, parts

Answers = Callable[[pl.DataFrame, pl.DataFrame, int], tuple[np.ndarray, str]]


def own(learned: pl.DataFrame, asked: pl.DataFrame, seed: int) -> tuple[np.ndarray, str]:
    """Return the classes of rows (m,) by gradum's default fit, and the model that it uses."""
    columns = [name for name in learned.columns if name != TARGET]
    model = gradum.fit(learned, target=TARGET, seed=seed, text=columns)
    return np.asarray(model.predict(asked.drop(TARGET))).ravel(), model.used


SIDES: dict[str, Answers] = {"gradum": own, "TF-IDF + logistic regression": peers.answers}


def main(folder: str, seeds: str = "3", sets: str = "") -> None:
    """Fit both sides to every set, and publish the table if it is whole."""
    names = sets.split(",") if sets else list(SETS)
    lines, errors, seconds = [], [], []
    for name in names:
        whole = SETS[name](Path(folder))
        each = [_measured(*parts(whole, seed), seed) for seed in range(int(seeds))]
        rows = " / ".join(str(len(part)) for part in parts(whole, 0))
        errors.append(np.mean([error for error, _, _ in each], axis=0))
        seconds.append(np.mean([took for _, took, _ in each], axis=0))
        print(name, [error for error, _, _ in each], [chosen for _, _, chosen in each], flush=True)
        lines.append([name.replace("_", " "), rows, *_line(errors[-1], seconds[-1])])
    lines.append(["mean", "", *_line(np.mean(errors, axis=0), np.mean(seconds, axis=0))])
    head = ["set", "rows", *SIDES, "below it", *(f"{side}, CPU s" for side in SIDES)]
    text = f"Shares of wrong classes, in the mean over {seeds} seeds.\n\n{table(head, lines)}"
    publish("texts", text, ["gradum", "scikit-learn"], complete=not sets, page=ACCURACY)


def _measured(
    learned: pl.DataFrame, asked: pl.DataFrame, seed: int
) -> tuple[list[float], list[float], list[str]]:
    """Return error, seconds of the processor, and choice of both sides."""
    errors, seconds, choices = [], [], []
    for answers in SIDES.values():
        began = process_time()
        found, chosen = answers(learned, asked, seed)
        seconds.append(process_time() - began)
        errors.append(float(np.mean(found != asked[TARGET].to_numpy())))
        choices.append(chosen)
    return errors, seconds, choices


def _line(errors: np.ndarray, seconds: np.ndarray) -> list[str]:
    below = 1 - errors[0] / errors[1]
    return [*(f"{error:.4f}" for error in errors), f"{below:.1%}", *(f"{s:.0f}" for s in seconds)]
