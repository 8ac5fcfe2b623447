"""The weights of judged rows where new rows are the question."""

from __future__ import annotations

import numpy as np

from gradum.study.watch.answered import Answered, Learner
from gradum.study.watch.cross_fitting import CrossFitted

FLATTENING = 0.5
MOST_LOG_RATIO = 6.0


def likeness(
    judged: Answered, new: Answered, learn: Learner, rng: np.random.Generator
) -> np.ndarray:
    """Weigh judged rows (m,) by how like the new ones they are; their sum is the effective number.

    A classifier that tells new rows from judged ones, cross-fitted, gives the ratio of their
    densities: r = e^s m/n at its log-odds s. A row counts w r^½, where w is its own weight. The
    root is between no correction, of least variance, and r, of least bias (H. Shimodaira,
    Improving predictive inference under covariate shift by weighting the log-likelihood function,
    Journal of Statistical Planning and Inference 90, 2000); it did best on tables that no published
    figure rests on. The weights sum to (Σ w)² / Σ w², the number of equal ones that say as much.
    """
    values = np.concatenate([judged.values, new.values])
    is_new = np.repeat([0.0, 1.0], [len(judged), len(new)])
    weight = np.concatenate([judged.weight, new.weight])
    log_odds = CrossFitted.by(learn, values, is_new, weight, values[:0], rng)
    log_ratio = np.clip(log_odds.out_of_fold[: len(judged)], -MOST_LOG_RATIO, MOST_LOG_RATIO)
    return effective(judged.weight * np.exp(FLATTENING * log_ratio))


def effective(weight: np.ndarray) -> np.ndarray:
    """Bring weights to the sum (Σ w)² / Σ w²."""
    return weight * weight.sum() / (weight**2).sum()
