"""gradum: neural models for tables that their users can trust.

Names are imported when they are first used: ``import gradum`` loads neither JAX nor
scikit-learn.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradum.api import Model, fit, infer, load
    from gradum.api.explain_step import explain_step
    from gradum.errors import GradumError
    from gradum.estimators import (
        LinearRegression,
        LogisticRegression,
        MLPClassifier,
        MLPRegressor,
    )
    from gradum.solvers.first_order import SGD, Adam, AdamW, GradientDescent

__version__ = "0.1.0"

_HOMES = {
    "Model": "gradum.api",
    "explain_step": "gradum.api.explain_step",
    "fit": "gradum.api",
    "infer": "gradum.api",
    "load": "gradum.api",
    "GradumError": "gradum.errors",
    "LinearRegression": "gradum.estimators",
    "LogisticRegression": "gradum.estimators",
    "MLPClassifier": "gradum.estimators",
    "MLPRegressor": "gradum.estimators",
    "SGD": "gradum.solvers.first_order",
    "Adam": "gradum.solvers.first_order",
    "AdamW": "gradum.solvers.first_order",
    "GradientDescent": "gradum.solvers.first_order",
}

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "GradientDescent",
    "GradumError",
    "LinearRegression",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "Model",
    "explain_step",
    "fit",
    "infer",
    "load",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gradum' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
