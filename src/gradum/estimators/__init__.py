"""scikit-learn estimators on the same losses, networks and solvers as everything else."""

from __future__ import annotations

from gradum.estimators.cross_validation import CrossValidated
from gradum.estimators.linear_regression import LinearRegression
from gradum.estimators.logistic_regression import LogisticRegression
from gradum.estimators.mlp_classifier import MLPClassifier
from gradum.estimators.mlp_regressor import MLPRegressor
from gradum.estimators.pack import PackClassifier, PackRegressor

__all__ = [
    "CrossValidated",
    "LinearRegression",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "PackClassifier",
    "PackRegressor",
]
