"""The names of the rungs, simplest first; `gradum.rungs.registry` has all else about them."""

from __future__ import annotations

from typing import Literal, get_args

ModelName = Literal[
    "ladder",
    "linear",
    "mlp",
    "pack",
    "convolution",
]
"""What a model can be called: the name of a rung, or the name for all rungs."""

BASELINE = "baseline"
"""The rung that looks at no column. It is always fitted, for the others to be compared with."""

LADDER: tuple[str, ...] = (BASELINE, *get_args(ModelName)[1:])
"""Every rung, simplest first."""
