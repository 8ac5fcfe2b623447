"""Two copies of a graph that share all but some inputs: the answers of both, and their difference.

The shared inputs are the same nodes in both, so that bounds see what the copies have in common.

Shapes: N points, d inputs, m of them with a second copy, k outputs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gradum.core.bounds import INPUT, Affine, Concatenated, Draft, Graph, Selected, Sum
from gradum.study.verification.domain import Domain, InputForm
from gradum.study.verification.verify import Replay


@dataclass(frozen=True, eq=False)
class Copies:
    """Pairs of points that differ in some inputs.

    A pair is one point of d + m inputs: those of the first point, then the m of the second that
    differ.
    """

    changed: np.ndarray
    """Integers of shape [m]. The positions of the inputs in which they differ."""

    def pair(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return both points [N, d] of pairs [N, d + m]."""
        first = x[:, : -len(self.changed)]
        second = first.copy()
        second[:, self.changed] = x[:, first.shape[1] :]
        return first, second

    def answers(self, graph: Graph) -> Graph:
        """Return the graph from pairs to both answers, f(x) and f(x′) [2k]."""
        draft, first, second = self._copied(graph)
        draft.add(Concatenated(), first, second)
        return draft.graph()

    def difference(self, graph: Graph) -> Graph:
        """Return the graph from pairs to f(x′) − f(x) [k]."""
        return self._difference(graph).graph()

    def rising_difference(self, graph: Graph, width: float) -> Graph:
        """Return the graph to f(x′) − f(x) and, last, (a − a′) / width for the single input a."""
        draft = self._difference(graph)
        answers = len(draft) - 1
        inputs = graph.inputs
        weight = np.zeros((inputs + 1, 1))
        weight[[self.changed[0], inputs]] = [[1.0 / width], [-1.0 / width]]
        order = draft.add(Affine(weight, np.zeros(1)), INPUT)
        draft.add(Concatenated(), answers, order)
        return draft.graph()

    def domain(self, of_one: Domain) -> Domain:
        """Return the domain of pairs of points of a domain, with the same unsafe outputs."""
        count, form = len(of_one.low), of_one.form
        second = {int(place): count + k for k, place in enumerate(self.changed)}
        groups = [
            np.array([second[int(place)] for place in group])
            for group in of_one.groups
            if group[0] in second
        ]
        thresholds = [(second[place], at) for place, at in of_one.thresholds if place in second]
        if form is not None:
            implied = [
                (second[flag], second[place], value)
                for flag, place, value in form.implied
                if flag in second and place in second
            ]
            form = InputForm(
                self._doubled(form.whole), (*form.implied, *implied), self._doubled(form.tried)
            )
        return replace(
            of_one,
            low=self._doubled(of_one.low),
            high=self._doubled(of_one.high),
            groups=(*of_one.groups, *groups),
            thresholds=(*of_one.thresholds, *thresholds),
            form=form,
        )

    def differences(self, outputs: Replay) -> Replay:
        """Return the function from pairs to f(x′) − f(x) [N, k], given the function f."""

        def replay(x: np.ndarray) -> np.ndarray:
            first, second = self.pair(x)
            return outputs(second) - outputs(first)

        return replay

    def _doubled(self, of_inputs: np.ndarray) -> np.ndarray:
        """Return entries [d + m] for pairs from entries [d] for points."""
        return np.concatenate([of_inputs, of_inputs[self.changed]])

    def _difference(self, graph: Graph) -> Draft:
        """Return a draft whose last node is f(x′) − f(x)."""
        draft, first, second = self._copied(graph)
        draft.add(Sum((-1.0, 1.0)), first, second)
        return draft

    def _copied(self, graph: Graph) -> tuple[Draft, int, int]:
        """Return a draft with both copies of a graph, and the positions of their outputs."""
        draft = Draft(graph.inputs + len(self.changed))
        places = np.arange(graph.inputs)
        other = places.copy()
        other[self.changed] = graph.inputs + np.arange(len(self.changed))
        first, second = (
            draft.append(graph, draft.add(Selected(which), INPUT)) for which in (places, other)
        )
        return draft, first, second
