"""Bounds of everything that a network computes, over boxes of inputs.

A network is a :class:`Graph` of operations, which its bounds know nothing else of.
"""

from __future__ import annotations

from gradum.core.bounds.graph import INPUT, Graph, Node
from gradum.core.bounds.operation import Elementwise, Interval, Operation
from gradum.core.bounds.operations import (
    Affine,
    Concatenated,
    Cosine,
    Leaky,
    Ramp,
    Relu,
    Sigmoid,
    SmoothClip,
    Sum,
    Tanh,
)

__all__ = [
    "INPUT",
    "Affine",
    "Concatenated",
    "Cosine",
    "Elementwise",
    "Graph",
    "Interval",
    "Leaky",
    "Node",
    "Operation",
    "Ramp",
    "Relu",
    "Sigmoid",
    "SmoothClip",
    "Sum",
    "Tanh",
]
