"""gradum: neural models for tables that their users can trust.

Names are imported when they are first used: ``import gradum`` loads neither JAX nor
scikit-learn.
"""

from __future__ import annotations

from gradum import forks as _forks  # noqa: F401 - it watches from now on

TYPE_CHECKING = False  # typing alone would take a third of the time until Ctrl-C is noticed
if TYPE_CHECKING:
    from typing import Any

    from gradum.api import Model, fit, infer, load, resume
    from gradum.api.compare_solvers import compare_solvers
    from gradum.api.explain_step import explain_step
    from gradum.api.foresee import foresee
    from gradum.core.losses import (
        AbsoluteError,
        Gamma,
        Huber,
        LogLoss,
        Poisson,
        Quantile,
        SquaredError,
        Tweedie,
    )
    from gradum.core.penalties import L1, L2, ElasticNet, Unpenalised
    from gradum.errors import GradumError
    from gradum.estimators import (
        CrossValidated,
        LinearRegression,
        LogisticRegression,
        MLPClassifier,
        MLPRegressor,
        PackClassifier,
        PackRegressor,
    )
    from gradum.languages import language
    from gradum.run.events.tracking import tracked
    from gradum.solvers.convex import Exact, InteriorPoint, Newton, Proximal
    from gradum.solvers.first_order import (
        LBFGS,
        SGD,
        Adam,
        AdamW,
        Averaged,
        Clipped,
        GradientDescent,
        Monotone,
        Muon,
    )
    from gradum.solvers.schedules import OneCycle, StepDecay, WarmUp
    from gradum.tables.sources.media import files_in

__version__ = "0.2.0"

_NAMES = {
    "gradum.api": ("Model", "fit", "infer", "load", "resume"),
    "gradum.api.compare_solvers": ("compare_solvers",),
    "gradum.api.explain_step": ("explain_step",),
    "gradum.api.foresee": ("foresee",),
    "gradum.core.losses": (
        "AbsoluteError",
        "Gamma",
        "Huber",
        "LogLoss",
        "Poisson",
        "Quantile",
        "SquaredError",
        "Tweedie",
    ),
    "gradum.core.penalties": ("L1", "L2", "ElasticNet", "Unpenalised"),
    "gradum.errors": ("GradumError",),
    "gradum.estimators": (
        "CrossValidated",
        "LinearRegression",
        "LogisticRegression",
        "MLPClassifier",
        "MLPRegressor",
        "PackClassifier",
        "PackRegressor",
    ),
    "gradum.languages": ("language",),
    "gradum.run.events.tracking": ("tracked",),
    "gradum.solvers.convex": ("Exact", "InteriorPoint", "Newton", "Proximal"),
    "gradum.solvers.first_order": (
        "LBFGS",
        "SGD",
        "Adam",
        "AdamW",
        "Averaged",
        "Clipped",
        "GradientDescent",
        "Monotone",
        "Muon",
    ),
    "gradum.solvers.schedules": ("OneCycle", "StepDecay", "WarmUp"),
    "gradum.tables.sources.media": ("files_in",),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}

__all__ = [
    "L1",
    "L2",
    "LBFGS",
    "SGD",
    "AbsoluteError",
    "Adam",
    "AdamW",
    "Averaged",
    "Clipped",
    "CrossValidated",
    "ElasticNet",
    "Exact",
    "Gamma",
    "GradientDescent",
    "GradumError",
    "Huber",
    "InteriorPoint",
    "LinearRegression",
    "LogLoss",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "Model",
    "Monotone",
    "Muon",
    "Newton",
    "OneCycle",
    "PackClassifier",
    "PackRegressor",
    "Poisson",
    "Proximal",
    "Quantile",
    "SquaredError",
    "StepDecay",
    "Tweedie",
    "Unpenalised",
    "WarmUp",
    "compare_solvers",
    "explain_step",
    "files_in",
    "fit",
    "foresee",
    "infer",
    "language",
    "load",
    "resume",
    "tracked",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gradum' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
