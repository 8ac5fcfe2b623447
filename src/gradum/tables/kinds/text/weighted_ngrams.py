"""A vocabulary of n-grams, words or characters alike, and the tf-idf weights of their counts."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import polars as pl
from scipy import sparse

from gradum.messages import say


class WeightedNgrams(msgspec.Struct, frozen=True, dict=True):
    """Sublinear tf-idf of n-grams.

    An n-gram that occurs t > 0 times in a text weighs (1 + ln t) · (ln((1 + N) / (1 + f)) + 1),
    where f of N training texts contain it; each row is then divided by its Euclidean norm.
    (Salton and Buckley 1988, as scikit-learn's TfidfVectorizer with sublinear_tf computes it.)
    """

    ngrams: tuple[str, ...]
    """The vocabulary, sorted."""
    frequencies: tuple[int, ...]
    """f of each n-gram."""
    texts: int
    """N."""

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        if len(self.ngrams) != len(self.frequencies):
            raise ValueError(say("n-grams lack their frequencies"))
        if len(set(self.ngrams)) < len(self.ngrams):
            raise ValueError(say("n-grams repeat a name"))
        if self.texts < 0 or any(not 0 < frequency <= self.texts for frequency in self.frequencies):
            raise ValueError(say("frequencies of n-grams are not counts of texts"))

    @classmethod
    def most_frequent(cls, counted: pl.LazyFrame, texts: int, most: int) -> WeightedNgrams:
        """Choose the vocabulary among (ngram, texts), the number of texts that contain each."""
        frequent = (
            counted.sort("texts", "ngram", descending=[True, False])
            .head(most)
            .sort("ngram")
            .collect()
        )
        return cls(tuple(frequent["ngram"]), tuple(frequent["texts"]), texts)

    def block(self, rows: np.ndarray, places: np.ndarray, length: int) -> sparse.csr_array:
        """Return the weights (length, k), given the row and the n-gram of every occurrence."""
        shape = (length, len(self.ngrams))
        counts = sparse.coo_array((np.ones(len(rows)), (rows, places)), shape=shape).tocsr()
        counts.sort_indices()
        weights = (1 + np.log(counts.data)) * self._idf[counts.indices]
        row_of = np.repeat(np.arange(length), np.diff(counts.indptr))
        norms = np.sqrt(np.bincount(row_of, weights=weights**2, minlength=length))
        data = (weights / norms[row_of]).astype(np.float32)
        return sparse.csr_array((data, counts.indices, counts.indptr), shape=shape)

    def weights_of(self, counts: Any) -> Any:
        """Weigh the counts (n, k) of the n-grams of each row, in NumPy's terms."""
        occurs = counts > 0
        weights = (1 + np.log(np.maximum(counts, 1))) * self._idf.astype(np.float32) * occurs
        norms = np.sqrt(np.sum(weights * weights, axis=1, keepdims=True))
        return weights / np.where(norms > 0, norms, 1)

    @cached_property
    def _idf(self) -> np.ndarray:
        return np.log((1 + self.texts) / (1 + np.array(self.frequencies, dtype=float))) + 1
