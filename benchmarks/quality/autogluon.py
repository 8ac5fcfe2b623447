"""AutoGluon as a model that is fitted in a given time: it bags and stacks the installed models.

It needs its own versions of NumPy and others, so it lives in an environment of its own, with gradum
beside it, from which ``python -m benchmarks quality --methods autogluon_60`` adds to the same
results.
"""

from __future__ import annotations

import shutil
import tempfile
from typing import Any

import numpy as np
import pandas as pd
from autogluon.tabular import TabularPredictor

from benchmarks.quality.split import Split
from benchmarks.sides import CORES, MOST_CORES

PRESET = "best_quality"
TARGET = "__target"
METRICS = {"regression": "rmse", "binary": "roc_auc", "multiclass": "log_loss"}


class AutoGluon:
    """The preset that AutoGluon recommends for accuracy.

    Parameters
    ----------
    split : Split
        Gives the task, whose error in `measure` is the metric to fit for.
    seconds : float
        Seconds on two cores; on one core, it gets twice as many.
    """

    def __init__(self, split: Split, seconds: float) -> None:
        self.split = split
        self.seconds = seconds * MOST_CORES / CORES
        self.folder = tempfile.mkdtemp()
        self.predictor: Any = None

    def fit(self, train: pd.DataFrame, target: pd.Series) -> None:
        """Fit as much as the time allows."""
        predictor = TabularPredictor(
            TARGET,
            problem_type=self.split.task,
            eval_metric=METRICS[self.split.task],
            path=self.folder,
            verbosity=0,
        )
        self.predictor = predictor.fit(
            train.assign(**{TARGET: target}),
            time_limit=self.seconds,
            presets=PRESET,
            num_cpus=CORES,
            num_gpus=0,
        )

    def predict(self, test: pd.DataFrame) -> np.ndarray:
        """Return numbers (n,), and leave no file behind."""
        return self._answer(self.predictor.predict, test)

    def predict_proba(self, test: pd.DataFrame) -> np.ndarray:
        """Return probabilities [n, k], and leave no file behind."""
        return self._answer(self.predictor.predict_proba, test)

    def _answer(self, predict: Any, test: pd.DataFrame) -> np.ndarray:
        answers = predict(test)
        shutil.rmtree(self.folder)
        if self.split.regression:
            return answers.to_numpy()
        return answers[list(range(len(self.split.classes)))].to_numpy()
