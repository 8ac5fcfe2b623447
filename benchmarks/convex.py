"""Linear and logistic regression beside scikit-learn: seconds to the same suboptimality.

Both sides get the same float64 array, run in turns in one process after a warm-up, and keep their
best time over the rounds. An iterative solver is run at ever smaller tolerances until its objective
is within ``LEVEL`` of the best known one, relative to it; the first such time counts. Ratios are
peer over gradum: above 1, gradum is faster.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn.linear_model as sk
from sklearn.model_selection import StratifiedKFold

import gradum

SIZES = ((10_000, 50), (1_000_000, 50), (20_000, 2_000))
LEVEL = 1e-9
TOLERANCES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
TASKS = ("linear", "logistic", "path", "cv")
FOLDS, PENALTIES = 10, 20


def main(tasks: str = ",".join(TASKS), sizes: str = "0,1,2", rounds: str = "5") -> None:
    """Run some tasks at some sizes; print a Markdown table of times and ratios."""
    warnings.simplefilter("ignore")  # from peers that stop early, which is what is measured
    print("| task | n × p | gradum, s | peer | peer, s | ratio |\n|---|---|---:|---|---:|---:|")
    for index in map(int, sizes.split(",")):
        x, number, label = data(*SIZES[index])
        for task in tasks.split(","):
            count = max(1, int(rounds) // (1 if x.size < 5e6 else 2))
            for name, own, peer, other in RUNS[task](x, number, label, count):
                size = f"{len(x):,} × {x.shape[1]:,}"
                ratio = f"{other / own:.2f}"
                print(
                    f"| {name} | {size} | {own:.4f} | {peer} | {other:.4f} | {ratio} |", flush=True
                )


def data(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return correlated columns, and a number and a label that a third of the columns decides."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, columns))
    x += 0.5 * rng.standard_normal((rows, 1))
    slope = rng.standard_normal(columns) * (rng.random(columns) < 1 / 3)
    score = x @ slope / np.sqrt(columns / 3)
    number = 3.0 * score + 2.0 + rng.standard_normal(rows)
    return x, number, (1.5 * score + 0.3 + rng.logistic(size=rows) > 0).astype(int)


def in_turns(count: int, *calls: Callable[[], Any]) -> list[float]:
    """Return the best seconds of each call, run one after the other, round after round."""
    best = [np.inf] * len(calls)
    for turn in range(count + 1):
        for index, call in enumerate(calls):
            began = time.perf_counter()
            call()
            if turn or count == 1:  # the first round warms up
                best[index] = min(best[index], time.perf_counter() - began)
    return best


def linear(x: np.ndarray, number: np.ndarray, _: np.ndarray, count: int) -> Any:
    """Yield least squares without and with a penalty."""
    own, peer, ridge, own_ridge = in_turns(
        count,
        lambda: gradum.LinearRegression().fit(x, number),
        lambda: sk.LinearRegression().fit(x, number),
        lambda: sk.Ridge(alpha=1.0).fit(x, number),
        lambda: gradum.LinearRegression(alpha=2.0 / len(x)).fit(x, number),
    )
    yield "linear regression", own, "LinearRegression", peer
    yield "linear regression", own, "Ridge", ridge
    yield "ridge regression", own_ridge, "Ridge", ridge


def logistic(x: np.ndarray, _: np.ndarray, label: np.ndarray, count: int) -> Any:
    """Yield logistic regression, with each solver run to the level."""
    alpha = 1.0 / len(x)
    best = gradum.LogisticRegression(alpha=alpha).fit(x, label).loss_

    def excess(model: Any) -> float:
        logit = x @ model.coef_[0] + model.intercept_[0]
        loss = np.logaddexp(0.0, np.where(label == 1, -logit, logit)).mean()
        return (loss + 0.5 * alpha * np.sum(model.coef_**2)) / best - 1.0

    def own(tolerance: float) -> Any:
        solver = gradum.Newton(tol=tolerance)
        return gradum.LogisticRegression(alpha=alpha, solver=solver).fit(x, label)

    def peer(solver: str, tolerance: float) -> Any:
        return sk.LogisticRegression(solver=solver, tol=tolerance, max_iter=10_000).fit(x, label)

    def enough(fit: Callable[[float], Any]) -> float:
        return next(t for t in TOLERANCES if excess(fit(t)) <= LEVEL)

    reached = enough(own)
    for solver in ("lbfgs", "newton-cholesky", "newton-cg"):
        if solver == "newton-cholesky" and x.size > 2e7 and count > 1 and x.shape[1] > 1000:
            continue  # minutes per fit
        tolerance = enough(lambda t, solver=solver: peer(solver, t))
        mine, theirs = in_turns(
            count, lambda: own(reached), lambda s=solver, t=tolerance: peer(s, t)
        )
        yield "logistic regression", mine, f"{solver}, tol={tolerance:g}", theirs


def path(x: np.ndarray, number: np.ndarray, _: np.ndarray, count: int) -> Any:
    """Yield a lasso path of 100 penalties; the peer's columns must be centred by its caller."""
    model = gradum.LinearRegression(penalty="l1")
    alphas = model.path(x, number).alphas

    def peer() -> None:
        centred, target = x - x.mean(axis=0), number - number.mean()
        sk.lasso_path(centred, target, alphas=alphas / 2)

    own, theirs = in_turns(max(1, count // 2), lambda: model.path(x, number, alphas=alphas), peer)
    yield "lasso path", own, "lasso_path", theirs


def cv(x: np.ndarray, _: np.ndarray, label: np.ndarray, __: int) -> Any:
    """Yield a cross-validation of logistic regression: 10 folds, 20 penalties."""
    strengths = np.logspace(-4, 4, PENALTIES)
    cross = gradum.CrossValidated(folds=FOLDS, alphas=(1.0 / (strengths * len(x))).tolist())
    split = StratifiedKFold(FOLDS, shuffle=True, random_state=0)

    def own() -> Any:
        return gradum.LogisticRegression(alpha=cross, random_state=0).fit(x, label)

    def peer() -> Any:
        return sk.LogisticRegressionCV(
            Cs=strengths, cv=split, scoring="neg_log_loss", use_legacy_attributes=False
        ).fit(x, label)

    mine, theirs = in_turns(1, own, peer)
    yield f"{FOLDS}-fold × {PENALTIES} cross-validation", mine, "LogisticRegressionCV", theirs


RUNS = {"linear": linear, "logistic": logistic, "path": path, "cv": cv}


if __name__ == "__main__":
    main()
