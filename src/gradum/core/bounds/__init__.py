"""Bounds of everything that a network computes, over boxes of inputs.

A network is a :class:`Graph` of operations, which its bounds know nothing else of.
"""

from __future__ import annotations

from gradum.core.bounds.crown import crown
from gradum.core.bounds.elementwise import Elementwise
from gradum.core.bounds.graph import INPUT, Graph, Node
from gradum.core.bounds.interval import Enclosure, intervals
from gradum.core.bounds.linear import Affine, Concatenated, Sum
from gradum.core.bounds.of_network import graph_of
from gradum.core.bounds.operation import Box, Lines, Operation, Slopes
from gradum.core.bounds.optimised import optimised_lower
from gradum.core.bounds.piecewise import Leaky, Ramp, Relu
from gradum.core.bounds.planes import Planes, enclosing_lines, lower, planes
from gradum.core.bounds.s_shaped import Sigmoid, SmoothClip, Tanh
from gradum.core.bounds.smooth import Cosine, Gelu, Selu
from gradum.core.bounds.zonotope import zonotopes

__all__ = [
    "INPUT",
    "Affine",
    "Box",
    "Concatenated",
    "Cosine",
    "Elementwise",
    "Enclosure",
    "Gelu",
    "Graph",
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
