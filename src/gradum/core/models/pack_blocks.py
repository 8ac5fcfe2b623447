"""A pack laid out for blocks of rows in NumPy: member after member, so that layers stay in cache.

Shapes: n rows, M members, of which the first r have codes that rise in turn; d columns, c of them
coded, T codes per coded column, e embedded numbers; D = d + e + 1 + c T, with a column of ones, k
outputs; h = units of the first layer + k.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from gradum.core.models.input_blocks import Inputs, take
from gradum.core.models.pack_codes import first_in_turn, risen, rows_of_risen

if TYPE_CHECKING:
    from gradum.core.models.pack_network import PackNetwork
    from gradum.core.models.parameters import Params

NUMBERS_AT_ONCE = 2**18
"""How many numbers a block has before a first layer: 1 MiB.

In half as much, more of them stay in cache; but threads give the lock of Python to each other twice
as often, which takes longer.
"""

LEAST_ROWS = 64  # of a block: fewer take longer to multiply


class PackBlocks:
    """The forward function of a pack for blocks of many rows.

    The same block has the same bits each time. A row may have other last bits in another block:
    which sums BLAS takes in which order depends, on most processors, on its place in the block.

    Every step is one call of NumPy for as many numbers as fit into the cache, and there are few of
    them: threads that make many short calls wait for the lock of Python most of the time. So biases
    are weights of a column of ones, where a product is taken anyway, and so are the places of waves
    2πa (z - s) = [2πa, -2πas] [z, 1]ᵀ, which BLAS computes in a quarter of the time that a
    difference and a product of NumPy take.
    """

    def __init__(self, network: PackNetwork, params: Params) -> None:
        params, rising = first_in_turn(params)
        rising = rising if network.coded else 0
        self._network, self._params, self._rising = network, params, rising
        first, *_, last = params["layers"]
        weight = np.concatenate([first["weight"], params["wide"]], axis=2)
        bias = np.concatenate([first["bias"], last["bias"]], axis=1)[:, None]
        coded = len(network.coded) * network.codes
        dense, codes, embedded = np.split(weight, [network.inputs, network.inputs + coded], axis=1)
        weight = np.concatenate([dense, embedded, bias, codes], axis=1)
        units, wide = np.split(weight, [network.hidden[0]], axis=2)
        self._first, self._wide = np.ascontiguousarray(units), np.ascontiguousarray(wide)
        self._plain = weight.shape[1] - coded
        self._coded = np.array(network.coded, np.intp)
        self._turns = _turns(params["shift"], params["slope"])
        self._step = max(NUMBERS_AT_ONCE // weight.shape[1], LEAST_ROWS)
        if rising:
            turns = params["shift"][:rising], params["slope"][:rising]
            self._in_turn = CodesInTurn(*turns, codes[:rising])
        # Having freed this, glibc keeps the memory of blocks. Otherwise it may return it to the
        # system after each one, and faulting it in again takes as long as all products.
        np.empty(2**22, np.float32)

    def __call__(self, inputs: Inputs) -> np.ndarray:
        """Return the logits [n, k]."""
        rows = len(inputs["dense"])
        count = max(-(-rows // self._step), 1)
        ends = [block * rows // count for block in range(count + 1)]
        blocks = (self._logits(take(inputs, slice(*block))) for block in pairwise(ends))
        return np.concatenate(list(blocks))

    def _logits(self, inputs: Inputs) -> np.ndarray:
        """Return the logits [n, k] of one block."""
        network, params, plain = self._network, self._params, self._plain
        dense, places = network.flat(params, inputs)
        rows, width = dense.shape
        x = np.empty((self._first.shape[1], rows), dense.dtype)
        x[:width] = dense.T
        x[plain - 1] = 1
        column = np.ones((len(self._coded), 2, rows), x.dtype)
        column[:, 0] = x[self._coded]
        codes = x[plain:].reshape(len(column), network.codes, rows)
        read = self._in_turn(column[:, 0]) if self._rising else ()
        spare = np.empty((2, rows * max(network.hidden)), x.dtype)
        logits = []
        for member in range(network.members):
            if places is not None:
                vectors = params["embedding"][member, places[0]]
                x[width : plain - 1] = vectors.reshape(rows, plain - 1 - width).T
            if member >= self._rising:
                self._fill(codes, column, member)
            used = slice(plain if member < self._rising else None)
            z = _matrix(spare[0], rows, network.hidden[0])
            np.matmul(x[used].T, self._first[member, used], out=z)
            wide = x[used].T @ self._wide[member, used]
            if member < self._rising:
                z += read[member][:, : z.shape[1]]
                wide += read[member][:, z.shape[1] :]
            wide += self._after_first(z, member, spare)
            logits.append(wide)
        return network.mean(params, np.stack(logits), np)

    def _fill(self, codes: np.ndarray, column: np.ndarray, member: int) -> None:
        """Write a member's codes [c, T, n] of each coded column and ones beside it [c, 2, n]."""
        if self._params["wave"][member] > 0:
            np.matmul(self._turns[member], column, out=codes)
            np.cos(codes, out=codes)
            return
        shift, slope = (self._params[name][member, :, :, None] for name in ("shift", "slope"))
        np.subtract(column[:, :1], shift, out=codes)
        codes *= slope
        np.clip(codes, 0, 1, out=codes)
        codes -= np.float32(0.5)

    def _after_first(self, z: np.ndarray, member: int, spare: np.ndarray) -> np.ndarray:
        """Return what units add to a member's logits [n, k]; z = x₀ W₁ + b₁ [n, h - k].

        z is the first of two ``spare``. Every layer is computed in them: new memory would not be in
        cache yet.
        """
        first, *inner, last = self._params["layers"]
        self._activate(z, first, member, spare[1])
        for layer in inner:
            spare, weight = spare[::-1], layer["weight"][member]
            z = np.matmul(z, weight, out=_matrix(spare[0], len(z), weight.shape[1]))
            z += layer["bias"][member]
            self._activate(z, layer, member, spare[1])
        return z @ last["weight"][member]

    def _activate(self, z: np.ndarray, layer: Params, member: int, spare: np.ndarray) -> None:
        """Make σ(z) of the sums z [n, h] of a member's layer."""
        leaked = np.multiply(z, layer["leak"][member], out=_matrix(spare, *z.shape))
        np.maximum(z, leaked, out=z)


class CodesInTurn:
    """What codes that rise in turn add to first layers, read from tables.

    How many codes of each member have risen at a value of a column is straight between the places
    where any member's code begins or ends. So each value is looked up once for all members.

    Parameters
    ----------
    shift, slope : ndarray of shape [r, c, T]
    weight : ndarray of shape [r, c T, h]
    """

    def __init__(self, shift: np.ndarray, slope: np.ndarray, weight: np.ndarray) -> None:
        (members, coded, codes), width = shift.shape, weight.shape[2]
        self._sums = risen(weight.reshape(members, coded, codes, width)).reshape(-1, width)
        starts = np.arange(members * coded, dtype=np.int32).reshape(members, 1, coded)
        self._starts = starts * (codes + 2)
        turns = (array.swapaxes(0, 1).astype(np.float64) for array in (shift, slope))
        heights = [_heights(*column) for column in zip(*turns, strict=True)]
        self._ends = [place[1:] for place, _, _ in heights]
        self._pieces = np.cumsum([0, *(len(place) for place, _, _ in heights[:-1])])
        # One column's pieces after the other's: where each begins, and of each member its straight.
        self._place, below, rise = (np.concatenate(part) for part in zip(*heights, strict=True))
        self._below, self._rise = np.ascontiguousarray(below.T), np.ascontiguousarray(rise.T)

    def __call__(self, columns: np.ndarray) -> np.ndarray:
        """Return what columns [c, n] add to first layers [r, n, h]."""
        (coded, rows), members = columns.shape, len(self._starts)
        value = columns.T.astype(np.float64)
        piece = np.empty(value.shape, np.intp)
        for column, ends in enumerate(self._ends):
            piece[:, column] = ends.searchsorted(value[:, column], side="right")
        piece += self._pieces
        value -= self._place.take(piece)
        height = self._rise.take(piece, axis=1)
        height *= value
        height += self._below.take(piece, axis=1)
        share, read = rows_of_risen(height.astype(columns.dtype), self._starts)
        ends = np.arange(members * rows + 1, dtype=np.int32) * np.int32(2 * coded)
        shape = members * rows, len(self._sums)
        shares = sparse.csr_array((share.ravel(), read.ravel(), ends), shape=shape)
        shares.eliminate_zeros()  # where only whole codes have risen, one row of P is enough
        return (shares @ self._sums).reshape(members, rows, self._sums.shape[1])


def _turns(shift: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Return the weights [M, c, T, 2] that make 2πa (z - s), less whole turns, of z and 1."""
    start = -slope.astype(np.float64) * shift
    turns = 2 * math.pi * np.stack([slope, start - start.round()], axis=-1)
    return turns.astype(slope.dtype)


def _heights(shift: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pieces on which the risen codes [r] of a column's members are straight.

    Each has a place where it begins, how many codes have risen there [r], and how fast they rise.
    The first and the last, where none and all have risen, have no end.
    """
    rises = slope > 0
    begins = shift[rises]
    ends = np.nextafter(begins + 1 / slope[rises], np.inf)  # where also the steepest has risen
    place = np.unique(np.concatenate([begins, ends, [0.0]]))
    height = ((place[:, None, None] - shift) * slope).clip(0, 1).sum(axis=-1)
    rise = np.diff(height, axis=0) / np.diff(place)[:, None]
    still = np.zeros_like(height[:1])
    return (
        np.concatenate([place[:1], place]),
        np.concatenate([height[:1], height]),
        np.concatenate([still, rise, still]),
    )


def _matrix(numbers: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return the first of some numbers as a matrix."""
    return numbers[: rows * columns].reshape(rows, columns)
