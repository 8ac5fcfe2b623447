"""The judged rows' scores as files hold them: named arrays beside the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import numpy as np

from gradum.messages import say
from gradum.run.conformal.guarantee import Guarantee, JudgedScores, Terms

PREFIX = "guarantee/"
RUNG = f"{PREFIX}score/"
DIVIDING = tuple(field.name for field in fields(JudgedScores) if field.name != "by_rung")


def score_arrays(guarantee: Guarantee | None) -> dict[str, np.ndarray]:
    """Name every array of a guarantee: ``guarantee/score/mlp``, ``guarantee/fold`` …."""
    if guarantee is None:
        return {}
    scores = guarantee.scores
    arrays = {f"{RUNG}{rung}": score for rung, score in scores.by_rung.items()}
    dividing = {f"{PREFIX}{name}": getattr(scores, name) for name in DIVIDING}
    return arrays | {name: array for name, array in dividing.items() if array is not None}


def restored_guarantee(terms: Terms | None, arrays: Mapping[str, np.ndarray]) -> Guarantee | None:
    """Return the guarantee of its terms and the arrays of `score_arrays`.

    Raises
    ------
    ValueError
        An array is absent, is another's, or has another form; said as a clause.
    """
    by_rung = {name.removeprefix(RUNG): a for name, a in arrays.items() if name.startswith(RUNG)}
    dividing = {
        name.removeprefix(PREFIX): array
        for name, array in arrays.items()
        if not name.startswith(RUNG)
    }
    if terms is None and not arrays:
        return None
    if terms is None or "fold" not in dividing or not dividing.keys() <= set(DIVIDING):
        raise ValueError(say("the scores of judged rows are not those of its guarantee"))
    forms = {name: (np.float64 if name == "weight" else np.int32) for name in dividing}
    typed = all(array.dtype == forms[name] for name, array in dividing.items())
    numbers = all(score.dtype == np.float64 for score in by_rung.values())
    shapes = {array.shape for array in arrays.values()}
    if not typed or not numbers or shapes != {(len(dividing["fold"]),)}:
        raise ValueError(say("the scores of judged rows have another form than a row each"))
    return Guarantee(terms, JudgedScores(by_rung, **dividing))
