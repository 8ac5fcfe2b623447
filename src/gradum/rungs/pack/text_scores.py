"""Scores of texts: a linear model of the words, fitted on rows other than the one scored.

The strongest directions of text are those in which texts differ most; the words that tell the
target apart are lost among them. A penalised linear model of all words finds these words. But a
member given the model's scores of rows that the model has learned from would trust them far too
much. So the score of a row comes from a fit without the row's fold (D. H. Wolpert, "Stacked
generalization", Neural Networks 5, 1992):

    score of a row in fold f = x W_f / c,    score of a new text = x (1/F Σ_f W_f) / c,

where W_f is fitted on the rows that fold f does not hold out, and c is the spread of the x W_f over
the rows. Both scores are products of x alone: a pack takes the second as columns of its projection.
Intercepts are left out, because the network can find a column's level itself.

There are two such models of the words, and two of the runs of characters, if there are any: a
penalty that suits one kind spoils the other. In the first of two, the penalty is alike for all
words; in the second, it is the smaller the more the target differs where a word occurs: the columns
are x r, with

    rⱼ = |Σᵢ xᵢⱼ (tᵢ − t̄)| / (Σᵢ xᵢⱼ + ½),

over the rows that the fit learns from; of several classes, t are their indicators and r is a norm.
This is what weighing words by the ratio of their counts in two classes is for two of them (Wang and
Manning, "Baselines and bigrams", ACL 2012). Each model is right where the other errs, so that both
together tell more than the better one.

The leak that remains is that of all stacking: members without fold f learn from scores whose fits
know the targets of f, though never together with those scores; on f they are judged by scores whose
fit does not know these targets.

Shapes: n rows, v words, k outputs of each of the two models, s views, F fits.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradum.rungs.context import Context
from gradum.rungs.folding import Walk
from gradum.rungs.pack.goal import Goal
from gradum.rungs.penalty_path.path import COMPARED, choose_penalty
from gradum.solvers.convex import descend
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.newton import Newton

STRENGTHS = (30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03)
PARTS = 4  # in which rows that no fold holds out are scored
NEGLIGIBLE = 1e-3  # scores with a smaller spread say nothing and are not divided by it
HALF = 0.5  # a text, by which the effect of a rare word is shrunk
SHARE_OF_TIME = 0.25  # of a time limit, after which the pack does without scores

Scale = Callable[[Any, Goal, np.ndarray], np.ndarray]
"""From the texts (m, v) of rows to learn from, the goal and these rows, to factors (v,)."""


@dataclass(frozen=True)
class TextScores:
    """The scores of texts, in units of their spread over the rows learned from.

    Parameters
    ----------
    weight : ndarray of shape (v, 2sk)
        The weights that score a new text: the mean of all fits.
    of_rows : ndarray of shape (n, 2sk)
        The scores of the rows learned from, each by a fit that has not seen the row.
    """

    weight: np.ndarray
    of_rows: np.ndarray


def text_scores(
    text: Any,
    views: Sequence[np.ndarray],
    goal: Goal,
    walks: Sequence[Walk],
    rng: np.random.Generator,
    context: Context,
    strengths: Sequence[float] = STRENGTHS,
) -> TextScores | None:
    """Fit the linear models of text without each fold.

    The penalty alpha = strength / rows learned from has the same strength for all fits. It is
    chosen by the last fold, which in time has the most rows before it. The fits share nothing else,
    not even a starting point: a fit that is not solved to the last digit would remember where it
    started.

    Parameters
    ----------
    text : csr_array of shape (n, v), or None
    views : sequence of ndarray of int
        The places of the words that each pair of models sees.
    goal : Goal
        Its linear loss is learned; for quantiles this is one line for all, k = 1.
    walks : sequence of pairs
        Positions of the rows learned from, and of those held out.
    rng : Generator
        Divides the rows that no fold holds out into parts.
    context : Context
    strengths : sequence of float
        Strengths of the penalty, falling.

    Returns
    -------
    TextScores or None
        None without text, or if the context said to stop.
    """
    if text is None:
        return None
    used = [*walks, *_within_the_others(walks, len(goal.target), rng)]
    found = []
    for view, scale in itertools.product(views, (_alike, _effects)):
        if context.over():
            return None
        seen = text[:, view]
        weight, of_rows = _scored(seen, goal, walks[-1], used, scale, context, strengths)
        mean = np.zeros((text.shape[1], weight.shape[1]))
        mean[view] = weight
        found.append((mean, of_rows))
    mean, of_rows = (np.concatenate(parts, axis=1) for parts in zip(*found, strict=True))
    if context.over() or not (np.isfinite(mean).all() and np.isfinite(of_rows).all()):
        return None
    spread = of_rows.std(axis=0)
    spread = np.where(spread > NEGLIGIBLE, spread, 1.0)
    return TextScores((mean / spread).astype(np.float32), (of_rows / spread).astype(np.float32))


def _scored(
    text: Any,
    goal: Goal,
    choosing: Walk,
    used: Sequence[Walk],
    scale: Scale,
    context: Context,
    strengths: Sequence[float],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights (v, k) of one model for new texts, and the scores (n, k) of the rows."""
    loss, outputs = goal.linear

    def scaled(learned: np.ndarray) -> tuple[np.ndarray, LinearModel]:
        factor = scale(text[learned], goal, learned)
        columns = text.multiply(factor).tocsr()
        model = LinearModel.of(columns, goal.target, loss, outputs=outputs, weight=goal.weight)
        return factor, model

    _, model = scaled(choosing[0])
    path = context.solve(choose_penalty(model, [choosing], strengths, hear=context.ask))
    strength, fits = path.best * len(model), []
    of_rows = np.zeros((len(model), outputs))
    solver = Newton(tol=COMPARED, bounds_gap=False)
    for learned, held in used:
        factor, model = scaled(learned)
        steps = descend(model.take(learned), solver, l2=strength / len(learned))
        weight = context.solve(steps).params["layers"][0]["weight"]
        fits.append(factor[:, None] * weight)
        of_rows[held] = text[held] @ fits[-1]
    # In time, and where one part is held out, fits differ in how many rows they know.
    return np.average(fits, axis=0, weights=[len(learned) for learned, _ in used]), of_rows


def _alike(text: Any, goal: Goal, rows: np.ndarray) -> np.ndarray:
    return np.ones(text.shape[1])


def _effects(text: Any, goal: Goal, rows: np.ndarray) -> np.ndarray:
    """Return r (v,), in units of its root mean square."""
    weight = goal.weight[rows] / goal.weight[rows].mean()
    target = goal.indicators(rows)
    away = weight[:, None] * (target - np.average(target, axis=0, weights=weight))
    effect = np.abs(text.T @ away) / (text.T @ weight + HALF)[:, None]
    size = np.sqrt((effect**2).sum(axis=1))
    typical = np.sqrt(np.mean(size**2))
    return size / typical if typical > 0 else np.ones(len(size))


def _within_the_others(walks: Sequence[Walk], rows: int, rng: np.random.Generator) -> list[Walk]:
    """Divide the rows that no walk holds out into parts, each scored by a fit on the other parts.

    There are no parts if the folds cover all rows. A single row has no others: its score stays 0.
    """
    never = np.ones(rows, bool)
    for _, held in walks:
        never[held] = False
    left = rng.permutation(np.flatnonzero(never))
    if len(left) < 2:
        return []
    parts = np.array_split(left, min(PARTS, len(left)))
    return [(np.setdiff1d(left, part), np.sort(part)) for part in parts]
