"""A hundred small fits to tables of different sizes in one process, compared with scikit-learn.

Both fit networks of 100 hidden units for 20 epochs, in batches of 200 rows or of all rows if there
are fewer. A round is a process of its own that has imported what it needs but fitted nothing yet:
all compilation counts in the measured time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.page import publish, table
from benchmarks.sides import Figures, Ratio, Round, Side, in_fresh_processes, seconds, spread

FITS, ROWS, COLUMNS, EPOCHS = 100, (200, 5_000), 10, 20
ALL, FIRST = f"{FITS} fits, s", "the first of them, s"
PACKAGES = ("gradum", "jax", "numpy", "scikit-learn")


def main(rounds: str = "3") -> None:
    """Measure both, print the seconds and their ratio, and publish them."""
    sides = [Side("gradum", gradum), Side("scikit-learn", scikit_learn)]
    found = in_fresh_processes(sides, int(rounds))
    own = found[0].all(ALL)
    lines = [
        [side.name, spread(measured.all(ALL)), spread(measured.all(FIRST)), ratio]
        for side, measured in zip(sides, found, strict=True)
        for ratio in ["" if side.name == "gradum" else Ratio.of(measured.all(ALL), own)]
    ]
    publish("fits", table(["", ALL, FIRST, "over gradum"], lines), PACKAGES)


def tables() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Draw the tables."""
    rng = np.random.default_rng(0)
    for count in rng.integers(*ROWS, size=FITS, endpoint=True):
        x = rng.standard_normal((count, COLUMNS), dtype=np.float32)
        score = np.sin(2.0 * x[:, 0]) + x[:, 1] * x[:, 2] + rng.standard_normal(count)
        yield x, (score > 0).astype(np.int64)


def gradum() -> Round:
    """Fit with gradum."""
    from gradum import MLPClassifier

    return _fitting(MLPClassifier)


def scikit_learn() -> Round:
    """Fit with scikit-learn."""
    import warnings

    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")  # from fits that stop at their last allowed epoch
    return _fitting(MLPClassifier)


def _fitting(classifier: Any) -> Round:
    drawn = list(tables())

    def fit(x: np.ndarray, y: np.ndarray) -> None:
        model = classifier((100,), max_iter=EPOCHS, n_iter_no_change=EPOCHS + 1, random_state=0)
        model.fit(x, y)

    def one_round() -> Figures:
        taken = [seconds(lambda pair=pair: fit(*pair)) for pair in drawn]
        return {ALL: sum(taken), FIRST: taken[0]}

    return one_round
