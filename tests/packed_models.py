"""Models with a pack, of a table that has every kind of column."""

import functools

import numpy as np
import polars as pl

import gradum
from gradum.rungs.pack.spec import PackSpec
from synthetic import ONCE

TINY = PackSpec(
    members=4,
    folds=2,
    epochs=2,
    hidden_layer_sizes=(8, 4),
    most_codes=4,
    all_codes=32,
    batch_size=64,
)


def everything(rows=400, seed=2):
    """Numbers, missing values, two, few and sixty levels, dates, texts, and two targets."""
    rng = np.random.default_rng(seed)
    words = np.array(["red", "green", "blue", "small", "large", "old", "new"])
    days = np.datetime64("2020-01-01") + rng.integers(0, 900, rows)
    size, age = rng.normal(50, 10, rows), rng.gamma(4, 10, rows).round(1)
    shop = rng.integers(0, 60, rows)
    together = np.sign((size - 50) / 10 + (age - 40) / 20)  # as no function of either alone does
    level = 0.1 * (size - 50) + together + np.sin(shop) + 0.3 * rng.normal(size=rows)
    return pl.DataFrame(
        {
            "size": size,
            "age": pl.Series(np.where(rng.random(rows) < 0.1, np.nan, age)).fill_nan(None),
            "colour": rng.choice(["red", "green", "blue"], rows),
            "member": rng.random(rows) < 0.4,
            "shop": [f"shop {k:02}" for k in shop],
            "day": pl.Series(days.astype("M8[us]")),
            "note": [" ".join(rng.choice(words, rng.integers(2, 9))) for _ in range(rows)],
            "amount": 20 + 5 * level,
            "grade": np.digitize(level, [-0.5, 0.6]),
        }
    )


TARGETS = ("amount", "grade")


@functools.cache
def pack_of(target):
    """A run of baseline and pack; made once."""
    frame = everything().drop([each for each in TARGETS if each != target])
    return gradum.fit(
        frame, target, model="pack", text="note", categorical="shop", **(ONCE | {"pack": TINY})
    )
