"""The models, each made ready for a split: untrained, with the columns as its library takes them.

Libraries keep their defaults, except for threads, seeds and what is stated at each; `boosting` says
how trees stop early. They are imported here, before the clock of a fit runs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.quality import frames
from benchmarks.quality.boosting import Bagged, CatBoost, LightGBM, Tuned, XGBoost
from benchmarks.quality.methods import GRADUM
from benchmarks.quality.split import Split
from benchmarks.sides import CORES

MOST_CATEGORIES = 255  # for which scikit-learn's histograms have bins


@dataclass(frozen=True)
class Ready:
    """A model to fit to ``train`` and ``target``, and to predict ``test`` with."""

    model: Any
    train: pd.DataFrame
    test: pd.DataFrame
    target: Any


def ready(method: str, split: Split, seed: int) -> Ready:
    """Import a method's library and make its model."""
    if method.startswith(GRADUM):
        return _gradum(split, seed, method.removeprefix(GRADUM))
    return PEERS[method](split, seed)


def _gradum(split: Split, seed: int, effort: str) -> Ready:
    """Take the columns unchanged, with a missing level as None."""
    import gradum

    kind: Any = getattr(gradum, "PackRegressor" if split.regression else "PackClassifier")
    columns = {"categorical": split.categorical, "numeric": split.numeric}
    model = kind(effort=effort, random_state=seed, **columns)
    return Ready(model, *frames.strings_or_none(split), split.train_target)


def linear(split: Split, seed: int) -> Ready:
    """Choose the penalty of ridge or logistic regression by cross-validation."""
    model: Any = RidgeCV(np.logspace(-3, 4, 15))
    if not split.regression:
        model = LogisticRegressionCV(Cs=8, cv=4, max_iter=500, n_jobs=CORES, scoring="neg_log_loss")
    model = make_pipeline(frames.one_hot(split), model)
    return Ready(model, *frames.strings(split), split.train_target)


def sklearn_mlp(split: Split, seed: int) -> Ready:
    """Train a network with early stopping; a target number is scaled for it."""
    kind = MLPRegressor if split.regression else MLPClassifier
    model: Any = kind(random_state=seed, early_stopping=True, max_iter=500)
    model = make_pipeline(frames.one_hot(split), model)
    if split.regression:
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    return Ready(model, *frames.strings(split), split.train_target)


def random_forest(split: Split, seed: int) -> Ready:
    """Grow trees on resampled rows; missing numbers stay missing."""
    kind = RandomForestRegressor if split.regression else RandomForestClassifier
    return _forest(kind, split, seed)


def extra_trees(split: Split, seed: int) -> Ready:
    """Grow trees with random thresholds; missing numbers stay missing."""
    kind = ExtraTreesRegressor if split.regression else ExtraTreesClassifier
    return _forest(kind, split, seed)


def _forest(kind: Callable[..., Any], split: Split, seed: int) -> Ready:
    model = make_pipeline(frames.ordinal(split), kind(n_jobs=CORES, random_state=seed))
    return Ready(model, *frames.strings(split), split.train_target)


def hist_gradient_boosting(split: Split, seed: int) -> Ready:
    """Boost on categories; merge the rarest of a column if it has too many."""
    kind = HistGradientBoostingRegressor if split.regression else HistGradientBoostingClassifier
    model = kind(categorical_features="from_dtype", random_state=seed)
    return Ready(model, *frames.few_categories(split, MOST_CATEGORIES), split.train_target)


def lightgbm(split: Split, seed: int) -> Ready:
    """Boost on categories."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMRegressor if split.regression else LGBMClassifier
    return _on_categories(kind(verbose=-1, n_jobs=CORES, random_state=seed), split)


def xgboost(split: Split, seed: int) -> Ready:
    """Boost on categories; the classes are numbered for it."""
    from xgboost import XGBClassifier, XGBRegressor

    kind = XGBRegressor if split.regression else XGBClassifier
    model = kind(n_jobs=CORES, random_state=seed, enable_categorical=True, tree_method="hist")
    return Ready(model, *frames.numbered_categories(split), _numbers(split))


def catboost(split: Split, seed: int) -> Ready:
    """Boost on strings; the classes are numbered, as "10" would not come after "2" otherwise."""
    import catboost

    kind: Any = catboost.CatBoostRegressor if split.regression else catboost.CatBoostClassifier
    model = kind(
        verbose=0,
        thread_count=CORES,
        random_seed=seed,
        cat_features=split.categorical,
        allow_writing_files=False,
    )
    return Ready(model, *frames.strings(split), _numbers(split))


def _numbers(split: Split) -> pd.Series:
    """Return the training target as numbers, classes as their positions."""
    target = split.train_target
    if split.regression:
        return target
    return pd.Series(np.searchsorted(split.classes, target), index=target.index)


def bagged_lightgbm(split: Split, seed: int) -> Ready:
    """Bag LightGBM over folds."""
    return _on_categories(Bagged(LightGBM(split.regression, seed)), split)


def bagged_xgboost(split: Split, seed: int) -> Ready:
    """Bag XGBoost over folds."""
    return _on_categories(Bagged(XGBoost(split.regression, seed)), split)


def bagged_catboost(split: Split, seed: int) -> Ready:
    """Bag CatBoost over folds."""
    model = Bagged(CatBoost(split.regression, seed, split.categorical))
    return Ready(model, *frames.strings(split), split.train_target)


def tuned_lightgbm(split: Split, seed: int) -> Ready:
    """Choose LightGBM's settings on held-out rows."""
    return _on_categories(Tuned(LightGBM(split.regression, seed)), split)


def tuned_catboost(split: Split, seed: int) -> Ready:
    """Choose CatBoost's settings on held-out rows."""
    model = Tuned(CatBoost(split.regression, seed, split.categorical))
    return Ready(model, *frames.strings(split), split.train_target)


def _on_categories(model: Any, split: Split) -> Ready:
    return Ready(model, *frames.numbered_categories(split), split.train_target)


def realmlp(split: Split, seed: int) -> Ready:
    """Train RealMLP-TD once, on four fifths of the rows.

    Probabilities count, so its classes are not smoothed and its best epoch is that with the least
    cross-entropy, as pytabkit recommends for this case.
    """
    import torch
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    logging.disable(logging.CRITICAL)
    torch.set_num_threads(CORES)
    how = {"device": "cpu", "random_state": seed, "n_cv": 1}
    if split.regression:
        model: Any = RealMLP_TD_Regressor(**how)
    else:
        model = RealMLP_TD_Classifier(**how, use_ls=False, val_metric_name="cross_entropy")
    return Ready(model, *frames.filled_categories(split), split.train_target)


def autogluon(split: Split, seed: int, seconds: float) -> Ready:
    """Give AutoGluon some seconds on two cores. It has no seed; classes are numbered for it."""
    from benchmarks.quality.autogluon import AutoGluon

    return Ready(AutoGluon(split, seconds), *frames.categories(split), _numbers(split))


PEERS: dict[str, Callable[[Split, int], Ready]] = {
    "linear": linear,
    "sklearn_mlp": sklearn_mlp,
    "random_forest": random_forest,
    "extra_trees": extra_trees,
    "hist_gradient_boosting": hist_gradient_boosting,
    "lightgbm": lightgbm,
    "xgboost": xgboost,
    "catboost": catboost,
    "bagged_lightgbm": bagged_lightgbm,
    "bagged_xgboost": bagged_xgboost,
    "bagged_catboost": bagged_catboost,
    "tuned_lightgbm": tuned_lightgbm,
    "tuned_catboost": tuned_catboost,
    "realmlp": realmlp,
    "autogluon_60": partial(autogluon, seconds=60),
    "autogluon_300": partial(autogluon, seconds=300),
}
