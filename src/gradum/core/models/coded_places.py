"""The places of coded columns among the numbers that enter a model: signs, levels, embeddings."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np


class CodedPlaces(NamedTuple):
    """Where coded columns go: each sort by its columns, and the numbers that say their places.

    Signs and levels stand behind the dense columns, ``width`` in all. A column's level l is at
    ``starts`` + l among them, or in the embedding at ``offsets`` + l.
    """

    width: int
    signs: np.ndarray
    at: np.ndarray
    hot: np.ndarray
    starts: np.ndarray
    embedded: np.ndarray
    offsets: np.ndarray

    def fill(self, behind: np.ndarray, codes: np.ndarray) -> None:
        """Write the signs and the ones of codes (n, c) into zeros (n, width)."""
        if len(self.signs):
            signed = codes[:, self.signs]
            behind[:, self.at] = np.subtract(signed == 2, signed == 1, dtype=np.int8)
        if len(self.hot):
            levels = codes[:, self.hot]
            rows, columns = levels.nonzero()
            behind[rows, levels[rows, columns] + self.starts[columns]] = 1


@lru_cache  # of the layers in use: a single row would take half its time for this
def places_of(levels: tuple[int, ...], treatments: tuple[str, ...]) -> CodedPlaces:
    """Return the places for coded columns of so many levels, each treated in one way."""
    signs, hot, embedded, width, rows = [], [], [], 0, 0
    for column, (count, treatment) in enumerate(zip(levels, treatments, strict=True)):
        match treatment:
            case "sign":
                signs.append((column, width))
                width += 1
            case "one_hot":
                hot.append((column, width - 1))
                width += count
            case "embedding":
                embedded.append((column, rows))
                rows += count + 1
    return CodedPlaces(width, *_columns(signs), *_columns(hot), *_columns(embedded))


def _columns(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    columns, places = np.array(pairs, np.intp).reshape(-1, 2).T
    return columns, places
