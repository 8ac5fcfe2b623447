"""The inputs of a pack: the rows as its members take them, and which column each number is from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse.linalg import svds

from gradum.core.models.architecture import Embedding
from gradum.core.models.input_blocks import numbers_in
from gradum.core.models.input_layer import InputLayer, Treatment
from gradum.core.models.monotonicity import of_layers
from gradum.core.models.pack_network import PackNetwork, Pair
from gradum.core.models.parameters import Params
from gradum.randomness import stream
from gradum.rungs.pack.directions import of_numbers, of_one_mind
from gradum.rungs.pack.goal import Goal
from gradum.rungs.pack.padding import Padding
from gradum.rungs.pack.pairs import looked_at, pairs_of
from gradum.rungs.pack.spec import PackSpec
from gradum.rungs.pack.text_scores import TextScores
from gradum.rungs.rows import Rows, expanded
from gradum.solvers.threads import one_thread

TEXT_COLUMNS = 64  # to which all text columns together are reduced
BESIDE_SCORES = 16  # of these, where texts have scores, which know what tells the target
NEGLIGIBLE = 1e-3  # directions with a smaller share of the widest direction's spread are dropped
LOOKED_AT = 10_000  # number of rows that tell whether a column has more than two values
FEWEST_CODES = 4


@dataclass(frozen=True)
class PackInputs:
    """n rows, as they are before the members' first layers.

    Parameters
    ----------
    layer : InputLayer
        The frozen first layer: robust scale and smooth clip, one-hot columns for few levels.
    network : PackNetwork
        The pack before any member is left out.
    flat : dict
        The rows as the network takes them, with the pairs added and the text reduced: ``dense`` [n,
        d], and ``codes`` [n, e] if there are any.
    text : dict
        ``projection``, if there is text: its strongest directions, then the scores of its words. In
        ``flat``, the scores of a row come from fits that have not learned from it.
    source : ndarray of shape (D,)
        The number of the column from which each number before the first layer was made.
    directions : list of ndarray
        The directions of all numbers, layer by layer, that keep the pack monotone in some columns;
        empty if it need not be.
    """

    layer: InputLayer
    network: PackNetwork
    flat: dict[str, np.ndarray]
    text: Params
    source: np.ndarray
    directions: list[np.ndarray] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        rows: Rows,
        spec: PackSpec,
        goal: Goal,
        seed: int,
        scores: TextScores | None = None,
    ) -> PackInputs:
        """Encode the rows, and choose the width of the pack by them."""
        layer = _layer(rows, spec)
        raw = expanded(layer, rows)
        dense, words = numbers_in(raw)
        most = BESIDE_SCORES if scores else TEXT_COLUMNS
        text = {} if words is None else {"projection": _projection(words, most, seed)}
        scored = scores.weight.shape[1] if scores else 0
        if scores:
            text["projection"] = np.concatenate([text["projection"], scores.weight], axis=1)
        projected = text["projection"].shape[1] if text else 0
        numeric, width = len(layer.centre), dense.shape[1]
        coded = _coded(dense[:, :numeric])
        codes = codes_each(len(coded), spec)
        pairs = _pairs(dense, numeric, goal, spec.pairs) if codes else ()
        pairs = of_one_mind(pairs, rows.directions)
        coded += tuple(range(width, width + len(pairs)))
        network = PackNetwork(
            members=spec.members,
            inputs=width + len(pairs) + projected,
            outputs=goal.outputs,
            hidden=spec.hidden_layer_sizes,
            coded=coded if codes else (),
            codes=codes,
            link="logit" if goal.of_shares else "identity",
            embedding=Embedding.of(layer, spec.embedding_size),
            projected=projected,
            pairs=pairs,
        )
        flat = network.laid_flat(text, raw)
        if scores:
            numbers_in(flat)[0][:, -scored:] = scores.of_rows
        directions = []
        if rows.monotone:
            numbers = of_numbers(network, rows.directions)
            directions = of_layers(numbers, network.hidden, network.outputs)
        sources = _sources(rows, layer, network, scored)
        return cls(layer, network, flat, text, sources, directions)

    @property
    def of_pairs(self) -> np.ndarray:
        """The places of the pairs and of their codes among the D numbers."""
        network, places = self.network, self.network.pair_places
        coded = [index for index, place in enumerate(network.coded) if place in places]
        codes = [place for index in coded for place in network.code_places(index)]
        return np.array([*places, *codes], np.intp)

    def pair_names(self, rows: Rows) -> list[str]:
        """Return the pairs by the names of their columns, such as ``latitude + longitude``."""
        names, _ = self.layer.columns(rows.design.layout)
        return [
            f"{names[first]} {'+' if sign > 0 else '-'} {names[second]}"
            for first, second, sign in self.network.pairs
        ]

    @cached_property
    def padding(self) -> Padding:
        """What the network is widened by during training."""
        return Padding(self.network)

    def take(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return dense [..., d] and codes [..., e] of rows, given in an array of any shape."""
        codes = self.flat.get("codes")
        dense = np.take(numbers_in(self.flat)[0], rows, axis=0)
        return dense, None if codes is None else np.take(codes, rows, axis=0)

    def padded(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the same in the form in which the padded network takes it."""
        dense, codes = self.take(rows)
        return self.padding.dense(dense), codes


def _layer(rows: Rows, spec: PackSpec) -> InputLayer:
    levels = rows.design.layout.level_counts
    treatments: tuple[Treatment, ...] = tuple(
        "sign" if count == 2 else "one_hot" if count <= spec.one_hot_levels else "embedding"
        for count in levels
    )
    return InputLayer.robust(rows.design.dense_columns(), levels, treatments)


def _coded(dense: np.ndarray) -> tuple[int, ...]:
    """Return the places of the columns [n, d] with more than two values."""
    few = dense[:: -(-len(dense) // LOOKED_AT)]
    return tuple(place for place, column in enumerate(few.T) if len(np.unique(column)) > 2)


def codes_each(columns: int, spec: PackSpec) -> int:
    """Return T, a power of two: as many codes as fit; 0 if columns are too many for a few each."""
    codes = spec.most_codes
    while codes > FEWEST_CODES and codes * columns > spec.all_codes:
        codes //= 2
    return codes if codes * columns <= 2 * spec.all_codes else 0


def _pairs(dense: np.ndarray, numeric: int, goal: Goal, most: int) -> tuple[Pair, ...]:
    """Return the pairs among the first ``numeric`` columns of dense [n, d], which are numbers."""
    rows = looked_at(goal.weight)
    columns, others = np.split(dense[rows].astype(np.float64), [numeric], axis=1)
    with one_thread():  # few rows and terms, however large the table is
        return pairs_of(columns, others, goal.indicators(rows), goal.weight[rows], most=most)


def _projection(text: Any, most: int, seed: int) -> np.ndarray:
    """Return the matrix [v, p] that projects text onto its p strongest directions."""
    size = min(most, *(length - 1 for length in text.shape))
    if size < 1:
        return np.eye(text.shape[1], dtype=np.float32)
    start = stream(seed, "pack", "projection").standard_normal(min(text.shape))
    decomposition: Any = svds(text.astype(np.float64), size, v0=start)
    directions = decomposition[2].T
    spread = np.asarray(text @ directions).std(axis=0)
    # Dividing by almost 0 would blow up the part of an unseen text in such a direction.
    distinct = spread >= NEGLIGIBLE * max(spread.max(), NEGLIGIBLE)
    directions /= np.where(distinct, spread, 1.0)
    return directions[:, distinct if distinct.any() else [-1]].astype(np.float32)


def _sources(rows: Rows, layer: InputLayer, network: PackNetwork, scored: int) -> np.ndarray:
    layout = replace(rows.design.layout, sparse=())
    names, sources = layer.columns(layout)
    numeric = len(layer.centre)
    dense = names[:numeric] + sources[numeric:]  # one-hot columns count as their one source column
    # A pair is left out together with the first of its columns.
    dense += [dense[first] for first, _, _ in network.pairs]
    dense += [f"text {i}" for i in range(network.projected - scored)]
    dense += ["text scores"] * scored  # without one class's score, the others still tell it
    names = [*dense, *(dense[place] for place in network.coded for _ in range(network.codes))]
    if network.embedding:
        embedded = layer.embedded(layout)
        names += [name for name in embedded for _ in range(network.embedding.size)]
    return np.unique(names, return_inverse=True)[1].astype(np.int32)
