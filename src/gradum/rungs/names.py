"""The names of the rungs, simplest first; `gradum.rungs.registry` has all else about them."""

from __future__ import annotations

from typing import Literal, get_args

ModelName = Literal[
    "ladder",
    "drift",
    "smoothing",
    "theta",
    "linear",
    "mlp",
    "pack",
    "convolution",
]
"""What a model can be called: the name of a rung, or the name for all rungs."""

BASELINE = "baseline"
"""The rung that looks at no column. It is always fitted, for the others to be compared with."""

EVERY: tuple[str, ...] = (BASELINE, *get_args(ModelName)[1:])
"""Every rung, simplest first."""

CLASSICAL: tuple[str, ...] = ("drift", "smoothing", "theta")
"""The rungs of forecasts alone, each a classical forecast."""

LADDER: tuple[str, ...] = tuple(name for name in EVERY if name not in CLASSICAL)
"""The rungs of a table of rows."""

FORECAST_LADDER: tuple[str, ...] = (BASELINE, *CLASSICAL, "linear", "pack")
"""The rungs of a forecast; a multi-layer perceptron is never ahead of the pack for long."""
