"""The command of the benchmark of texts, which writes its table into docs/accuracy.md."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from time import process_time

import numpy as np
import polars as pl

import gradum
from benchmarks.page import ACCURACY, publish, table
from benchmarks.texts import peers
from benchmarks.texts.outcomes import Outcome, keep, kept
from benchmarks.texts.sets import SETS, TARGET, parts

SEEDS = range(3)

Answers = Callable[[pl.DataFrame, pl.DataFrame, int], tuple[np.ndarray, str]]


def own(learned: pl.DataFrame, asked: pl.DataFrame, seed: int) -> tuple[np.ndarray, str]:
    """Return the classes of rows (m,) by gradum's default fit, and the model that it uses."""
    columns = [name for name in learned.columns if name != TARGET]
    model = gradum.fit(learned, target=TARGET, seed=seed, text=columns)
    return np.asarray(model.predict(asked.drop(TARGET))).ravel(), model.used


SIDES: dict[str, Answers] = {"gradum": own, "peer": peers.answers}
NAMES = {"gradum": "gradum", "peer": "TF-IDF + logistic regression"}


def main(folder: str, sets: str = "", seeds: str = "", sides: str = "") -> None:
    """Fit sides to sets and keep what they reach; publish the table if nothing is missing."""
    chosen = sets.split(",") if sets else list(SETS)
    drawn = [int(seed) for seed in seeds.split(",")] if seeds else SEEDS
    for name in chosen:
        whole = SETS[name](Path(folder))
        for seed, side in product(drawn, sides.split(",") if sides else SIDES):
            keep(found := _measured(name, whole, seed, side))
            print(found, flush=True)
    found = {(each.name, each.side, each.seed): each for each in kept()}
    whole = all(key in found for key in product(SETS, SIDES, SEEDS))
    if whole:
        _publish(found)


def _measured(name: str, whole: pl.DataFrame, seed: int, side: str) -> Outcome:
    learned, asked = parts(whole, seed)
    began = process_time()
    found, choice = SIDES[side](learned, asked, seed)
    seconds = process_time() - began
    return Outcome(
        name, seed, side, float(np.mean(found != asked[TARGET].to_numpy())), seconds, choice
    )


def _publish(found: dict[tuple[str, str, int], Outcome]) -> None:
    errors, seconds = (
        np.array(
            [
                [np.mean([read(found[name, side, seed]) for seed in SEEDS]) for side in SIDES]
                for name in SETS
            ]
        )
        for read in (lambda each: each.error, lambda each: each.seconds)
    )
    lines = [
        [name.replace("_", " "), *_line(*pair)]
        for name, *pair in zip(SETS, errors, seconds, strict=True)
    ]
    lines.append(["mean", *_line(errors.mean(axis=0), seconds.mean(axis=0))])
    head = ["set", *NAMES.values(), "below it", *(f"{name}, CPU s" for name in NAMES.values())]
    below = np.mean(1 - errors[:, 0] / errors[:, 1])
    text = (
        f"Shares of wrong classes, in the mean over {len(SEEDS)} seeds. In the mean of the sets, "
        f"gradum's is {below:.1%} below the other.\n\n{table(head, lines)}"
    )
    publish("texts", text, ["gradum", "scikit-learn"], page=ACCURACY)


def _line(errors: np.ndarray, seconds: np.ndarray) -> list[str]:
    below = 1 - errors[0] / errors[1]
    return [*(f"{error:.4f}" for error in errors), f"{below:.1%}", *(f"{s:.0f}" for s in seconds)]
