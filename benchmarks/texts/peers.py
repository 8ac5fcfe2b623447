"""TF-IDF with logistic regression as its users tune it: by cross-validated grid search."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from benchmarks.texts.sets import TARGET

FOLDS = 3
STRENGTHS = (1.0, 3.0, 10.0, 30.0)  # C
COMMON = {"sublinear_tf": True, "min_df": 2}
VECTORIZERS = {
    "words": {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
    "characters": {"analyzer": "char_wb", "ngram_range": (2, 5)},
    "few characters": {"analyzer": "char", "ngram_range": (1, 3)},
}
BLOCKS = (
    *((name,) for name in VECTORIZERS),
    ("words", "characters"),
    ("words", "few characters"),
)
"""The n-grams that stand side by side."""


def answers(learned: pl.DataFrame, asked: pl.DataFrame, seed: int) -> tuple[np.ndarray, str]:
    """Return the classes of rows (m,), and which n-grams and C cross-validation chose."""
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    labels = learned[TARGET].to_numpy()
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    wrong = dict.fromkeys([(block, c) for block in BLOCKS for c in STRENGTHS], 0)
    for train, held in folds.split(labels, labels):
        parts = _weighted(learned[train], learned[held])
        for block in BLOCKS:
            x, new = _side_by_side(parts, block)
            for c, found in _along(x, labels[train], new):
                wrong[block, c] += int(np.sum(found != labels[held]))
    block, c = min(wrong, key=lambda choice: wrong[choice])
    x, new = _side_by_side(_weighted(learned, asked), block)
    found = _model(labels).set_params(C=c).fit(x, labels).predict(new)
    return np.asarray(found), f"{' and '.join(block)}, C = {c:g}"


def _along(x: Any, y: np.ndarray, new: Any) -> Iterator[tuple[float, np.ndarray]]:
    """Yield each C and the classes of new rows; each fit begins where the one before it ended."""
    model = _model(y)
    for c in STRENGTHS:
        yield c, np.asarray(model.set_params(C=c).fit(x, y).predict(new))


def _model(y: np.ndarray) -> LogisticRegression:
    solver = "liblinear" if len(np.unique(y)) == 2 else "lbfgs"
    return LogisticRegression(solver=solver, max_iter=200, warm_start=solver == "lbfgs")


def _side_by_side(parts: dict[str, list[sparse.csr_matrix]], block: Sequence[str]) -> list[Any]:
    return [sparse.hstack([parts[name][side] for name in block], "csr") for side in (0, 1)]


def _weighted(learned: pl.DataFrame, asked: pl.DataFrame) -> dict[str, list[sparse.csr_matrix]]:
    """Return the weights of the n-grams of all columns of text, by the name of the vectorizer."""
    found = {}
    for name, how in VECTORIZERS.items():
        sides: list[list] = [[], []]
        for column in learned.columns:
            if column != TARGET:
                vectorizer = TfidfVectorizer(**how, **COMMON)
                sides[0].append(vectorizer.fit_transform(learned[column].fill_null("")))
                sides[1].append(vectorizer.transform(asked[column].fill_null("")))
        found[name] = [sparse.csr_matrix(sparse.hstack(side)) for side in sides]
    return found
