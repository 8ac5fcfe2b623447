"""A network in pure NumPy, with the rows to explain: every library is given this.

It is read in the libraries' environments, which have no gradum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.explanations.definition import shapley_values

LOW_PLAYERS = 10  # the coalitions of so many pass the layers together, in the cache


@dataclass(frozen=True)
class Network:
    """f(x) = clip(centre + scale net(x), low, high), with net of ReLU layers.

    Parameters
    ----------
    weights, biases : sequences of ndarray
        For each layer, (in, out) and (out,); the last has one output.
    centre, scale, low, high : float
    """

    weights: Sequence[np.ndarray]
    biases: Sequence[np.ndarray]
    centre: float
    scale: float
    low: float
    high: float

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Answer rows (n, d): f (n,)."""
        rows = np.asarray(rows, self.weights[0].dtype)
        return self.behind(rows @ self.weights[0] + self.biases[0])

    def behind(self, z: np.ndarray) -> np.ndarray:
        """Continue from the sums z (n, h) of the first layer, which are overwritten."""
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            z = np.maximum(z, 0, out=z) @ weight
            z += bias
        return np.clip(self.centre + self.scale * z[:, 0].astype(np.float64), self.low, self.high)

    def in_double(self) -> Network:
        """Return the same network, computing in float64."""
        double = [
            [each.astype(np.float64) for each in part] for part in (self.weights, self.biases)
        ]
        return replace(self, weights=double[0], biases=double[1])

    def exact(self, row: np.ndarray, background: np.ndarray) -> np.ndarray:
        """Return a row's Shapley values (d,) against background rows (B, d), by all coalitions."""
        network = self.in_double()
        first = network.weights[0]
        worths = np.zeros(2 ** len(row))
        for other in background:
            changes = (row - other)[:, None] * first
            low, high = (_subset_sums(part) for part in np.split(changes, [LOW_PLAYERS]))
            low += other @ first + network.biases[0]
            for sums, worth in zip(high, worths.reshape(len(high), -1), strict=True):
                worth += network.behind(low + sums)
        return shapley_values(worths / len(background))


def _subset_sums(parts: np.ndarray) -> np.ndarray:
    """Return the sums (2^d, h) over all subsets of d parts (d, h), in the order of their bits."""
    sums = np.zeros((1, parts.shape[1]))
    for part in parts:
        sums = np.concatenate([sums, sums + part])
    return sums


@dataclass(frozen=True)
class Problem:
    """Rows for which a network's answers are divided among d columns.

    Parameters
    ----------
    network : Network
    rows : ndarray (n, d)
    background : ndarray (B, d)
    exact : ndarray (n, d)
        Their Shapley values.
    """

    network: Network
    rows: np.ndarray
    background: np.ndarray
    exact: np.ndarray

    def error(self, values: np.ndarray) -> float:
        """Return the root mean square error of values, relative to that of the exact values."""
        return float(np.sqrt(np.mean((values - self.exact) ** 2) / np.mean(self.exact**2)))

    def write(self, path: Path) -> None:
        """Write the problem to an npz file."""
        network = self.network
        layers = {f"weight {i}": weight for i, weight in enumerate(network.weights)}
        layers |= {f"bias {i}": bias for i, bias in enumerate(network.biases)}
        output = np.array([network.centre, network.scale, network.low, network.high])
        rows = {"rows": self.rows, "background": self.background, "exact": self.exact}
        np.savez(path, allow_pickle=False, output=output, **layers, **rows)

    @classmethod
    def read(cls, path: str) -> Problem:
        """Read a problem from an npz file."""
        with np.load(path) as file:
            depth = sum(name.startswith("weight") for name in file)
            weights, biases = (
                [file[f"{part} {i}"] for i in range(depth)] for part in ("weight", "bias")
            )
            network = Network(weights, biases, *file["output"].tolist())
            return cls(network, file["rows"], file["background"], file["exact"])
