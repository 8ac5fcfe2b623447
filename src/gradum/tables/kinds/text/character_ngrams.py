"""N-grams of characters, which spellings, codes and scripts without spaces have in common.

They are runs of 2 to 5 characters of a lower-cased text with a blank before and behind it. A run
may begin and end with a blank, which tells the ends of words, but has none inside: what passes from
one word to the next is left to pairs of words. All are found at once: the beginnings of the n-grams
form a tree, which every place of every text walks down, a character at a time.

Source: Cavnar and Trenkle, "N-gram-based text categorization" (SDAIR 1994).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from gradum.tables.kinds.text.weighted_ngrams import WeightedNgrams

SHORTEST, LONGEST = 2, 5
FEWEST_TEXTS = 3
MOST_READ = 4_000_000  # characters of training texts, among which n-grams are chosen
MOST_READ_OF_ONE = 10_000
AT_ONCE = 2_000_000  # characters that walk down the tree together
NONE = -1  # no place in the tree, or no letter of it


@dataclass(frozen=True)
class _Letters:
    """Texts, one after the other, as code points: uint32 (c,), and the text of each (c,)."""

    points: np.ndarray
    text: np.ndarray

    @classmethod
    def of(cls, texts: pl.Series) -> _Letters:
        padded = (" " + texts.fill_null("").str.to_lowercase() + " ").str.replace_all("\0", " ")
        points = np.frombuffer("\0".join(padded).encode("utf-32-le"), np.uint32)
        return cls(points, np.cumsum(points == 0))


def chosen(texts: pl.Series, most: int) -> WeightedNgrams:
    """Choose the most frequent n-grams of texts (n,), none missing.

    Of many texts, evenly spaced ones are read; of a long one, its beginning.
    """
    texts = texts.str.slice(0, MOST_READ_OF_ONE)
    length = int(texts.str.len_chars().sum() or 0)
    texts = texts.gather_every(max(1, -(-length // MOST_READ)))
    letters = _Letters.of(texts)
    counted = pl.concat([_schema().lazy(), *_levels(letters)])
    return WeightedNgrams.most_frequent(counted, len(texts), most)


def _schema() -> pl.DataFrame:
    return pl.DataFrame(schema={"ngram": pl.String, "texts": pl.Int64})


def _levels(letters: _Letters) -> Iterator[pl.LazyFrame]:
    """Yield (ngram, texts) of each length; only what begins with a frequent n-gram is frequent."""
    points, text = letters.points, letters.text
    alphabet, letter = np.unique(points, return_inverse=True)
    blank = np.array([chr(point).isspace() for point in alphabet], bool)[letter]
    starts, node = np.flatnonzero(points), letter
    for length in range(2, LONGEST + 1):
        starts = starts[starts + length <= len(points)]
        starts = starts[(node[starts] != NONE) & (points[starts + length - 1] != 0)]
        if length > SHORTEST:
            starts = starts[~blank[starts + length - 2]]
        keys = node[starts] * len(alphabet) + letter[starts + length - 1]
        order = np.argsort(keys, kind="stable")
        keys, starts = keys[order], starts[order]
        fresh = np.diff(keys, prepend=NONE) != 0
        ngram = np.cumsum(fresh) - 1
        # Places are in the order of the texts, so that each text's stand together.
        once = fresh | (np.diff(text[starts], prepend=NONE) != 0)
        frequency = np.bincount(ngram[once])
        kept = frequency >= FEWEST_TEXTS
        node = np.full(len(points), NONE)
        node[starts] = np.where(kept[ngram], ngram, NONE)
        if length >= SHORTEST:
            firsts = starts[fresh][kept]
            spelled = points[firsts[:, None] + np.arange(length)]
            yield pl.LazyFrame({"ngram": _spelled(spelled), "texts": frequency[kept]})


def _spelled(points: np.ndarray) -> list[str]:
    """Return strings of equal length, given their code points (k, length)."""
    count, length = points.shape
    whole = np.ascontiguousarray(points, np.uint32).tobytes().decode("utf-32-le")
    return [whole[at : at + length] for at in range(0, count * length, length)]


class Finder:
    """Finds the n-grams of a vocabulary in texts.

    Parameters
    ----------
    ngrams : sequence of str
    """

    def __init__(self, ngrams: Sequence[str]) -> None:
        self._alphabet = np.array(sorted({ord(letter) for letter in "".join(ngrams)}), np.uint32)
        self._levels: list[tuple[np.ndarray, np.ndarray]] = []  # keys, and places of n-grams
        place = {ngram: place for place, ngram in enumerate(ngrams)}
        above = {"": 0}
        for length in range(1, LONGEST + 1):
            begun = sorted({ngram[:length] for ngram in ngrams if len(ngram) >= length})
            last = self._letters(np.array([ord(one[-1]) for one in begun], np.uint32))
            nodes = np.array([above[one[:-1]] for one in begun], np.int64)
            # As strings are sorted by code point, so are their keys.
            self._levels.append(
                (
                    nodes * len(self._alphabet) + last,
                    np.array([place.get(one, NONE) for one in begun], np.int64),
                )
            )
            above = {one: node for node, one in enumerate(begun)}

    def __call__(self, texts: pl.Series) -> tuple[np.ndarray, np.ndarray]:
        """Return the row and the n-gram of every occurrence in texts (n,), null where missing."""
        ends = texts.str.len_chars().fill_null(0).cum_sum().to_numpy() // AT_ONCE
        cuts = [0, *(np.flatnonzero(np.diff(ends)) + 1).tolist(), len(texts)]
        found = [
            (rows + begin, places)
            for begin, end in itertools.pairwise(cuts)
            for rows, places in self._found(_Letters.of(texts[begin:end]))
        ]
        rows, places = zip(*found, strict=True)
        return np.concatenate(rows), np.concatenate(places)

    def _found(self, letters: _Letters) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        letter = self._letters(letters.points)
        starts = np.arange(len(letter))
        nodes = np.zeros(len(letter), np.int64)
        for length, (keys, places) in enumerate(self._levels, 1):
            inside = starts + length <= len(letter)
            starts, nodes = starts[inside], nodes[inside]
            last = letter[starts + length - 1]
            wanted = nodes * len(self._alphabet) + last
            nodes = np.searchsorted(keys, wanted)
            known = (last != NONE) & _hits(keys, nodes, wanted)
            starts, nodes = starts[known], nodes[known]
            place = places[nodes]
            named = place != NONE
            yield letters.text[starts[named]], place[named]

    def _letters(self, points: np.ndarray) -> np.ndarray:
        """Return the place of code points in the alphabet."""
        places = np.searchsorted(self._alphabet, points)
        return np.where(_hits(self._alphabet, places, points), places, NONE)


def _hits(ordered: np.ndarray, places: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return whether a number stands where `numpy.searchsorted` would put it."""
    if not len(ordered):
        return np.zeros(len(wanted), bool)
    return ordered.take(places, mode="clip") == wanted
