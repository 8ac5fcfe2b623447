"""Tables with a known make, for tests of whole fits."""

import numpy as np
import polars as pl

from gradum.run.spec.spec import SplitSpec
from gradum.rungs.convolution.spec import ConvolutionSpec
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.pack.spec import PackSpec

TINY = MLPSpec(hidden_layer_sizes=(8,), max_epochs=5)
SHORT = LinearSpec(strengths=(100.0, 10.0, 1.0, 0.1), folds=2)
FEW = PackSpec(
    members=4,
    folds=2,
    epochs=2,
    hidden_layer_sizes=(8,),
    most_codes=4,
    all_codes=32,
    batch_size=64,
)
FILTERS = ConvolutionSpec(
    members=1, folds=2, epochs=1, coarse_filters=2, fine_filters=4, hidden_units=8
)
FOLDS_ONCE = SplitSpec(repeats=1)
"""Folds that are drawn once, where a small table has them: half of the fits."""

QUICK = {"mlp": TINY, "linear": SHORT, "pack": FEW, "convolution": FILTERS, "split": FOLDS_ONCE}
"""Options under which a whole ladder takes a moment."""

ONCE = {**QUICK, "split": SplitSpec(small_table_rows=0)}
"""The same, and a hold-out however small the table is."""

FEATURES = ["size", "age", "colour", "member", "city"]


def mixed(rows=1200, seed=0):
    """Numbers, missing values, few and many levels, booleans, and three kinds of target."""
    rng = np.random.default_rng(seed)
    size, age = rng.normal(50, 10, rows), rng.gamma(4, 10, rows).round(1)
    colour = rng.choice(["red", "green", "blue"], rows, p=[0.5, 0.3, 0.2])
    member = rng.random(rows) < 0.4
    city = rng.choice([f"city {k:02}" for k in range(25)], rows)
    level = 0.1 * (size - 50) + (colour == "red") - 0.8 * member
    amount = 20 + 5 * level + rng.normal(size=rows)
    noisy = level + rng.normal(0, 0.7, rows)
    return pl.DataFrame(
        {
            "size": size,
            "age": np.where(rng.random(rows) < 0.1, np.nan, age),
            "colour": colour,
            "member": member,
            "city": city,
            "amount": amount,
            "label": np.where(noisy > 0, "yes", "no"),
            "grade": np.digitize(noisy, [-0.5, 0.6]),
        }
    ).with_columns(pl.col("age").fill_nan(None))


def task(target, rows=1200, seed=0):
    """The features and one target."""
    return mixed(rows, seed).select([*FEATURES, target])
