"""Bounds of everything that a network computes, over boxes of inputs.

A network is a :class:`Graph` of operations, which its bounds know nothing else of.
"""

from __future__ import annotations

from gradum.core.bounds.crown import Planes, crown, lower, planes
from gradum.core.bounds.graph import INPUT, Graph, Node
from gradum.core.bounds.interval import Enclosure, intervals
from gradum.core.bounds.operation import Elementwise, Interval, Operation, Slopes
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
    "Enclosure",
    "Graph",
    "Interval",
    "Leaky",
    "Node",
    "Operation",
    "Planes",
    "Ramp",
    "Relu",
    "Sigmoid",
    "Slopes",
    "SmoothClip",
    "Sum",
    "Tanh",
    "crown",
    "intervals",
    "lower",
    "planes",
]
