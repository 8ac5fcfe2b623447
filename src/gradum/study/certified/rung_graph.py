"""A rung as a graph, from the columns of a design to its answers.

Shapes: d inputs, k logits, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradum.core.bounds import Affine, Exp, Graph, Limited, Selected, Sigmoid, probabilities
from gradum.core.bounds.box import FLOAT64
from gradum.core.bounds.rewriting import above, greater
from gradum.core.losses.deviance import LARGEST_LOGIT
from gradum.errors import NotCertifiableError
from gradum.messages import say
from gradum.rungs.rung import Rung
from gradum.study.certified.table_inputs import TableInputs

TIE = 1e-6
"""A class is certainly predicted where its margin is above this.

If two probabilities differ by less than a fraction `margins.EQUAL`, the first class is predicted.
In log-odds, before calibration, such a difference is at most this number.
"""


def logits(rung: Rung, inputs: TableInputs) -> Graph:
    """Return the graph from the inputs [d] to the logits [k].

    Raises
    ------
    NotCertifiableError
        The rung's architecture has no graph.
    """
    layer = rung.input_layer
    if layer is None:
        columns, levels = Graph.of(inputs.count, Selected(np.zeros(0, np.intp))), ()
    else:
        columns, levels = layer.graph(len(inputs.layout.sparse)), layer.embedded_levels
    graph = rung.network.graph(rung.params, levels)
    if graph is None:
        raise NotCertifiableError(
            "The model {rung!r} is not certifiable: {why}.",
            "Choose another model (--rung).",
            rung=rung.name,
            why=say(rung.network.without_graph),
        )
    return columns.then(graph)


def answer(rung: Rung, inputs: TableInputs) -> Graph:
    """Return the graph to the predicted number, in the target's units, or to K probabilities.

    Everything behind the logits is computed in float64, as `Rung.logits` are.

    Raises
    ------
    NotCertifiableError
        The rung predicts several quantiles.
    """
    graph = logits(rung, inputs)
    outputs = rung.network.outputs
    if rung.target_scale is not None:
        if outputs > 1:
            raise NotCertifiableError(
                "The model {rung!r} is not certifiable: it predicts several quantiles, which "
                "are put in order.",
                "Choose a model that predicts one number.",
                rung=rung.name,
            )
        if rung.learned_by.link == "log":
            graph = graph.then(Graph.of(1, Limited(-np.inf, LARGEST_LOGIT), Exp()))
        scale = rung.target_scale.graph(clamp=rung.clamp)
        return graph.then(scale.computed_in(FLOAT64))
    for step in rung.post:
        graph = graph.then(Graph.of(outputs, step.operation(outputs)).computed_in(FLOAT64))
    return graph.then(_shares(rung).computed_in(FLOAT64))


def margin(rung: Rung, inputs: TableInputs, first: int, others: Sequence[int]) -> Graph:
    """Return a graph whose outputs are above 0 only where one class is preferred to another.

    Steps behind the logits that keep the order of classes, such as a temperature, are left out.

    Parameters
    ----------
    rung : Rung
        Of classes.
    inputs : TableInputs
        The rung's inputs.
    first : int
        Position, among the labels, of the class that may be preferred.
    others : sequence of int
        Positions of the classes that it is compared with.
    """
    if rung.learned_by.one_score:
        return greater(answer(rung, inputs), first, others).then(
            Graph.of(len(others), Affine(np.eye(len(others)), np.full(len(others), -TIE)))
        )
    graph, outputs = logits(rung, inputs), rung.network.outputs
    for step in rung.post:
        if step.decides:
            graph = graph.then(Graph.of(outputs, step.operation(outputs)))
    sign = 1.0
    if outputs > 1:
        graph = greater(graph, first, others)
    else:
        graph, sign = above(graph, 0.0), 1.0 if first else -1.0
    count = len(others)
    lowered = Affine(sign * np.eye(count), np.full(count, -TIE), roundings=2)
    return graph.then(Graph.of(count, lowered))


def _shares(rung: Rung) -> Graph:
    """Return the graph from logits [k] to the classes' probabilities [K]."""
    outputs = rung.network.outputs
    if not rung.learned_by.one_score:
        return probabilities(outputs)
    # σ(z_k) is the probability of a class above k, and neighbours' difference is that of a class.
    ahead = np.eye(outputs)[:, 1:] - np.eye(outputs)[:, :-1]
    apart = np.eye(outputs)[1:] - np.eye(outputs)[:-1]
    lowest = np.eye(outputs)[0]
    return Graph.of(
        outputs,
        Affine(ahead, np.zeros(outputs - 1), roundings=1),
        Sigmoid(),
        Affine(apart, lowest, roundings=2),
    )
