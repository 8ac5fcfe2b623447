"""Boosted trees that stop early: bagged over folds, or with settings chosen on held-out rows.

Users of these libraries do both before they compare. The classes are numbered 0, 1, … for each
model separately, since a fold may lack a rare class: that model then gives it no probability, and
rows of this class do not determine when to stop.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold

from benchmarks.sides import CORES

FOLDS = 8
DRAWS, FIFTHS, ENOUGH = 20, 5, 1_000  # settings, and folds and rows that choose
MOST_TREES, PATIENCE = 2_000, 100  # a model stops once so many trees have not lowered its loss
RATE = 0.05

Settings = dict[str, Any]
Held = tuple[pd.DataFrame, np.ndarray]
Fold = tuple[np.ndarray, np.ndarray]  # positions of the rows to learn from, and of those held out


class Booster(Protocol):
    """A library's boosting for numbers or classes; ``settings`` suit early stopping."""

    regression: bool
    seed: int
    settings: Settings

    def fit_stopped(
        self, settings: Settings, train: pd.DataFrame, target: np.ndarray, held: Held
    ) -> Any:
        """Return a model with as many trees as predict the held-out rows best."""
        ...


class TunableBooster(Booster, Protocol):
    """A library whose settings can also be drawn, and which can learn from all rows."""

    def draw(self, random: np.random.Generator) -> Settings:
        """Draw settings from the search space of TabArena (Erickson et al., arXiv 2506.16791).

        That allows 10,000 trees; this benchmark allows `MOST_TREES`.
        """
        ...

    def stopped_at(self, models: list[Any]) -> Settings:
        """Return the settings that give a fit to other rows as many trees as these models have."""
        ...

    def fit_all(self, settings: Settings, train: pd.DataFrame, target: np.ndarray) -> Any:
        """Return a model of all trees."""
        ...


class LightGBM:
    """LightGBM on pandas categories."""

    def __init__(self, regression: bool, seed: int):
        import lightgbm

        self.regression, self.seed = regression, seed
        self.settings: Settings = {"n_estimators": MOST_TREES, "learning_rate": RATE}
        self._kind: Any = lightgbm.LGBMRegressor if regression else lightgbm.LGBMClassifier
        self._early_stopping = lightgbm.early_stopping
        self._options = {"verbose": -1, "n_jobs": CORES, "random_state": seed}

    def fit_stopped(
        self, settings: Settings, train: pd.DataFrame, target: np.ndarray, held: Held
    ) -> Any:
        """Return a model with as many trees as predict the held-out rows best."""
        model = self._kind(**self._options, **settings)
        callbacks = [self._early_stopping(PATIENCE, verbose=False)]
        return model.fit(train, target, eval_set=[held], callbacks=callbacks)

    def draw(self, random: np.random.Generator) -> Settings:
        """Draw settings."""
        return {
            "n_estimators": MOST_TREES,
            "learning_rate": _log_uniform(random, 5e-3, 0.1),
            "colsample_bytree": random.uniform(0.4, 1.0),
            "subsample": random.uniform(0.7, 1.0),
            "subsample_freq": 1,
            "num_leaves": _log_integer(random, 2, 200),
            "min_child_samples": _log_integer(random, 1, 64),
            "extra_trees": bool(random.integers(2)),
            "min_data_per_group": _log_integer(random, 2, 100),
            "cat_l2": _log_uniform(random, 5e-3, 2.0),
            "cat_smooth": _log_uniform(random, 1e-3, 100.0),
            "max_cat_to_onehot": _log_integer(random, 8, 100),
            "reg_alpha": random.uniform(1e-4, 1.0),
            "reg_lambda": random.uniform(1e-4, 2.0),
        }

    def stopped_at(self, models: list[Any]) -> Settings:
        """Return the number of trees."""
        return {"n_estimators": round(np.mean([model.best_iteration_ for model in models]))}

    def fit_all(self, settings: Settings, train: pd.DataFrame, target: np.ndarray) -> Any:
        """Return a model of all trees."""
        return self._kind(**self._options, **settings).fit(train, target)


class XGBoost:
    """XGBoost on pandas categories."""

    def __init__(self, regression: bool, seed: int):
        import xgboost

        self.regression, self.seed = regression, seed
        self.settings: Settings = {"n_estimators": MOST_TREES, "learning_rate": RATE}
        self._kind: Any = xgboost.XGBRegressor if regression else xgboost.XGBClassifier
        self._options = {
            "n_jobs": CORES,
            "random_state": seed,
            "enable_categorical": True,
            "tree_method": "hist",
            "early_stopping_rounds": PATIENCE,
        }

    def fit_stopped(
        self, settings: Settings, train: pd.DataFrame, target: np.ndarray, held: Held
    ) -> Any:
        """Return a model with as many trees as predict the held-out rows best."""
        model = self._kind(**self._options, **settings)
        return model.fit(train, target, eval_set=[held], verbose=False)


class CatBoost:
    """CatBoost on strings; by default 1,000 trees, and a learning rate derived from the rows."""

    def __init__(self, regression: bool, seed: int, categorical: list[str]):
        import catboost

        self.regression, self.seed = regression, seed
        self.settings: Settings = {}
        self._kind: Any = catboost.CatBoostRegressor if regression else catboost.CatBoostClassifier
        self._options = {
            "verbose": 0,
            "thread_count": CORES,
            "random_seed": seed,
            "cat_features": categorical,
            "allow_writing_files": False,
        }

    def fit_stopped(
        self, settings: Settings, train: pd.DataFrame, target: np.ndarray, held: Held
    ) -> Any:
        """Return a model with as many trees as predict the held-out rows best."""
        model = self._kind(**self._options, **settings)
        return model.fit(train, target, eval_set=held, early_stopping_rounds=PATIENCE)

    def draw(self, random: np.random.Generator) -> Settings:
        """Draw settings."""
        return {
            "n_estimators": MOST_TREES,
            "learning_rate": _log_uniform(random, 5e-3, 0.1),
            "bootstrap_type": "Bernoulli",
            "subsample": random.uniform(0.7, 1.0),
            "grow_policy": ("SymmetricTree", "Depthwise")[random.integers(2)],
            "depth": int(random.integers(4, 9)),
            "colsample_bylevel": random.uniform(0.85, 1.0),
            "l2_leaf_reg": _log_uniform(random, 1e-4, 5.0),
            "leaf_estimation_iterations": _log_integer(random, 1, 20),
            "one_hot_max_size": _log_integer(random, 8, 100),
            "model_size_reg": _log_uniform(random, 0.1, 1.5),
            "max_ctr_complexity": int(random.integers(2, 6)),
        }

    def stopped_at(self, models: list[Any]) -> Settings:
        """Return the number of trees and the rate that CatBoost derives from that number."""
        return {
            "n_estimators": round(np.mean([model.tree_count_ for model in models])),
            "learning_rate": float(np.mean([model.learning_rate_ for model in models])),
        }

    def fit_all(self, settings: Settings, train: pd.DataFrame, target: np.ndarray) -> Any:
        """Return a model of all trees."""
        return self._kind(**self._options, **settings).fit(train, target)


def _log_uniform(random: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def _log_integer(random: np.random.Generator, low: int, high: int) -> int:
    """Draw a whole number up to and including ``high``."""
    return int(_log_uniform(random, low, high + 1))


class Bagged:
    """The mean of `FOLDS` models, each stopped early by the fold that it does not learn from."""

    def __init__(self, booster: Booster):
        self.booster = booster

    def fit(self, train: pd.DataFrame, target: pd.Series) -> Bagged:
        """Fit a model for each fold."""
        numbers = _numbers(self.booster, target)
        self._models = [
            _stopped(self.booster, self.booster.settings, train, numbers, learned, held)
            for learned, held in _folds(self.booster, numbers, FOLDS)
        ]
        return self

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the mean of the models' numbers."""
        return np.mean([model.answers(rows) for model in self._models], axis=0)

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the mean of the models' probabilities (rows × classes)."""
        return self.predict(rows)


class Tuned:
    """The best of `DRAWS` settings, including the usual ones, refitted to all rows.

    Models learn from four fifths of the rows and are stopped early by the remaining fifth; of the
    five folds, at least one and as many are used as together hold out `ENOUGH` rows. The settings
    with the least mean log loss or squared error are chosen, with the mean number of their models'
    trees.
    """

    def __init__(self, booster: TunableBooster):
        self.booster = booster

    def fit(self, train: pd.DataFrame, target: pd.Series) -> Tuned:
        """Choose the settings, and fit all rows with them."""
        numbers = _numbers(self.booster, target)
        folds = list(_folds(self.booster, numbers, FIFTHS))
        folds = folds[: math.ceil(ENOUGH / len(folds[0][1]))]
        random = np.random.default_rng(self.booster.seed)
        draws = [self.booster.settings, *(self.booster.draw(random) for _ in range(DRAWS - 1))]
        tried = [self._try(settings, train, numbers, folds) for settings in draws]
        _, best = min(tried, key=lambda pair: pair[0])
        self._model = self.booster.fit_all(best, train, numbers)
        return self

    def _try(
        self, settings: Settings, train: pd.DataFrame, target: np.ndarray, folds: list[Fold]
    ) -> tuple[float, Settings]:
        """Return the loss on held-out rows, and the settings with the number of trees behind it."""
        losses, models = [], []
        for learned, held in folds:
            model = _stopped(self.booster, settings, train, target, learned, held)
            losses.append(_loss(self.booster, target[held], model.answers(train.iloc[held])))
            models.append(model.model)
        return float(np.mean(losses)), {**settings, **self.booster.stopped_at(models)}

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the model's numbers."""
        return self._model.predict(rows)

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the model's probabilities (rows × classes)."""
        return self._model.predict_proba(rows)


@dataclass(frozen=True)
class _Stopped:
    """A model that was stopped early, and which of the ``classes`` it knows; None for numbers."""

    model: Any
    known: np.ndarray | None = None
    classes: int = 0

    def answers(self, rows: pd.DataFrame) -> np.ndarray:
        """Return numbers, or a probability of every class."""
        if self.known is None:
            return np.asarray(self.model.predict(rows))
        probabilities = np.zeros((len(rows), self.classes))
        probabilities[:, self.known] = self.model.predict_proba(rows)
        return probabilities


def _stopped(
    booster: Booster,
    settings: Settings,
    train: pd.DataFrame,
    target: np.ndarray,
    learned: np.ndarray,
    held: np.ndarray,
) -> _Stopped:
    """Learn from some rows, and stop by those others whose classes are learned."""

    def fit(target: np.ndarray, held: np.ndarray) -> Any:
        held_out = train.iloc[held], target[held]
        return booster.fit_stopped(settings, train.iloc[learned], target[learned], held_out)

    if booster.regression:
        return _Stopped(fit(target, held))
    known = np.unique(target[learned])
    model = fit(np.searchsorted(known, target), held[np.isin(target[held], known)])
    return _Stopped(model, known, int(target.max()) + 1)


def _numbers(booster: Booster, target: pd.Series) -> np.ndarray:
    """Return numbers as they are, and classes as their positions."""
    values = target.to_numpy()
    return values if booster.regression else np.unique(values, return_inverse=True)[1]


def _folds(booster: Booster, target: np.ndarray, count: int) -> Iterator[Fold]:
    """Divide the rows, stratified by class; no more folds than the commonest class has rows."""
    if booster.regression:
        return KFold(count, shuffle=True, random_state=booster.seed).split(target)
    count = min(count, int(np.bincount(target).max()))
    folds = StratifiedKFold(count, shuffle=True, random_state=booster.seed)
    return folds.split(target, target)


def _loss(booster: Booster, target: np.ndarray, answers: np.ndarray) -> float:
    if booster.regression:
        return float(mean_squared_error(target, answers))
    return float(log_loss(target, answers, labels=np.arange(answers.shape[1])))
