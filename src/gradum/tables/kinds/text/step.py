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

from gradum.tables.kinds.design import Feature
from gradum.tables.kinds.step import MissingMeasure, Step, missing_expression, missing_feature
from gradum.tables.kinds.text import character_ngrams
from gradum.tables.kinds.text.weighted_ngrams import WeightedNgrams
from gradum.tables.unspaced import LETTER_OF_PYTHON, are_unspaced, spaced_out

APOSTROPHES = "['’]"
WORD = rf"\w+(?:{APOSTROPHES}\w+)*"
"""A word: letters, digits and underscores of any script, with apostrophes inside."""

FEWEST_TEXTS_WORD = 2
FEWEST_TEXTS_PAIR = 3
MOST_NGRAMS = 10_000  # of words
CHARACTERS_TO_WORDS = 2  # so many times as many n-grams of characters, of which a word has several
MOST_NGRAMS_IN_ALL = 20_000  # of words, over all columns of text
LONGEST_SHORT = 500  # characters, in the mean, of texts whose characters are looked at
LONGEST_DIVIDED = 20_000  # characters of a text that is explained word by word
PIECE = 16_384  # texts whose words are listed at a time


class Text(Step, frozen=True, tag="text"):
    """Sublinear tf-idf of lower-cased words and pairs of neighbouring words, and of characters.

    See `WeightedNgrams` for the weights: those of words and those of characters each have norm 1.
    A missing text has no words. The dense column is log(1 + number of words).
    """

    ngrams: tuple[str, ...]
    """The vocabulary, sorted: the most frequent words and pairs of the training texts."""
    frequencies: tuple[int, ...]
    """f of each n-gram."""
    texts: int
    """N, the training texts that are not missing."""
    lengths_vary: bool
    """Whether training texts differ in their number of words."""
    missing: bool
    """Whether training rows have missing values: if so, an indicator column is added."""
    letters: bool = False
    """Whether each letter of a script without spaces counts as a word, so that the n-grams are its
    letters and pairs of letters, beside the words of other scripts."""
    characters: WeightedNgrams | None = None
    """The n-grams of characters, if training texts are short: the shorter a text, the likelier that
    none of its words has been seen before, but parts of them."""

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        _ = self.words

    @classmethod
    def fit(cls, series: pl.Series, *, most_ngrams: int = MOST_NGRAMS) -> Text:
        """Choose the vocabulary from a String series of training rows."""
        own = series.cast(pl.String).drop_nulls()
        missing, letters = len(own) < len(series), are_unspaced(own)
        texts = spaced_out(own) if letters else own
        fewest = pl.when(pl.col("pair")).then(FEWEST_TEXTS_PAIR).otherwise(FEWEST_TEXTS_WORD)
        pieces = [_counts(texts.slice(at, PIECE)) for at in range(0, max(len(texts), 1), PIECE)]
        counted = (
            pl.concat(pieces)
            .lazy()
            .group_by("ngram", "pair")
            .agg(pl.col("texts").sum())
            .filter(pl.col("texts") >= fewest)
        )
        words = WeightedNgrams.most_frequent(counted, len(texts), most_ngrams)
        lengths = texts.str.count_matches(WORD)
        return cls(
            series.name,
            ngrams=words.ngrams,
            frequencies=words.frequencies,
            texts=len(texts),
            lengths_vary=lengths.n_unique() > 1,
            missing=missing,
            letters=letters,
            characters=_characters(own, CHARACTERS_TO_WORDS * most_ngrams),
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
        """Name the n-grams, words in single quotes, characters in double ones."""
        return self._ngram_features

    def sparse_block(self, series: pl.Series) -> sparse.csr_array:
        """Weigh the n-grams of each row: of words, then of characters."""
        texts = series.cast(pl.String)
        position = pl.col("ngram").cast(self._ngram_type, strict=False).to_physical()
        cells = (
            _occurrences(spaced_out(texts) if self.letters else texts)
            .select("row", position.alias("position"))
            .drop_nulls()
            .collect()
        )
        found = cells["row"].to_numpy(), cells["position"].to_numpy()
        words = self.words.block(*found, len(series))
        if self.characters is None:
            return words
        characters = self.characters.block(*self._finder(texts), len(series))
        return sparse.csr_array(sparse.hstack([words, characters], format="csr"))

    @property
    def is_divisible(self) -> bool:
        """Whether the model sees anything of a text."""
        return bool(self.ngrams) or self.characters is not None or self.lengths_vary

    def divided(self, own: pl.Series, others: pl.Series) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the words of a text, each with what follows it (1, w, 1), and as many empty ones.

        A text is held against itself without some of its words, and never against another one:
        the words of other texts have no places in it. None of a text without words, or a long one.
        """
        (text,) = own
        starts = [found.start() for found in re.finditer(self._part, text)]
        if len(starts) < 2 and self.characters is not None:
            starts = list(range(len(text)))
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
    def _part(self) -> str:
        r"""A word in the terms of Python, whose `\w` is that of polars for nearly every letter.

        Where characters count, so are marks and signs: a run of them is a part of a text too.
        """
        letter = LETTER_OF_PYTHON
        word = rf"{letter}|(?:(?!{letter})\w)+" if self.letters else WORD
        return word if self.characters is None else rf"{word}|[^\w\s]+"

    def dense_numbers(self, words: Any, gone: Any) -> list[Any]:
        """Return the length, then the indicator, of numbers of words [n, 1], in NumPy's terms."""
        length = [np.log1p(words.astype(np.float64))] if self.lengths_vary else []
        return [*length, gone.astype(np.float64)] if self._marked else length

    @cached_property
    def words(self) -> WeightedNgrams:
        """The n-grams of words."""
        return WeightedNgrams(self.ngrams, self.frequencies, self.texts)

    # Made once: there are thousands, and a single row is encoded in less time.

    @cached_property
    def _ngram_features(self) -> tuple[Feature, ...]:
        characters = () if self.characters is None else self.characters.ngrams
        return (
            *(Feature(f"{self.source} '{one}'", self.source, "words") for one in self.ngrams),
            *(Feature(f'{self.source} "{one}"', self.source, "characters") for one in characters),
        )

    @cached_property
    def _ngram_type(self) -> pl.Enum:
        return pl.Enum(self.ngrams)

    @cached_property
    def _finder(self) -> character_ngrams.Finder:
        assert self.characters is not None
        return character_ngrams.Finder(self.characters.ngrams)

    @property
    def _marked(self) -> bool:
        return self.missing and self.texts > 0


def _characters(texts: pl.Series, most: int) -> WeightedNgrams | None:
    """Choose n-grams of characters; None of long texts, which have words enough to go by."""
    if float(texts.str.len_chars().mean() or 0.0) > LONGEST_SHORT:  # type: ignore[arg-type]
        return None
    found = character_ngrams.chosen(texts, most)
    return found if found.ngrams else None


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
