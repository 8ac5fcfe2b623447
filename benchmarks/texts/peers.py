"""TF-IDF with logistic regression as its users tune it: by cross-validated grid search."""

from __future__ import annotations

import warnings
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
        for block, c in wrong:
            x, new = (sparse.hstack([parts[name][i] for name in block], "csr") for i in (0, 1))
            found = np.asarray(_fit(x, labels[train], c).predict(new))
            wrong[block, c] += int(np.sum(found != labels[held]))
    block, c = min(wrong, key=lambda choice: wrong[choice])
    parts = _weighted(learned, asked)
    x, new = (sparse.hstack([parts[name][i] for name in block], "csr") for i in (0, 1))
    return np.asarray(_fit(x, labels, c).predict(new)), f"{' and '.join(block)}, C = {c:g}"


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


def _fit(x: Any, y: np.ndarray, c: float) -> LogisticRegression:
    solver = "liblinear" if len(np.unique(y)) == 2 else "lbfgs"
    return LogisticRegression(C=c, solver=solver, max_iter=200).fit(x, y)
