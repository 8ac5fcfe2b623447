"""The libraries compared with gradum, each given the same network as a function of rows.

This module is imported in their environments. A library's defaults are kept except where stated.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.explanations.network import Problem
from benchmarks.sides import Absent, Figures, Round

SECONDS, ERROR = "CPU s", "error"


def peer(method: str, problem: str, settings: dict[str, Any]) -> Round:
    """Return the round in which a method of a library explains the rows of a problem.

    It has already explained one row, so that everything compiled at first use is compiled.

    Raises
    ------
    Absent
        The library fails to do this.
    """
    explain, read = METHODS[method], Problem.read(problem)
    try:
        explain(replace(read, rows=read.rows[:1]), 0, **settings)
    except ImportError:
        raise
    except Exception as error:  # whatever a library raises is reported in the table
        raise Absent(f"{type(error).__name__}: {error}") from error
    return rounds(read, lambda seed: explain(read, seed, **settings))


def rounds(problem: Problem, explain: Callable[[int], np.ndarray]) -> Round:
    """Return the round that times ``explain``, with a new seed each time."""
    seed = 0

    def one_round() -> Figures:
        nonlocal seed
        seed += 1
        began = time.process_time()
        values = explain(seed)
        return {SECONDS: time.process_time() - began, ERROR: problem.error(values)}

    return one_round


def shap_exact(problem: Problem, seed: int) -> np.ndarray:
    """All coalitions, in the order of a Gray code."""
    import shap

    return shap.explainers.Exact(problem.network, _shap_masker(problem))(
        problem.rows, silent=True
    ).values


def shap_permutation(problem: Problem, seed: int, pairs: int = 10) -> np.ndarray:
    """Orders drawn at random, each with its reverse; ten such pairs are the default."""
    import shap

    evaluations = pairs * (2 * problem.rows.shape[1] + 1)
    explainer = shap.explainers.Permutation(problem.network, _shap_masker(problem), seed=seed)
    return explainer(problem.rows, max_evals=evaluations, silent=True).values


def shap_kernel(
    problem: Problem,
    seed: int,
    nsamples: int | str = "auto",
    l1_reg: bool | str = "num_features(10)",
) -> np.ndarray:
    """KernelSHAP: a weighted regression on coalitions, by default with ten columns chosen."""
    import shap

    np.random.seed(seed)
    explainer = shap.KernelExplainer(problem.network, problem.background)
    return explainer.shap_values(problem.rows, nsamples=nsamples, l1_reg=l1_reg, silent=True)


def _shap_masker(problem: Problem) -> Any:
    import shap

    return shap.maskers.Independent(problem.background, max_samples=len(problem.background))


def lightshap(problem: Problem, seed: int, **settings: Any) -> np.ndarray:
    """Use its permutation or kernel method, exact or until its standard errors are small."""
    from lightshap import explain_any

    explained = explain_any(
        problem.network,
        problem.rows,
        bg_X=problem.background,
        random_state=seed,
        verbose=False,
        **settings,
    )
    return explained.shap_values


def shapiq_exact(problem: Problem, seed: int) -> np.ndarray:
    """All coalitions."""
    import shapiq

    players = problem.rows.shape[1]
    return _by_row(
        problem, seed, lambda game: shapiq.ExactComputer(game, n_players=players)("SV", 1)
    )


def shapiq_approximator(problem: Problem, seed: int, name: str, budget: int) -> np.ndarray:
    """Use one of its approximators, with a given number of coalitions per row."""
    import shapiq

    approximator = getattr(shapiq, name)(problem.rows.shape[1], random_state=seed)
    return _by_row(problem, seed, lambda game: approximator.approximate(budget, game))


def _by_row(problem: Problem, seed: int, approximate: Callable[[Any], Any]) -> np.ndarray:
    """Make a row's game from all background rows, and read its values for single columns."""
    import shapiq

    found = []
    for row in problem.rows:
        game = shapiq.MarginalImputer(
            problem.network,
            problem.background,
            x=row,
            sample_size=len(problem.background),
            random_state=seed,
        )
        values = approximate(game)
        found.append([values[(player,)] for player in range(len(row))])
    return np.array(found)


METHODS: dict[str, Callable[..., np.ndarray]] = {
    each.__name__: each
    for each in (
        shap_exact,
        shap_permutation,
        shap_kernel,
        lightshap,
        shapiq_exact,
        shapiq_approximator,
    )
}
