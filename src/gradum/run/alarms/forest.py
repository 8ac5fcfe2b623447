"""A forest of extremely randomised trees, which predicts rows that its trees held out.

All trees grow at once, level by level. Each node draws a few columns, each with a random place
between two of its rows, and is cut where the sum of squares within its halves is smallest (P.
Geurts et al., Extremely randomized trees, 2006). Each tree learns from a random half of the rows.
Every row, whether it may be learned from or not, is predicted by the trees that did not draw it, so
that the predictions of both kinds of rows come from equally many trees.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

TREES, TRIES, LEAF = 24, 4, 3


def forest(
    columns: np.ndarray,
    target: np.ndarray,
    learned: np.ndarray,
    rng: np.random.Generator,
    always: Sequence[int] = (),
) -> np.ndarray:
    """Return what the trees that held out a row predict for it: (n, k).

    Parameters
    ----------
    columns : ndarray of shape (n, p)
    target : ndarray of shape (n, k)
        Read only for the rows that are learned from.
    learned : ndarray of shape (n,)
        Which rows may be learned from.
    rng : numpy.random.Generator
    always : sequence of int
        Columns of which every node tries one.
    """
    rows, outputs = target.shape
    drawn = rng.random((TREES, rows)) < 0.5
    kept = (drawn & learned).ravel()
    said = np.zeros((TREES * rows, outputs))
    # One entry for each tree and row that it learns from or predicts; entries in a leaf are done.
    entry = np.flatnonzero((~drawn | learned).ravel())
    node = entry // rows
    while len(entry):
        node, row = _numbered(node), entry % rows
        learning = np.flatnonzero(kept[entry])
        learning = learning[np.argsort(node[learning], kind="stable")]
        members = _Members(columns, target, row[learning], node[learning], int(node.max()) + 1)
        column, place, is_cut = _cuts(members, rng, always)
        leaf = ~is_cut[node]
        said[entry[leaf]] = members.mean[node[leaf]]
        entry, node, row = entry[~leaf], node[~leaf], row[~leaf]
        node = 2 * node + (columns[row, column[node]] > place[node])
    said = said.reshape(TREES, rows, outputs)
    return (said * ~drawn[..., None]).sum(axis=0) / np.maximum((~drawn).sum(axis=0), 1)[:, None]


def _numbered(node: np.ndarray) -> np.ndarray:
    """Return the nodes that have entries, renumbered from 0 in their order."""
    present = np.zeros(int(node.max()) + 1, bool)
    present[node] = True
    return (np.cumsum(present) - 1)[node]


class _Members:
    """The rows that nodes 0 .. m - 1 learn from, node by node, and the sums of their targets."""

    def __init__(
        self, columns: np.ndarray, target: np.ndarray, row: np.ndarray, node: np.ndarray, nodes: int
    ) -> None:
        self.columns, self.row, self.node, self.nodes = columns, row, node, nodes
        self.target = target[row]
        self.count = np.bincount(node, minlength=nodes)
        self.start = np.cumsum(self.count) - self.count
        self.sums = self.sum_by_node(self.target)

    @property
    def mean(self) -> np.ndarray:
        """The mean target of each node (m, k); 0 if it has no row."""
        return self.sums / np.maximum(self.count, 1)[:, None]

    def sum_by_node(self, values: np.ndarray) -> np.ndarray:
        """Return the sums of values (rows, k) over the rows of each node: (m, k)."""
        sums = [np.bincount(self.node, column, minlength=self.nodes) for column in values.T]
        return np.stack(sums, axis=1)

    def one_of_each(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a row of each node (m,); an arbitrary one if it has none."""
        place = self.start + (rng.random(self.nodes) * self.count).astype(np.intp)
        return self.row[np.minimum(place, len(self.row) - 1)]


def _cuts(
    members: _Members, rng: np.random.Generator, always: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the column and place of each node's cut, and whether it is cut: three times (m,)."""
    nodes, width = members.nodes, members.columns.shape[1]
    best = np.full(nodes, -np.inf)
    column, place = np.zeros(nodes, np.intp), np.zeros(nodes)
    if not len(members.row) or not width:
        return column, place, np.zeros(nodes, bool)
    for attempt in range(TRIES):
        if attempt == 0 and len(always):
            tried = np.asarray(always)[rng.integers(len(always), size=nodes)]
        else:
            tried = rng.integers(width, size=nodes)
        one, other = members.one_of_each(rng), members.one_of_each(rng)
        share = rng.random(nodes)
        at = share * members.columns[one, tried] + (1 - share) * members.columns[other, tried]
        beyond = members.columns[members.row, tried[members.node]] > at[members.node]
        right = np.bincount(members.node, beyond, minlength=nodes)
        sums = members.sum_by_node(members.target * beyond[:, None])
        left, rest = members.count - right, members.sums - sums
        gain = (sums**2).sum(axis=1) / np.maximum(right, 1)
        gain += (rest**2).sum(axis=1) / np.maximum(left, 1)
        gain[np.minimum(left, right) < LEAF] = -np.inf
        better = gain > best
        best[better], column[better], place[better] = gain[better], tried[better], at[better]
    return column, place, np.isfinite(best)
