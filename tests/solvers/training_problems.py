"""Problems to train on, and the shortest way to train on them."""

import jax
import numpy as np

from gradum.solvers import solve, train


def fit(problem, data, **how):
    return solve(train(problem, data, **how))


def regression(rows=200, columns=5, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns))
    y = x @ rng.normal(size=columns) + 1.5 + 0.3 * rng.normal(size=rows)
    return x.astype(dtype), y.astype(dtype)


def classification(rows=200, columns=5, classes=2, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns))
    logits = x @ rng.normal(size=(columns, classes))
    return x.astype(dtype), (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


def flat(params):
    return np.concatenate([np.ravel(values) for values in jax.tree.leaves(params)])
