"""Classical inference: standard errors, tests and intervals of linear models."""

from __future__ import annotations

from gradum.study.inference.infer import infer
from gradum.study.inference.influence import Influence, influence
from gradum.study.inference.result import Coefficient, FitStatistics, Inference, Influential, Test

__all__ = [
    "Coefficient",
    "FitStatistics",
    "Inference",
    "Influence",
    "Influential",
    "Test",
    "infer",
    "influence",
]
