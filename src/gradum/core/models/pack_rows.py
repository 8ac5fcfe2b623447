"""A pack laid out for speed: for few rows in NumPy, and for many in a compiled program.

For one row, most time goes into moving weights to the processor, and most weights belong to codes;
for many rows, most time goes into products. But codes that rise one after the other need no
products: what a column adds is read from two rows of P, as `pack_codes` says. For many rows, only
the columns themselves, embedded numbers, waves and ramps that overlap need products.

Shapes: n rows, M members, of which the first r have codes that rise in turn; d columns, c of them
coded, T codes per coded column, e embedded numbers, k outputs; h = units of the first layer, plus
the k outputs of the wide part in the layout for few rows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import msgspec
import numpy as np

from gradum.core.models.few_rows import are_few, product
from gradum.core.models.input_blocks import Inputs
from gradum.core.models.pack_blocks import PackBlocks
from gradum.core.models.pack_codes import codes_of, first_in_turn, risen, rows_of_risen

if TYPE_CHECKING:
    from gradum.core.models.pack_network import PackNetwork
    from gradum.core.models.parameters import Params


class PackRows:
    """A pack, laid out for few rows; more rows go through `PackBlocks`.

    It holds a second copy of the pack, with P in place of the weights of codes that rise in turn.
    """

    def __init__(self, network: PackNetwork, params: Params) -> None:
        self._given = params
        params, self._rising = first_in_turn(params)
        first, *others = params["layers"]
        weight = np.concatenate([first["weight"], params["wide"]], axis=2)
        layers = [{name: first[name] for name in ("bias", "leak")}, *others]
        self._network, self._params = network, {**params, "layers": layers}
        # With an axis for each row by itself, between members and units.
        self._apart = jax.tree.map(lambda array: array[:, None], {"layers": layers})
        self._coded = np.array(network.coded, np.intp)
        columns, coded, width = network.inputs, len(network.coded), weight.shape[2]
        self._shape = network.members, width
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
        """Return the logits [n, k]; each of a few rows has the bits that it has alone."""
        if not are_few(len(inputs["dense"])):
            return self._blocks(inputs)
        network, params = self._network, self._params
        dense, places = network.flat(params, inputs)
        first = self._columns(dense)
        if network.coded:
            self._add_codes(first, dense)
        if places is not None:
            vectors = params["embedding"][:, places[0]]
            vectors = vectors.reshape(*first.shape[:2], self._embedded.shape[1])
            first += product(vectors, self._embedded)
        units, layers = network.hidden[0], params["layers"]
        z, wide = first[..., :units] + layers[0]["bias"][:, None], first[..., units:]
        logits = network.after_first(self._apart, z[:, :, None], wide[:, :, None], np)[:, :, 0]
        logits += layers[-1]["bias"][:, None]
        return network.mean(params, _innermost(logits, 0), np)

    def _columns(self, dense: np.ndarray) -> np.ndarray:
        """Return what the columns [n, d] add to the first layer [M, n, h]."""
        sums = []
        for row in dense[:, None]:  # levels that a row does not have add 0
            present, weight = np.flatnonzero(row), self._dense
            if 2 * len(present) < len(weight):
                row, weight = row.take(present, axis=1), weight.take(present, axis=0)
            sums.append(row @ weight)
        together = np.concatenate(sums) if len(sums) > 1 else sums[0]
        return together.reshape(-1, *self._shape).swapaxes(0, 1)

    def _add_codes(self, first: np.ndarray, dense: np.ndarray) -> None:
        """Add what the codes of rows [n, d] add to the first layer [M, n, h]."""
        rising, params = self._rising, self._params
        columns = dense.T[self._coded][:, None]  # [c, 1, n]
        if rising:
            place = _places(columns, params["shift"][:rising], params["slope"][:rising])
            place.clip(0, 1, out=place)
            height = _innermost(place, 2).sum(axis=2).swapaxes(1, 2)
            first[:rising] += self._read(height)
        if rising < len(first):
            place = _places(columns, params["shift"][rising:], params["slope"][rising:])
            codes = codes_of(params["wave"][rising:], place, np)
            codes = codes.reshape(*self._codes.shape[:2], len(dense)).swapaxes(1, 2)
            first[rising:] += product(np.ascontiguousarray(codes), self._codes)

    def _read(self, height: np.ndarray) -> np.ndarray:
        """Return what columns add [r, n, h], given how many [r, n, c] of their codes have risen."""
        share, read = rows_of_risen(height, self._starts)
        members, rows, _ = height.shape
        lines = self._risen[read.reshape(members, rows, -1)]
        return (share.reshape(members, rows, 1, -1) @ lines)[:, :, 0]

    @cached_property
    def _blocks(self) -> PackBlocks:
        """The layout for more rows."""
        return PackBlocks(self._network, self._given)


def _innermost(array: np.ndarray, axis: int) -> np.ndarray:
    """Return an array that lies in memory so that each sum along the axis is one of neighbours."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, axis, -1)), -1, axis)


def _places(columns: np.ndarray, shift: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Return a (z - s) for columns [c, 1, n], by member and code, [·, c, T, n]."""
    place = columns - shift[..., None]
    place *= slope[..., None]
    return place


class PackBulk(msgspec.Struct, frozen=True):
    """A pack in float32 that computes one member after the other, whose layers then stay in cache.

    Of its parameters, those of members are in ``in_turn`` (r members, whose codes rise in turn) and
    in ``others``, each with an axis for itself, [·, 1, ...]. The weights of the first layer and of
    the wide part are each split into ``dense`` [·, 1, d, h], ``embedded`` [·, 1, e, h], and
    ``codes``: [·, 1, c T, h], or P [·, 1, c, T + 2, h] where they rise in turn.
    """

    network: PackNetwork

    @classmethod
    def of(cls, network: PackNetwork, params: Params) -> tuple[PackBulk, Params]:
        """Lay out a pack and its parameters."""
        params, rising = first_in_turn(params)
        together = {name: params[name] for name in ("share", "sharpness")}
        apart = {
            name: each for name, each in params.items() if name not in (*together, "projection")
        }
        members = jax.tree.map(lambda array: array[:, None], apart)
        bulk, (first, *later) = cls(network), members["layers"]
        members["layers"] = [first | {"weight": bulk._cut(first["weight"])}, *later]
        members["wide"] = bulk._cut(members["wide"])
        in_turn = jax.tree.map(lambda array: array[:rising], members)
        others = jax.tree.map(lambda array: array[rising:], members)
        for weight in in_turn["layers"][0]["weight"], in_turn["wide"]:
            shape = rising, len(network.coded), network.codes, weight["codes"].shape[-1]
            weight["codes"] = risen(weight["codes"].reshape(shape))[:, None]
        return bulk, together | {"in_turn": in_turn, "others": others}

    @property
    def outputs(self) -> int:
        """Logits per row, k."""
        return self.network.outputs

    def apply(self, params: Params, inputs: Inputs) -> Any:
        """Return the logits [n, k] in JAX."""
        inputs = {**inputs, "dense": self.network.with_pairs(inputs["dense"], jnp)}
        ways = (params["in_turn"], self._in_turn), (params["others"], self._others)
        logits = [
            jax.lax.map(partial(self._logits, inputs, first), members)
            for members, first in ways
            if len(members["wave"])
        ]
        return self.network.mean(params, jnp.concatenate(logits)[:, 0], jnp)

    def _logits(self, inputs: Inputs, add_codes: Callable[..., Any], member: Params) -> Any:
        """Return the logits [1, n, k] of one member."""
        network, dense = self.network, inputs["dense"]
        first, *_, last = member["layers"]
        weights = first["weight"], member["wide"]
        sums = [dense @ weight["dense"] for weight in weights]
        if network.embedding:
            vectors = member["embedding"][:, inputs["codes"]]
            vectors = vectors.reshape(1, len(dense), -1)
            sums = [
                total + vectors @ weight["embedded"]
                for total, weight in zip(sums, weights, strict=True)
            ]
        column = dense[:, np.array(network.coded, np.intp), None]
        place = (column - member["shift"][:, None]) * member["slope"][:, None]  # [1, n, c, T]
        z, wide = add_codes(sums, [weight["codes"] for weight in weights], place, member["wave"])
        z = z + first["bias"][:, None]
        return network.after_first(member, z, wide, jnp) + last["bias"][:, None]

    def _others(self, sums: Any, weights: Any, place: Any, wave: Any) -> Any:
        """Add what codes add to the sums [1, n, h], by products."""
        codes = codes_of(wave, place, jnp).reshape(*place.shape[:2], -1)
        return [total + codes @ weight for total, weight in zip(sums, weights, strict=True)]

    def _in_turn(self, sums: Any, tables: Any, place: Any, wave: Any) -> Any:
        """Add the same column by column, reading the tables P [1, c, T + 2, h]."""
        heights = jnp.clip(place, 0, 1).sum(axis=-1)  # how many codes [1, n, c] have risen
        whole = heights.astype(np.int32)
        share = heights - whole

        def add(sums: Any, column: Any) -> tuple[Any, None]:
            tables, at, share = column
            ends = [[table.at[k].get(mode="clip") for k in (at, at + 1)] for table in tables]
            return [
                total + (1 - share) * below + share * above
                for total, (below, above) in zip(sums, ends, strict=True)
            ], None

        tables = [table[0] for table in tables]
        columns = tables, jnp.moveaxis(whole, 2, 0), jnp.moveaxis(share, 2, 0)[..., None]
        return jax.lax.scan(add, sums, columns)[0]

    def _cut(self, weight: np.ndarray) -> dict[str, np.ndarray]:
        """Split the weights [..., D, h] by the kind of number they belong to."""
        ends = np.cumsum([self.network.inputs, len(self.network.coded) * self.network.codes])
        dense, codes, embedded = np.split(weight, ends, axis=-2)
        return {"dense": dense, "codes": codes, "embedded": embedded}
