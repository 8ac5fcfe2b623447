"""A property of a network over boxes: no input in a box has an unsafe output.

Shapes: d inputs, k outputs, m linear constraints.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from gradum.core.bounds.graph import Graph
from gradum.errors import PropertyError


@dataclass(frozen=True, eq=False)
class Polyhedron:
    """The outputs y with C y ≤ c."""

    coefficients: np.ndarray
    """Of shape [m, k]. C, finite. Without rows, every output belongs to the polyhedron."""
    limits: np.ndarray
    """Of shape [m]. c, finite."""

    def contains(self, y: np.ndarray) -> bool:
        """Return whether finite outputs [k] belong to it, computed in rational arithmetic."""
        return all(
            sum(Fraction(float(row[j])) * Fraction(float(y[j])) for j in np.flatnonzero(row))
            <= Fraction(float(limit))
            for row, limit in zip(self.coefficients, self.limits, strict=True)
        )


@dataclass(frozen=True, eq=False)
class Case:
    """A box of inputs, and the outputs that no input in it may have."""

    low: np.ndarray
    high: np.ndarray
    """Of shape [d]. low ≤ x ≤ high, all finite."""
    unsafe: tuple[Polyhedron, ...]
    """An output is unsafe if it belongs to one of these."""

    def is_violated(self, x: np.ndarray, y: np.ndarray) -> bool:
        """Return whether an input [d] lies in the box while its output [k] is unsafe."""
        within = bool(np.all((self.low <= x) & (x <= self.high)))
        return within and any(polyhedron.contains(y) for polyhedron in self.unsafe)


@dataclass(frozen=True, eq=False)
class Property:
    """A property that holds if no input in any case's box has an output unsafe in that case."""

    inputs: int
    outputs: int
    """d and k."""
    cases: tuple[Case, ...]
    """At least one."""

    def check_fits(self, network: Graph) -> None:
        """Raise PropertyError unless a network has the property's numbers of inputs and outputs."""
        if (self.inputs, self.outputs) != (network.inputs, network.widths[-1]):
            raise PropertyError(
                "The property is of {inputs:,} inputs and {outputs:,} outputs, but the network "
                "has {network_inputs:,} and {network_outputs:,}.",
                inputs=self.inputs,
                outputs=self.outputs,
                network_inputs=network.inputs,
                network_outputs=network.widths[-1],
            )

    def is_violated(self, x: np.ndarray, y: np.ndarray) -> bool:
        """Return whether an input [d] and its output [k] are a counterexample.

        Float32 numbers are compared as the real numbers that they are. An output that is not
        finite is never a counterexample.
        """
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        return bool(np.all(np.isfinite(y))) and any(case.is_violated(x, y) for case in self.cases)
