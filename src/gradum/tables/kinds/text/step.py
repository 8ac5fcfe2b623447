"""A text column: tf-idf weights of a capped vocabulary of words and word pairs, and its length.

In scripts without spaces between words, such as Chinese, letters take the place of words.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from gradum.messages import say
from gradum.tables.kinds.design import Feature
from gradum.tables.kinds.step import MissingMeasure, Step, missing_expression, missing_feature
from gradum.tables.unspaced import LETTER_OF_PYTHON, are_unspaced, spaced_out

APOSTROPHES = "['’]"
WORD = rf"\w+(?:{APOSTROPHES}\w+)*"
"""A word: letters, digits and underscores of any script, with apostrophes inside."""

FEWEST_TEXTS_WORD = 2
FEWEST_TEXTS_PAIR = 3
MOST_NGRAMS = 1_000
MOST_NGRAMS_IN_ALL = 2_000  # over all columns of text
LONGEST_DIVIDED = 20_000  # characters of a text that is explained word by word
PIECE = 16_384  # texts whose words are listed at a time


class Text(Step, frozen=True, tag="text"):
    """Sublinear tf-idf of lower-cased words and pairs of neighbouring words.

    An n-gram that occurs t > 0 times in a text weighs (1 + ln t) · (ln((1 + N) / (1 + f)) + 1),
    where f of the N training texts contain it; each row is then divided by its Euclidean norm.
    (Salton and Buckley 1988, as scikit-learn's TfidfVectorizer with sublinear_tf computes it.)
    A missing text has no words. The dense column is log(1 + number of words).

    Parameters
    ----------
    source : str
        The table's column.
    ngrams : tuple of str
        The vocabulary, sorted: the most frequent words and pairs of the training texts.
    frequencies : tuple of int
        f of each n-gram.
    texts : int
        N, the training texts that are not missing.
    lengths_vary : bool
        Whether training texts differ in their number of words.
    missing : bool
        Whether training rows have missing values: if so, an indicator column is added.
    letters : bool
        Whether each letter of a script without spaces counts as a word, so that the n-grams are
        its letters and pairs of letters, beside the words of other scripts.
    """

    ngrams: tuple[str, ...]
    frequencies: tuple[int, ...]
    texts: int
    lengths_vary: bool
    missing: bool
    letters: bool = False

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        if len(self.ngrams) != len(self.frequencies):
            raise ValueError(
                say("the n-grams of column {source!r} lack their frequencies", source=self.source)
            )
        if len(set(self.ngrams)) < len(self.ngrams):
            raise ValueError(
                say("the n-grams of column {source!r} repeat a name", source=self.source)
            )
        if self.texts < 0 or any(not 0 < frequency <= self.texts for frequency in self.frequencies):
            raise ValueError(
                say(
                    "the frequencies of column {source!r} are not counts of texts",
                    source=self.source,
                )
            )

    @classmethod
    def fit(cls, series: pl.Series, *, most_ngrams: int = MOST_NGRAMS) -> Text:
        """Choose the vocabulary from a String series of training rows."""
        texts = series.cast(pl.String).drop_nulls()
        missing, letters = len(texts) < len(series), are_unspaced(texts)
        texts = spaced_out(texts) if letters else texts
        fewest = pl.when(pl.col("pair")).then(FEWEST_TEXTS_PAIR).otherwise(FEWEST_TEXTS_WORD)
        pieces = [_counts(texts.slice(at, PIECE)) for at in range(0, max(len(texts), 1), PIECE)]
        vocabulary = (
            pl.concat(pieces)
            .lazy()
            .group_by("ngram", "pair")
            .agg(pl.col("texts").sum())
            .filter(pl.col("texts") >= fewest)
            .sort("texts", "ngram", descending=[True, False])
            .head(most_ngrams)
            .sort("ngram")
            .collect()
        )
        lengths = texts.str.count_matches(WORD)
        return cls(
            series.name,
            ngrams=tuple(vocabulary["ngram"]),
            frequencies=tuple(vocabulary["texts"]),
            texts=len(texts),
            lengths_vary=lengths.n_unique() > 1,
            missing=missing,
            letters=letters,
        )

    @classmethod
    def fit_among(cls, series: pl.Series, alike: int) -> Text:
        """Choose the vocabulary when several texts share `MOST_NGRAMS_IN_ALL`."""
        return cls.fit(series, most_ngrams=min(MOST_NGRAMS, MOST_NGRAMS_IN_ALL // alike))

    def measure(self, most: int) -> MissingMeasure:
        """Count the missing values of all rows, to tell whether there are any."""
        return MissingMeasure(self)

    def dense_features(self) -> tuple[Feature, ...]:
        """Name the length, then the indicator."""
        length = (Feature(f"{self.source} length", self.source, "length"),)
        length = length if self.lengths_vary else ()
        return (*length, missing_feature(self.source)) if self._marked else length

    def dense_expressions(self) -> list[pl.Expr]:
        """Compute the length, then the indicator."""
        expressions = []
        if self.lengths_vary:
            texts = pl.col(self.source).cast(pl.String)
            texts = spaced_out(texts) if self.letters else texts
            words = texts.str.count_matches(WORD)
            expressions.append(words.cast(pl.Float64).log1p().fill_null(0.0))
        if self._marked:
            expressions.append(missing_expression(self.source))
        return expressions

    def sparse_features(self) -> tuple[Feature, ...]:
        """Name the n-grams, quoted."""
        return tuple(Feature(f"{self.source} '{n}'", self.source, "ngram") for n in self.ngrams)

    def sparse_block(self, series: pl.Series) -> sparse.csr_array:
        """Weigh the n-grams of each row."""
        position = pl.col("ngram").cast(pl.Enum(self.ngrams), strict=False).to_physical()
        texts = series.cast(pl.String)
        cells = (
            _occurrences(spaced_out(texts) if self.letters else texts)
            .select("row", position.alias("position"))
            .drop_nulls()
            .collect()
        )
        rows, positions = cells["row"].to_numpy(), cells["position"].to_numpy()
        shape = (len(series), len(self.ngrams))
        counts = sparse.coo_array((np.ones(len(rows)), (rows, positions)), shape=shape).tocsr()
        counts.sort_indices()
        weights = (1 + np.log(counts.data)) * self._idf[counts.indices]
        row_of = np.repeat(np.arange(len(series)), np.diff(counts.indptr))
        norms = np.sqrt(np.bincount(row_of, weights=weights**2, minlength=len(series)))
        data = (weights / norms[row_of]).astype(np.float32)
        return sparse.csr_array((data, counts.indices, counts.indptr), shape=shape)

    @property
    def is_divisible(self) -> bool:
        """Whether the model sees anything of a text."""
        return bool(self.ngrams) or self.lengths_vary

    def divided(self, own: pl.Series, others: pl.Series) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the words of a text, each with what follows it (1, w, 1), and as many empty ones.

        A text is held against itself without some of its words, and never against another one:
        the words of other texts have no places in it. None of a text without words, or a long one.
        """
        (text,) = own
        starts = [found.start() for found in re.finditer(self._word, text)]
        if not starts or len(text) > LONGEST_DIVIDED:
            return None
        ends = [*starts[1:], len(text)]
        words = [text[begin:end] for begin, end in zip([0, *starts[1:]], ends, strict=True)]
        grid = np.array(words)[None, :, None]
        return grid, np.full((1, *grid.shape), "", grid.dtype)

    def lattice(self, side: int) -> tuple[int, int]:
        """Return one line, and how many words, or runs of words, are looked at by themselves."""
        return 1, side * side

    def cells(self, grids: np.ndarray) -> pl.Series:
        """Return the texts of words (n, 1, w, 1)."""
        return pl.Series(self.source, ["".join(grid[0, :, 0]) for grid in grids], pl.String)

    @property
    def _word(self) -> str:
        r"""A word in the terms of Python, whose `\w` is that of polars for nearly every letter."""
        return rf"{LETTER_OF_PYTHON}|{WORD}" if self.letters else WORD

    def weights_of(self, counts: Any) -> Any:
        """Weigh the counts (n, k) of the n-grams of each row, in NumPy's terms."""
        occurs = counts > 0
        weights = (1 + np.log(np.maximum(counts, 1))) * self._idf.astype(np.float32) * occurs
        norms = np.sqrt(np.sum(weights * weights, axis=1, keepdims=True))
        return weights / np.where(norms > 0, norms, 1)

    def dense_numbers(self, words: Any, gone: Any) -> list[Any]:
        """Return the length, then the indicator, of numbers of words [n, 1], in NumPy's terms."""
        length = [np.log1p(words.astype(np.float64))] if self.lengths_vary else []
        return [*length, gone.astype(np.float64)] if self._marked else length

    @cached_property
    def _idf(self) -> np.ndarray:
        return np.log((1 + self.texts) / (1 + np.array(self.frequencies, dtype=float))) + 1

    @property
    def _marked(self) -> bool:
        return self.missing and self.texts > 0


def _counts(texts: pl.Series) -> pl.DataFrame:
    """Count the texts that hold each word and pair, as (ngram, pair, texts)."""
    counted = _occurrences(texts).unique().group_by("ngram", "pair").agg(texts=pl.len())
    return counted.collect()


def _occurrences(texts: pl.Series) -> pl.LazyFrame:
    """List every word and pair as (row, ngram, pair): one line per occurrence."""
    words = (
        pl.LazyFrame({"ngram": texts.str.to_lowercase().str.extract_all(WORD)})
        .with_row_index("row")
        .explode("ngram")
        .drop_nulls()
    )
    followed = pl.col("row") == pl.col("row").shift(-1)
    pairs = words.with_columns(pl.col("ngram") + " " + pl.col("ngram").shift(-1)).filter(followed)
    return pl.concat(
        [words.with_columns(pair=pl.lit(False)), pairs.with_columns(pair=pl.lit(True))]
    )
