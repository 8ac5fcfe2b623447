"""Bounds on everything that a network computes, over boxes of inputs.

A network is a :class:`Graph` of operations; the bounds know nothing else about it.
"""

from __future__ import annotations

from gradum.core.bounds.arrangement import Concatenated, Selected
from gradum.core.bounds.box import Box
from gradum.core.bounds.crown import Planes, crown, enclosing_lines, lower, planes
from gradum.core.bounds.elementwise import Elementwise
from gradum.core.bounds.enclosure import (
    Enclosure,
    disorder,
    forward_error,
    intervals,
    reaches,
    slopes,
)
from gradum.core.bounds.forms import Lines, Slopes
from gradum.core.bounds.graph import INPUT, Draft, Graph, Node
from gradum.core.bounds.linear import Affine, Sum
from gradum.core.bounds.logarithm import Log, Logit
from gradum.core.bounds.operation import Operation
from gradum.core.bounds.optimised import optimised_lower
from gradum.core.bounds.piecewise import Leaky, Ramp, Relu
from gradum.core.bounds.rescaled import BentScale, Interpolated, Limited, Standardised
from gradum.core.bounds.rewriting import folded
from gradum.core.bounds.s_shaped import Sigmoid, SmoothClip, Tanh
from gradum.core.bounds.smooth import Cosine, Gelu, Selu
from gradum.core.bounds.softmax import Exp, Reciprocal, probabilities, softmax
from gradum.core.bounds.zonotope import zonotopes

__all__ = [
    "INPUT",
    "Affine",
    "BentScale",
    "Box",
    "Concatenated",
    "Cosine",
    "Draft",
    "Elementwise",
    "Enclosure",
    "Exp",
    "Gelu",
    "Graph",
    "Interpolated",
    "Leaky",
    "Limited",
    "Lines",
    "Log",
    "Logit",
    "Node",
    "Operation",
    "Planes",
    "Ramp",
    "Reciprocal",
    "Relu",
    "Selected",
    "Selu",
    "Sigmoid",
    "Slopes",
    "SmoothClip",
    "Standardised",
    "Sum",
    "Tanh",
    "crown",
    "disorder",
    "enclosing_lines",
    "folded",
    "forward_error",
    "intervals",
    "lower",
    "optimised_lower",
    "planes",
    "probabilities",
    "reaches",
    "slopes",
    "softmax",
    "zonotopes",
]
