"""A pack laid out for speed: for few rows in NumPy, and for many in a compiled program.

For one row, most time goes into moving weights to the processor, and most weights belong to codes;
for a thousand rows, most time goes into products. But codes that rise one after the other need no
products: what a column adds is read from two rows of P, as `pack_codes` says. For many rows, only
the columns themselves, embedded numbers, waves and ramps that overlap need products.

Shapes: n rows, M members, of which the first r have codes that rise in turn; d columns, c of them
coded, T codes per coded column, e embedded numbers, k outputs; h = units of the first layer, plus
the k outputs of the wide part in the layout for few rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from scipy import sparse

from gradum.core.models.input_blocks import Inputs
from gradum.core.models.pack_codes import codes_of, first_in_turn, risen

if TYPE_CHECKING:
    from gradum.core.models.pack_network import PackNetwork
    from gradum.core.models.parameters import Params

NUMBERS_AT_ONCE = 2**20
"""How many numbers of codes and first layers a block of rows has in all: 4 MiB of float32.

This many stay in cache, and the allocator keeps their memory. It would return a larger amount to
the system after each block, and the next block would have to fault it in again.
"""


class PackRows:
    """A pack, laid out for few rows.

    It holds a second copy of the pack, with P in place of the weights of codes that rise in turn.

    Parameters
    ----------
    network : PackNetwork
    params : Params
    """

    def __init__(self, network: PackNetwork, params: Params) -> None:
        params, self._rising = first_in_turn(params)
        first, *others = params["layers"]
        weight = np.concatenate([first["weight"], params["wide"]], axis=2)
        layers = [{name: first[name] for name in ("bias", "leak")}, *others]
        self._network, self._params = network, {**params, "layers": layers}
        self._coded = np.array(network.coded, np.intp)
        columns, coded, width = network.inputs, len(network.coded), weight.shape[2]
        self._shape = network.members, width
        numbers = network.members * (coded * network.codes + width)
        # A power of two, which makes products faster.
        self._step = 1 << (max(NUMBERS_AT_ONCE // numbers, 1).bit_length() - 1)
        places = np.cumsum([columns, coded * network.codes])
        dense, codes, embedded = np.split(weight, places, axis=1)
        by_column = dense.swapaxes(0, 1).reshape(columns, network.members * width)
        self._dense = np.ascontiguousarray(by_column)
        self._embedded = np.ascontiguousarray(embedded)
        self._codes = np.ascontiguousarray(codes[self._rising :])
        rising = codes[: self._rising].reshape(self._rising, coded, network.codes, width)
        self._risen = risen(rising).reshape(-1, width)
        starts = np.arange(self._rising * coded).reshape(self._rising, 1, coded)
        self._starts = starts * (network.codes + 2)

    def __call__(self, inputs: Inputs) -> np.ndarray:
        """Return the logits [n, k]."""
        rows = len(inputs["dense"])
        if rows <= self._step:
            return self._logits(inputs)
        blocks = [
            self._logits({name: values[at : at + self._step] for name, values in inputs.items()})
            for at in range(0, rows, self._step)
        ]
        return np.concatenate(blocks)

    def _logits(self, inputs: Inputs) -> np.ndarray:
        network, params = self._network, self._params
        dense, places = network.flat(params, inputs)
        first = self._of_dense(dense)
        if network.coded:
            self._add_codes(first, dense)
        if places is not None:
            vectors = params["embedding"][:, places[0]]
            first += vectors.reshape(*first.shape[:2], self._embedded.shape[1]) @ self._embedded
        units, layers = network.hidden[0], params["layers"]
        z, wide = first[..., :units] + layers[0]["bias"][:, None], first[..., units:]
        logits = network.after_first(params, z, wide, np) + layers[-1]["bias"][:, None]
        return network.mean(params, logits, np)

    def _of_dense(self, dense: np.ndarray) -> np.ndarray:
        """Return what the columns [n, d] add to the first layer [M, n, h]."""
        weight = self._dense
        if len(dense) == 1:  # levels that the one row does not have add 0
            present = np.flatnonzero(dense[0])
            if 2 * len(present) < len(weight):
                dense, weight = dense.take(present, axis=1), weight.take(present, axis=0)
        return (dense @ weight).reshape(-1, *self._shape).swapaxes(0, 1)

    def _add_codes(self, first: np.ndarray, dense: np.ndarray) -> None:
        """Add what the codes of rows [n, d] add to the first layer [M, n, h]."""
        rising, params = self._rising, self._params
        columns = dense.T[self._coded][:, None]  # [c, 1, n]
        if rising:
            place = _places(columns, params["shift"][:rising], params["slope"][:rising])
            height = place.clip(0, 1, out=place).sum(axis=2)
            first[:rising] += self._read(height.swapaxes(1, 2))
        if rising < len(first):
            place = _places(columns, params["shift"][rising:], params["slope"][rising:])
            codes = codes_of(params["wave"][rising:], place, np)
            codes = codes.reshape(*self._codes.shape[:2], len(dense)).swapaxes(1, 2)
            first[rising:] += codes @ self._codes

    def _read(self, height: np.ndarray) -> np.ndarray:
        """Return what columns add [r, n, h], given how many [r, n, c] of their codes have risen."""
        whole = height.astype(np.intp)
        share = np.empty((*height.shape, 2), height.dtype)
        np.subtract(height, whole, out=share[..., 1])
        np.subtract(1, share[..., 1], out=share[..., 0])
        read = np.empty(share.shape, np.intp)
        np.add(whole, self._starts, out=read[..., 0])
        np.add(read[..., 0], 1, out=read[..., 1])
        members, rows, columns = height.shape
        if rows == 1:
            lines = self._risen[read.reshape(members, -1)]
            return share.reshape(members, 1, -1) @ lines
        ends = np.arange(members * rows + 1) * (2 * columns)
        shape = members * rows, len(self._risen)
        shares = sparse.csr_array((share.ravel(), read.ravel(), ends), shape=shape)
        shares.eliminate_zeros()  # where only whole codes have risen, one row of P is enough
        return (shares @ self._risen).reshape(members, rows, self._shape[1])


def _places(columns: np.ndarray, shift: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Return a (z - s) for columns [c, 1, n], by member and code, [·, c, T, n]."""
    place = columns - shift[..., None]
    place *= slope[..., None]
    return place


class PackBulk(msgspec.Struct, frozen=True):
    """A pack in float32 whose first members have codes that rise in turn.

    Its parameters are those of the pack, with the weights of the first layer and of the wide part
    each split into ``dense`` [d, M h], ``risen`` [c, r (T + 2), h], ``codes`` [M - r, c T, h] and
    ``embedded`` [M, e, h].

    Parameters
    ----------
    network : PackNetwork
    rising : int
        r.
    """

    network: PackNetwork
    rising: int

    @classmethod
    def of(cls, network: PackNetwork, params: Params) -> tuple[PackBulk, Params]:
        """Lay out a pack and its parameters."""
        params, rising = first_in_turn(params)
        bulk = cls(network, rising)
        first, *others = params["layers"]
        first = first | {"weight": bulk._cut(first["weight"])}
        return bulk, params | {"layers": [first, *others], "wide": bulk._cut(params["wide"])}

    @property
    def outputs(self) -> int:
        """Logits per row, k."""
        return self.network.outputs

    def apply(self, params: Params, inputs: Inputs) -> Any:
        """Return the logits [n, k] in JAX."""
        network, rising = self.network, self.rising
        dense = network.with_pairs(inputs["dense"], jnp)
        column = dense[:, np.array(network.coded, np.intp), None]
        place = (column - params["shift"][:, None]) * params["slope"][:, None]  # [M, n, c, T]
        heights = jnp.clip(place[:rising], 0, 1).sum(axis=-1)
        codes = codes_of(params["wave"][rising:], place[rising:], jnp)
        codes = codes.reshape(*codes.shape[:2], len(network.coded) * network.codes)
        vectors = None
        if network.embedding:
            vectors = params["embedding"][:, inputs["codes"]]
            vectors = vectors.reshape(*vectors.shape[:2], -1)

        def sums(weight: dict[str, Any]) -> Any:
            """Return the sum of everything that a row adds, [M, n, h]."""
            of_dense = dense @ weight["dense"]
            of_dense = of_dense.reshape(len(dense), network.members, -1).swapaxes(0, 1)
            in_turn = _looked_up(of_dense[:rising], weight["risen"], heights)
            total = jnp.concatenate([in_turn, of_dense[rising:] + codes @ weight["codes"]])
            return total if vectors is None else total + vectors @ weight["embedded"]

        first, *_, last = params["layers"]
        z = sums(first["weight"]) + first["bias"][:, None]
        logits = network.after_first(params, z, sums(params["wide"]), jnp)
        return network.mean(params, logits + last["bias"][:, None], jnp)

    def _cut(self, weight: np.ndarray) -> dict[str, np.ndarray]:
        """Split the weights [M, D, h] by the kind of number they belong to."""
        network, rising = self.network, self.rising
        members, coded, height = network.members, len(network.coded), weight.shape[2]
        places = np.cumsum([network.inputs, coded * network.codes])
        dense, codes, embedded = np.split(weight, places, axis=1)
        table = risen(codes[:rising].reshape(rising, coded, network.codes, height))
        return {
            "dense": dense.swapaxes(0, 1).reshape(network.inputs, members * height),
            "risen": table.swapaxes(0, 1).reshape(coded, rising * (network.codes + 2), height),
            "codes": codes[rising:],
            "embedded": embedded,
        }


def _looked_up(start: Any, table: Any, heights: Any) -> Any:
    """Add to [r, n, h] each column's codes, given how many [r, n, c] of them have risen."""
    rising = len(heights)
    whole = heights.astype(np.int32)
    share = heights - whole
    member = jnp.arange(rising, dtype=np.int32)[:, None, None]
    at = whole + member * (table.shape[1] // max(rising, 1))

    def add(total: Any, column: tuple[Any, Any, Any]) -> tuple[Any, None]:
        rows, at, share = column
        below, above = (rows.at[place].get(mode="clip") for place in (at, at + 1))
        return total + (1 - share) * below + share * above, None

    columns = table, jnp.moveaxis(at, 2, 0), jnp.moveaxis(share, 2, 0)[..., None]
    return jax.lax.scan(add, start, columns)[0]
