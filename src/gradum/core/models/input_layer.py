"""The frozen first layer of every model: it turns raw units into the model's inputs.

Shapes: n rows, d dense columns in raw units, c integer-coded columns.
Code 0 of a coded column means "none of the known levels" and becomes all zeros.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from types import ModuleType
from typing import Any, Literal, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from scipy import sparse

from gradum.core.bounds.arrangement import Concatenated, Selected
from gradum.core.bounds.graph import INPUT, Draft, Graph
from gradum.core.bounds.linear import Sum
from gradum.core.bounds.rescaled import Standardised
from gradum.core.bounds.s_shaped import SMOOTH_CLIP, SmoothClip
from gradum.core.models.coded_places import places_of
from gradum.core.models.input_blocks import GridShape
from gradum.messages import say

RawBlocks = Mapping[str, Any]
"""Some rows of a table as blocks of numbers by name: ``dense``, ``codes``, ``sparse``."""

Style = Literal["robust", "standard"]
Treatment = Literal["sign", "one_hot", "sparse_one_hot", "embedding"]

LEAST_SPREAD = 1 / 3
LEAST_SCALE = 1e-200  # a column that varies less is constant: float32's largest is beyond reach
ROWS_AT_ONCE = 16_384  # in a copy that is made to be measured or expanded
NUMBERS_AT_ONCE = 131_072  # of columns that are measured together: each alone costs a third of a ms


class RawColumns(Protocol):
    """What the raw columns of each block are, in order.

    Dense and sparse columns have a ``name``, coded ones ``levels``; all have a ``source``, the
    table's column that they were made from.
    """

    @property
    def dense(self) -> Sequence[Any]: ...  # noqa: D102

    @property
    def codes(self) -> Sequence[Any]: ...  # noqa: D102

    @property
    def sparse(self) -> Sequence[Any]: ...  # noqa: D102

    @property
    def grids(self) -> Sequence[Any]: ...  # noqa: D102


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["centre", "scale", "spread"],
    meta_fields=["clip", "levels", "treatments", "grids", "ngrams"],
)
@dataclass(frozen=True)
class InputLayer:
    """Centre, scale and clip the dense columns; expand the coded ones.

    A dense value x becomes z = (x - centre) / scale. With ``clip``, it is replaced by z / sqrt(1 +
    (z/3)^2), which is about z near 0 and never leaves (-3, 3) (RealMLP, NeurIPS 2024), divided by
    ``spread``, so that columns of any distribution reach the network about equally large. A coded
    column with L levels becomes

    - ``sign``: one column, -1 for its first level and +1 for its second (L = 2);
    - ``one_hot``: L columns of 0 and 1, in the dense block;
    - ``sparse_one_hot``: the same in the sparse block, for many levels;
    - ``embedding``: an index into one table that all embedded columns share, in which each column
      has L + 1 consecutive rows, the first for unknown levels.
    """

    centre: np.ndarray
    scale: np.ndarray
    """Of shape (d,). In raw units; ``scale`` is 1 for a constant column."""
    spread: np.ndarray
    """Of shape (d,). Standard deviation of the clipped training values, at least 1/3, so that a
    column that hardly varies is not enlarged much; 1 without clipping."""
    clip: bool
    """Whether the scaled dense columns are clipped smoothly."""
    levels: tuple[int, ...]
    """L of each coded column."""
    treatments: tuple[Treatment, ...]
    """What each coded column becomes."""
    grids: tuple[GridShape, ...] = ()
    """Height, width and channels of each column of grids that it lets through; none for a model
    that does not look at grids."""
    ngrams: tuple[int, ...] | None = None
    """Which columns of the text block it lets through; all if not given."""

    @classmethod
    def fit(
        cls,
        dense: np.ndarray,
        levels: tuple[int, ...],
        treatments: tuple[Treatment, ...],
        *,
        style: Style,
    ) -> InputLayer:
        """Measure centre and scale on training rows (n, d).

        ``robust``: see `robust`; ``standard``: mean and standard deviation, not clipped.
        """
        if style == "robust":
            return cls.robust(dense.T, levels, treatments)
        centre, scale = _standard(dense)
        return cls(centre, _usable(scale), np.ones(len(scale)), False, levels, treatments)

    @classmethod
    def robust(
        cls,
        columns: Iterable[np.ndarray],
        levels: tuple[int, ...],
        treatments: tuple[Treatment, ...],
    ) -> InputLayer:
        """Measure columns (n,) of training rows, a few at a time; the layer clips.

        The scale is the interquartile range, or half the full range if that is 0; the centre is the
        median.
        """
        measured = [np.empty((3, 0)), *(_robust(np.stack(some)) for some in _together(columns))]
        centre, scale, spread = np.concatenate(measured, axis=1)
        return cls(centre, scale, spread, True, levels, treatments)

    def __call__(self, raw: RawBlocks, *, dtype: type = np.float32) -> dict[str, Any]:
        """Expand n rows: ``dense`` (n, d), ``codes`` (n, c) and, if any, text, ``sparse`` (n, v).

        Returns
        -------
        dict
            A network's inputs: ``dense`` and, if there are such columns, ``sparse`` and ``codes``,
            indices into one embedding table.
        """
        scaled, codes, places = (
            self._scaled(raw["dense"], np),
            raw["codes"],
            places_of(self.levels, self.treatments),
        )
        if places.width:
            d = len(self.centre)
            dense = np.zeros((len(scaled), d + places.width), dtype)
            dense[:, :d] = scaled
            places.fill(dense[:, d:], codes)
        else:
            dense = np.ascontiguousarray(scaled, dtype)
        inputs: dict[str, Any] = {"dense": dense}
        if len(places.embedded):
            inputs["codes"] = (codes[:, places.embedded] + places.offsets).astype(np.int32)
        if self.grids:
            inputs["grids"] = raw["grids"]
        wide = self.sparse_columns(raw, dtype=dtype)
        return inputs if wide is None else inputs | {"sparse": wide}

    def narrow_columns(self, raw: RawBlocks, *, dtype: type = np.float32) -> dict[str, Any]:
        """Return the same without the sparse columns, for any arrays that NumPy computes with."""
        return self._expanded(raw, dtype, np)

    @property
    def sparse_levels(self) -> tuple[tuple[int, int], ...]:
        """The coded columns that become sparse ones, each by its place and its levels."""
        coded = enumerate(self._coded)
        return tuple((k, count) for k, (count, kind) in coded if kind == "sparse_one_hot")

    def expand(
        self, stretches: Iterable[RawBlocks], rows: int, *, dtype: type = np.float32
    ) -> dict[str, Any]:
        """Expand n rows that come in stretches; only the result is held as a whole."""
        whole: dict[str, np.ndarray] = {}
        wide, start = [], 0
        for raw in stretches:
            inputs = self(raw, dtype=dtype)
            if "sparse" in inputs:
                wide.append(inputs.pop("sparse"))
            for name, values in inputs.items():
                if name not in whole:
                    whole[name] = np.empty((rows, values.shape[1]), values.dtype)
                whole[name][start : start + len(values)] = values
            start += len(raw["dense"])
        if not wide:
            return whole
        return {**whole, "sparse": sparse.csr_array(sparse.vstack(wide, format="csr"))}

    def apply(self, raw: RawBlocks, *, dtype: type = np.float32) -> dict[str, Any]:
        """Return the same in JAX, except for the sparse columns; compile it with 64 bits."""
        return self._expanded(raw, dtype, jnp)

    def sparse_columns(
        self, raw: RawBlocks, *, dtype: type = np.float32
    ) -> sparse.csr_array | None:
        """Return only the sparse columns, the text block last; None if there are none."""
        wide: list[Any] = [
            _sparse_one_hot(raw["codes"][:, column], count, dtype)
            for column, count in self.sparse_levels
        ]
        if "sparse" in raw:
            wide.append(self.chosen_ngrams(raw["sparse"]).astype(dtype))
        return sparse.csr_array(sparse.hstack(wide, format="csr")) if wide else None

    def chosen_ngrams(self, text: Any) -> Any:
        """Return the columns of a text block (n, v) that the layer lets through."""
        return text if self.ngrams is None else text[:, list(self.ngrams)]

    def _expanded(self, raw: RawBlocks, dtype: type, xp: ModuleType) -> dict[str, Any]:
        """Return the dense columns and the places in the embedding, in NumPy or in JAX."""
        narrow, embedded = [self._scaled(raw["dense"], xp).astype(dtype, copy=False)], []
        codes = raw["codes"]
        offset = 0
        for column, (count, treatment) in enumerate(self._coded):
            code = codes[:, column]
            match treatment:
                case "sign":
                    narrow.append(((code == 2).astype(dtype) - (code == 1))[:, None])
                case "one_hot":
                    known = xp.arange(1, count + 1, dtype=np.int32)
                    narrow.append((code[:, None] == known).astype(dtype))
                case "embedding":
                    embedded.append(code + offset)
                    offset += count + 1
        inputs = {"dense": xp.concatenate(narrow, axis=1) if len(narrow) > 1 else narrow[0]}
        if embedded:
            inputs["codes"] = xp.stack(embedded, axis=1).astype(np.int32)
        return inputs

    def _scaled(self, dense: Any, xp: ModuleType) -> Any:
        """Compute in the columns' own dtype, float32 if they are no longer in raw units."""
        if xp is np and self._leaves_as_given:
            return dense
        centre, scale, spread = (
            array.astype(dense.dtype, copy=False)
            for array in (self.centre, self.scale, self.spread)
        )
        scaled = dense - centre
        scaled /= scale
        if self.clip:
            scaled /= _clipping(scaled, xp) * spread
        return scaled

    def scale_in_place(self, dense: np.ndarray) -> None:
        """Centre and scale dense columns (n, d) in place; for a layer that does not clip."""
        assert not self.clip
        if not self._leaves_as_given:
            dense -= self.centre
            dense /= self.scale

    @property
    def _leaves_as_given(self) -> bool:
        return not self.clip and not self.centre.any() and bool((self.scale == 1.0).all())

    def graph(self, text: int = 0) -> Graph:
        """Return it as a graph, for bounds.

        Its inputs are the dense columns in raw units; then for each coded column 1 + L numbers, one
        for unknown levels and one for each level, of which one is 1 and the others are 0; then
        ``text`` columns of text. Its outputs are the dense and the sparse block, then the rows of
        the embedding, each column's in the order of its inputs.
        """
        dense, starts = len(self.centre), [len(self.centre)]
        for count in self.levels:
            starts.append(starts[-1] + 1 + count)
        draft = Draft(starts[-1] + text)
        scaled = draft.add(Selected(np.arange(dense)), INPUT)
        scaled = draft.add(Standardised(self.centre, self.scale), scaled)
        if self.clip:
            scaled = draft.add(SmoothClip(), scaled)
            scaled = draft.add(Standardised(np.zeros(dense), self.spread), scaled)
        treated = list(zip(starts, self.levels, self.treatments, strict=False))
        signed = [start for start, _, treatment in treated if treatment == "sign"]
        second, first = (draft.add(Selected(np.array(signed, np.intp) + k), INPUT) for k in (2, 1))
        signs = draft.add(Sum((1.0, -1.0)), second, first)
        everything = draft.add(Concatenated(), scaled, signs, INPUT)
        behind = dense + len(signed)
        narrow, wide, embedded, at = list(range(dense)), [], [], dense
        for start, count, treatment in treated:
            levels = range(behind + start + 1, behind + start + 1 + count)
            match treatment:
                case "sign":
                    narrow.append(at)
                    at += 1
                case "one_hot":
                    narrow += levels
                case "sparse_one_hot":
                    wide += levels
                case "embedding":
                    embedded += [behind + start, *levels]
        words = [behind + starts[-1] + place for place in self._places_of_ngrams(text)]
        draft.add(Selected(np.array([*narrow, *wide, *words, *embedded], np.intp)), everything)
        return draft.graph()

    @property
    def embedded_levels(self) -> tuple[int, ...]:
        """How many rows of the embedding each embedded column has."""
        return tuple(count + 1 for count, kind in self._coded if kind == "embedding")

    def place(self, column: int, raw: np.ndarray) -> np.ndarray:
        """Return where raw values of a dense column lie after scaling and clipping."""
        scaled = (raw - self.centre[column]) / self.scale[column]
        return scaled / (_clipping(scaled, np) * self.spread[column]) if self.clip else scaled

    def raw(self, column: int, place: np.ndarray) -> np.ndarray:
        """Return the raw values of a dense column that lie at these places.

        A value is infinite where clipping hides its size.
        """
        scaled = place
        if self.clip:  # z = s / √(1 + (s/3)²) where s = z / √(1 − (z/3)²)
            clipped = place * self.spread[column]
            left = np.maximum(1.0 - np.square(clipped / SMOOTH_CLIP), 0.0)
            with np.errstate(divide="ignore"):
                scaled = clipped / np.sqrt(left)
        return self.centre[column] + self.scale[column] * scaled

    def in_units(self, centre: np.ndarray, scale: np.ndarray) -> InputLayer:
        """Return the layer that does to (x - centre) / scale what this one does to x."""
        return replace(self, centre=(self.centre - centre) / scale, scale=self.scale / scale)

    @property
    def _coded(self) -> zip[tuple[int, Treatment]]:
        return zip(self.levels, self.treatments, strict=True)

    def largest(self, dense: np.ndarray) -> np.ndarray:
        """Return the largest size of each column of the dense block, given raw sizes (d,).

        It is infinite where scaling overflows, even if clipping would make it finite.
        """
        scaled = (dense + np.abs(self.centre)) / self.scale
        if self.clip:
            scaled = np.where(np.isfinite(scaled), np.minimum(scaled, SMOOTH_CLIP), scaled)
            scaled = scaled / self.spread
        levels = sum(
            1 if treatment == "sign" else count
            for count, treatment in self._coded
            if treatment in ("sign", "one_hot")
        )
        return np.concatenate([scaled, np.ones(levels)])

    @property
    def embedding_rows(self) -> int:
        """Rows of the shared embedding table."""
        return sum(self.embedded_levels)

    @property
    def embedded_columns(self) -> int:
        """Number of coded columns that are embedded."""
        return self.treatments.count("embedding")

    def width(self, dense: int, text: int) -> int:
        """Columns of the dense and sparse blocks, given so many dense and text columns."""
        per_level = {"sign": 0, "one_hot": 1, "sparse_one_hot": 1, "embedding": 0}
        coded = sum(
            count * per_level[treatment] + (treatment == "sign") for count, treatment in self._coded
        )
        return dense + coded + len(self._places_of_ngrams(text))

    def _places_of_ngrams(self, text: int) -> Sequence[int]:
        return range(text) if self.ngrams is None else self.ngrams

    def columns(self, layout: RawColumns) -> tuple[list[str], list[str]]:
        """Name the columns of the dense block, then of the sparse block, and their sources."""
        pairs = [pair for block in self._named(layout) for pair in block]
        return [name for name, _ in pairs], [source for _, source in pairs]

    def places(self, layout: RawColumns) -> dict[str, dict[str, np.ndarray]]:
        """Return, by source, where in each block of inputs the numbers made of it stand."""
        dense, sparse = ([source for _, source in block] for block in self._named(layout))
        blocks = {"dense": dense, "sparse": sparse, "codes": self.embedded(layout)}
        if self.grids:
            blocks["grids"] = [column.source for column in layout.grids]
        places: dict[str, dict[str, list[int]]] = {}
        for name, sources in blocks.items():
            for place, source in enumerate(sources):
                places.setdefault(source, {block: [] for block in blocks})[name].append(place)
        return {
            source: {name: np.array(within, np.intp) for name, within in by_block.items()}
            for source, by_block in places.items()
        }

    def embedded(self, layout: RawColumns) -> list[str]:
        """Name the sources of the embedded columns, in the order of the embedding."""
        treated = zip(layout.codes, self.treatments, strict=True)
        return [column.source for column, treatment in treated if treatment == "embedding"]

    def _named(self, layout: RawColumns) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Return name and source of every column of the dense block, and of the sparse block."""
        narrow = [(column.name, column.source) for column in layout.dense]
        wide: list[tuple[str, str]] = []
        for column, treatment in zip(layout.codes, self.treatments, strict=True):
            source, levels = column.source, column.levels
            expanded = [(f"{source}={level}", source) for level in levels]
            match treatment:
                case "sign":
                    narrow.append(
                        (
                            say(
                                "{column}={level} (against {other})",
                                column=source,
                                level=levels[1],
                                other=levels[0],
                            ),
                            source,
                        )
                    )
                case "one_hot":
                    narrow.extend(expanded)
                case "sparse_one_hot":
                    wide.extend(expanded)
                case "embedding":
                    pass
        text = [layout.sparse[place] for place in self._places_of_ngrams(len(layout.sparse))]
        return narrow, [*wide, *((column.name, column.source) for column in text)]


def _together(columns: Iterable[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """Group columns of one length, few enough to be copied."""
    columns = iter(columns)
    for first in columns:
        more = NUMBERS_AT_ONCE // max(len(first), 1)
        yield [first, *islice(columns, max(more - 1, 0))]


def _robust(columns: np.ndarray) -> np.ndarray:
    """Return centres and scales of columns (k, n), and deviations of their clipped values, (3, k).

    The deviation is the standard one.
    """
    if not columns.shape[1]:
        return np.repeat([[0.0], [1.0], [1.0]], len(columns), axis=1)
    low, centre, high = np.quantile(columns, [0.25, 0.5, 0.75], axis=1)
    half = (columns.max(axis=1) - columns.min(axis=1)) / 2
    scale = _usable(np.where(high > low, high - low, half))
    scaled = (columns - centre[:, None]) / scale[:, None]
    scaled /= _clipping(scaled, np)
    return np.array([centre, scale, np.maximum(scaled.std(axis=1), LEAST_SPREAD)])


def _clipping(scaled: Any, xp: ModuleType) -> Any:
    """Return the divisors that clip scaled values smoothly."""
    return xp.sqrt(1.0 + xp.square(scaled / SMOOTH_CLIP))


def _usable(scale: Any) -> Any:
    """Return the scales, with 1 in place of any that cannot be a divisor."""
    return np.where((scale > LEAST_SCALE) & np.isfinite(scale), scale, 1.0)


def _standard(dense: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of columns (n, d), copying a few rows at a time."""
    if not len(dense):
        return np.zeros(dense.shape[1]), np.ones(dense.shape[1])
    mean, squares = dense.mean(axis=0), np.zeros(dense.shape[1])
    for start in range(0, len(dense), ROWS_AT_ONCE):
        squares += np.square(dense[start : start + ROWS_AT_ONCE] - mean).sum(axis=0)
    return mean, np.sqrt(squares / len(dense))


def _sparse_one_hot(code: np.ndarray, count: int, dtype: type) -> sparse.csr_array:
    known = code > 0
    starts = np.concatenate([[0], np.cumsum(known)])
    values = np.ones(int(starts[-1]), dtype=dtype)
    return sparse.csr_array((values, code[known] - 1, starts), shape=(len(code), count))
