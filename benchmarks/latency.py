"""Prediction from a mixed table: one row from a dict, a thousand rows, a million.

Every side starts from what its user has, raw columns with some missing values, and ends with the
class probabilities. scikit-learn's pipeline imputes and scales the numbers, encodes the levels
one-hot and has a network of gradum's size; LightGBM takes pandas' categories. Beside them stand
most of a standard pack's matrix products, without anything around them. Rows are dicts;
tables are frames in memory, polars' for gradum and pandas' for the peers.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.page import publish, table
from benchmarks.sides import Figures, Measured, Ratio, Round, Side, in_turns, seconds, spread

TRAINING_ROWS, MANY_ROWS, SOME_ROWS, SINGLE_ROWS = 20_000, 1_000_000, 1_000, 200
NUMBERS = [f"x{j}" for j in range(10)]
LEVELS = {"c0": 3, "c1": 5, "c2": 12, "c3": 40}
SHARE_MISSING = 0.02
SOME_TIMES = 5
MEMBERS, WITH_WAVES, UNITS, WAVES = 12, 5, 128, len(NUMBERS) * 32  # of the standard pack
TARGET = "y"
PACKAGES = ("gradum", "numpy", "polars", "scikit-learn", "lightgbm", "pandas")


def main(rounds: str = "5", clock: str = "wall", rows: str = str(MANY_ROWS)) -> None:
    """Measure every side; print times and ratios, and publish the usual ones."""
    same = {"clock": clock, "rows": int(rows)}
    sides = [
        Side("gradum", gradum, {"rung": "mlp", **same}),
        Side("gradum, quick pack", gradum, {"rung": "pack", "effort": "quick", **same}),
        Side("gradum, standard pack", gradum, {"rung": "pack", **same}),
        Side("its products alone", products, same),
        Side("scikit-learn", scikit_learn, same),
        Side("LightGBM", lightgbm, same),
    ]
    found = {
        side.name: measured
        for side, measured in zip(sides, in_turns(sides, int(rounds)), strict=True)
    }
    usual = clock == "wall" and int(rows) == MANY_ROWS
    publish("latency", report(found), PACKAGES, complete=usual)


def report(found: dict[str, Measured]) -> str:
    """Return the tables of times and of ratios."""
    own = found["gradum"]
    figures = list(own.warm_up)
    present = {name: measured for name, measured in found.items() if not measured.absent}
    times = [
        [name, *(spread(measured.all(figure)) for figure in figures)]
        for name, measured in present.items()
    ]
    times += [[name, f"absent ({found[name].absent})"] for name in found if name not in present]
    ratios = [
        [name, *(Ratio.of(measured.all(figure), own.all(figure)) for figure in figures)]
        for name, measured in present.items()
        if name != "gradum"
    ]
    return "\n".join(
        [table(["", *figures], times), "Over gradum's:\n", table(["", *figures], ratios)]
    )


def draw(rows: int, seed: int) -> pl.DataFrame:
    """Draw numbers, some of them missing, levels, and a class that partly depends on both."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(rows, len(NUMBERS)))
    codes = {name: rng.integers(count, size=rows) for name, count in LEVELS.items()}
    score = numbers[:, 0] + np.sin(2 * numbers[:, 1]) + 0.5 * (codes["c1"] - 2)
    levels = {
        name: pl.Series([f"level {k}" for k in range(LEVELS[name])])[code]
        for name, code in codes.items()
    }
    present = rng.random(numbers.shape) >= SHARE_MISSING
    columns = {
        name: pl.select(pl.when(pl.Series(there)).then(pl.Series(values))).to_series()
        for name, values, there in zip(NUMBERS, numbers.T, present.T, strict=True)
    }
    label = np.where(score + rng.logistic(size=rows) > 0, "yes", "no")
    return pl.DataFrame({**columns, **levels, TARGET: label})


def new_rows(rows: int) -> pl.DataFrame:
    """Draw the rows to predict."""
    return draw(rows, seed=1).drop(TARGET)


def predicting(
    predict: Callable[[Any], Any], frame: Any, single: list[dict[str, Any]], clock: str
) -> Round:
    """Return the round that predicts single rows, the frame's first thousand, and the frame.

    The thousand rows are predicted several times, of which the median counts.
    """
    some = frame[:SOME_ROWS]

    def one_round() -> Figures:
        each = [seconds(lambda row=row: predict(row), clock) for row in single]
        thousands = [seconds(lambda: predict(some), clock) for _ in range(SOME_TIMES)]
        return {
            "one row, µs": 1e6 * float(np.median(each)),
            "its 95th percentile, µs": 1e6 * float(np.percentile(each, 95)),
            f"{len(some):,} rows, ms": 1e3 * float(np.median(thousands)),
            f"{len(frame):,} rows, s": seconds(lambda: predict(frame), clock),
        }

    return one_round


def gradum(rung: str, clock: str, rows: int, effort: str = "standard") -> Round:
    """Fit a rung, write the model to a file, and predict with the model read from it."""
    import gradum

    train, options = draw(TRAINING_ROWS, seed=0), {"effort": effort, "learning_curve": False}
    fitted = gradum.fit(train, TARGET, model=rung, **options)
    with tempfile.TemporaryDirectory() as folder:
        fitted.save(Path(folder) / "model.gradum")
        model = gradum.load(Path(folder) / "model.gradum")
    frame = new_rows(rows)
    single = list(frame.head(SINGLE_ROWS).iter_rows(named=True))
    return predicting(lambda some: model.predict_proba(some, rung=rung), frame, single, clock)


def products(clock: str, rows: int) -> Round:
    """Compute the products of a standard pack's waves and second layers, and nothing else.

    This is the least that its many rows can take with this BLAS: the numbers are in cache already.
    """
    from gradum.core_count import cores
    from gradum.solvers.threads import in_order, one_thread

    rng, strip = np.random.default_rng(0), 256
    shapes = [(WAVES, UNITS)] * WITH_WAVES + [(UNITS, UNITS)] * MEMBERS
    weights = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    numbers = {size: rng.normal(size=(strip, size)).astype(np.float32) for size in (WAVES, UNITS)}

    def multiply(rows: int) -> None:
        for weight in weights:
            np.matmul(numbers[len(weight)][:rows], weight)

    def predict(some: Any) -> None:
        rows = 1 if isinstance(some, dict) else len(some)
        strips = (min(strip, rows - at) for at in range(0, rows, strip))
        with one_thread():
            list(in_order(multiply, strips, most=2 * cores()))

    frame = new_rows(rows)
    return predicting(predict, frame, list(frame.head(SINGLE_ROWS).iter_rows(named=True)), clock)


def scikit_learn(clock: str, rows: int) -> Round:
    """Fit a pipeline of transformers and a network."""
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
            ("levels", OneHotEncoder(handle_unknown="ignore"), list(LEVELS)),
        ]
    )
    network = MLPClassifier((128, 128), early_stopping=True, random_state=0)
    train, frame = draw(TRAINING_ROWS, seed=0).to_pandas(), new_rows(rows).to_pandas()
    model = make_pipeline(columns, network).fit(train.drop(columns=TARGET), train[TARGET])

    def predict(some: Any) -> np.ndarray:
        return model.predict_proba(pd.DataFrame([some]) if isinstance(some, dict) else some)

    return predicting(predict, frame, frame[:SINGLE_ROWS].to_dict("records"), clock)


def lightgbm(clock: str, rows: int) -> Round:
    """Fit boosted trees, which take missing numbers and pandas' categories as they are."""
    import pandas as pd
    from lightgbm import LGBMClassifier

    train, frame = draw(TRAINING_ROWS, seed=0).to_pandas(), new_rows(rows).to_pandas()
    kinds = {name: pd.CategoricalDtype(sorted(train[name].unique())) for name in LEVELS}
    train = train.astype(kinds)
    model = LGBMClassifier(random_state=0, verbose=-1)
    model.fit(train.drop(columns=TARGET), train[TARGET])

    def predict(some: Any) -> Any:
        some = pd.DataFrame([some]) if isinstance(some, dict) else some
        return model.predict_proba(some.astype(kinds))

    return predicting(predict, frame, frame[:SINGLE_ROWS].to_dict("records"), clock)
