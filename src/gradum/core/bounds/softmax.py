"""Probabilities of classes as operations of a graph.

Shapes: K classes.
"""

from __future__ import annotations

import numpy as np

from gradum.core.bounds.convex import Exp, Reciprocal
from gradum.core.bounds.graph import Graph
from gradum.core.bounds.linear import Affine
from gradum.core.bounds.s_shaped import Sigmoid


def probabilities(outputs: int) -> Graph:
    """Return the graph from logits to the probability of each class [K].

    One logit f is that of two classes, whose probabilities are σ(−f) and σ(f). More classes have
    one logit each.
    """
    if outputs > 1:
        return softmax(outputs)
    both = Affine(np.array([[-1.0, 1.0]]), np.zeros(2))
    return Graph.of(1, both, Sigmoid())


def softmax(classes: int) -> Graph:
    """Return the graph from logits [K] to their softmax.

    p_k = 1 / (1 + Σ_(j ≠ k) exp(f_j − f_k)): differences of logits move less over a box than the
    logits do, and 1 / z is convex as eᶻ is.
    """
    pairs = [(k, j) for k in range(classes) for j in range(classes) if j != k]
    differences, sums = np.zeros((classes, len(pairs))), np.zeros((len(pairs), classes))
    for pair, (k, j) in enumerate(pairs):
        differences[[j, k], pair] = 1.0, -1.0
        sums[pair, k] = 1.0
    return Graph.of(
        classes,
        Affine(differences, np.zeros(len(pairs)), roundings=2),
        Exp(),
        Affine(sums, np.ones(classes), roundings=classes),
        Reciprocal(),
    )
