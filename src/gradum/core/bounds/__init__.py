"""Bounds of everything that a network computes, over boxes of inputs.

A network is a :class:`Graph` of operations, which its bounds know nothing else of.
"""

from __future__ import annotations

from gradum.core.bounds.crown import crown, zonotopes
from gradum.core.bounds.graph import INPUT, Graph, Node
from gradum.core.bounds.interval import Enclosure, intervals
from gradum.core.bounds.of_network import graph_of
from gradum.core.bounds.operation import Elementwise, Interval, Lines, Operation, Slopes
from gradum.core.bounds.operations import (
    Affine,
    Concatenated,
    Cosine,
    Gelu,
    Leaky,
    Ramp,
    Relu,
    Selu,
    Sigmoid,
    SmoothClip,
    Sum,
    Tanh,
)
from gradum.core.bounds.optimised import optimised_lower
from gradum.core.bounds.planes import Planes, enclosing_lines, lower, planes

__all__ = [
    "INPUT",
    "Affine",
    "Concatenated",
    "Cosine",
    "Elementwise",
    "Enclosure",
    "Gelu",
    "Graph",
    "Interval",
    "Leaky",
    "Lines",
    "Node",
    "Operation",
    "Planes",
    "Ramp",
    "Relu",
    "Selu",
    "Sigmoid",
    "Slopes",
    "SmoothClip",
    "Sum",
    "Tanh",
    "crown",
    "enclosing_lines",
    "graph_of",
    "intervals",
    "lower",
    "optimised_lower",
    "planes",
    "zonotopes",
]
