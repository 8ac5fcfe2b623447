"""How many thresholds a kernel has, over how many dilations, and how much components are shrunk.

    python -m benchmarks.series.choice FOLDER [REPEATS]

FOLDER holds the sets as files, to which `benchmarks.series.peers` adds those that aeon ships. What
is chosen hangs on training rows alone: there are five folds of those of every set, drawn anew as
often as asked, and its test rows are not read. Of the settings whose log loss and errors, in the
mean over the sets, are not above those of the least log loss by more than one standard error of the
difference over the sets, that with the fewest thresholds is chosen, and of these that with the
least log loss.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np
from scipy.special import log_softmax
from sklearn.model_selection import RepeatedStratifiedKFold

from benchmarks.page import table
from benchmarks.series.ours import answers
from gradum.tables.kinds.series import features, kernels

Setting = tuple[int, float]  # the dilations are as many as the thresholds
SETTINGS: tuple[Setting, ...] = (
    (8, 10.0),
    (8, 30.0),
    (8, 100.0),
    (12, 30.0),
    (16, 10.0),
    (16, 30.0),
    (16, 100.0),
)


def losses(x: np.ndarray, y: np.ndarray, setting: Setting, repeats: int) -> np.ndarray:
    """Return the mean log loss and the share of errors of rows that were held out (2,)."""
    found = []
    with (
        patch.object(kernels, "PER_KERNEL", setting[0]),
        patch.object(kernels, "DILATIONS", setting[0]),
        patch.object(features, "SHRINKAGE", setting[1]),
    ):
        folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=repeats, random_state=0)
        for learned, held in folds.split(np.zeros(len(y)), y):
            labels, logits = answers(x[learned], y[learned], x[held])
            truth = np.searchsorted(labels, y[held])
            of_truth = log_softmax(logits, axis=1)[np.arange(len(held)), truth]
            found.append((-of_truth.mean(), np.mean(logits.argmax(axis=1) != truth)))
    return np.mean(found, axis=0)


def chosen(by_set: dict[Setting, np.ndarray]) -> Setting:
    """Return the setting by the rule above, given losses (sets, 2) of each."""
    best = min(by_set, key=lambda setting: by_set[setting][:, 0].mean())
    near = []
    for setting, found in by_set.items():
        more = found - by_set[best]
        error = more.std(axis=0, ddof=1) / np.sqrt(len(more))
        if (more.mean(axis=0) <= error).all():
            near.append(setting)
    return min(near, key=lambda setting: (setting[0], by_set[setting][:, 0].mean()))


def _sets(folder: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for file in sorted(Path(folder).glob("*.npz")):
        data = np.load(file)
        yield data["x_train"], data["y_train"].astype(str)


def main(folder: str, repeats: str = "2") -> None:
    """Print a line for each setting, and the one that is chosen."""
    each = [
        [losses(*data, setting, int(repeats)) for setting in SETTINGS] for data in _sets(folder)
    ]
    by_set = {setting: np.array([row[at] for row in each]) for at, setting in enumerate(SETTINGS)}
    lines = [[*setting, *found.mean(axis=0).round(4)] for setting, found in by_set.items()]
    print(table(["thresholds", "shrinkage", "log loss", "errors"], lines), chosen(by_set))


if __name__ == "__main__":
    main(*sys.argv[1:])
