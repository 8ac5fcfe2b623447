"""Many rows through a pack: where codes rise in turn, what they add is looked up.

Every row reads two rows of P a column and member (see `pack_in_turn`), column after column. Only
the columns themselves, embedded numbers, waves and ramps that overlap are multiplied out.

Shapes: n rows, M members, of which the first r have codes that rise in turn; d columns, c of them
coded, T codes a coded column, e embedded numbers, k outputs; h, units of the first layer, or k.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import msgspec
import numpy as np

from gradum.core.models.pack_codes import codes_of, first_in_turn, risen

if TYPE_CHECKING:
    from gradum.core.models.network import Inputs
    from gradum.core.models.pack_network import PackNetwork
    from gradum.core.models.parameters import Params


class PackBulk(msgspec.Struct, frozen=True):
    """A pack of float32, of which the first members' codes rise in turn.

    Its parameters are those of the pack, the weights of the first layer and of the wide part each
    cut into ``dense`` [d, M h], ``risen`` [c, r (T + 2), h], ``codes`` [M - r, c T, h] and
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
        """Logits a row, k."""
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
            """Return what all that a row has adds, [M, n, h]."""
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
        """Cut the weights [M, D, h] of what a row has."""
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
    """Add to [r, n, h] what the codes of each column add, of which so many [r, n, c] have risen."""
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
