"""Fit y = 3x + 2 by gradient descent twice: by hand, and with the estimator.

The learning rate is 0.1 and there are 1000 steps; both ways find the same line.
"""

import jax
import numpy as np

from gradum import LinearRegression
from gradum.core import Network, Problem, SquaredError, objective
from gradum.errors import ShapeError


def by_hand(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Model, loss, gradient, update: the whole of training."""
    problem = Problem(Network(inputs=1), SquaredError())
    params = problem.network.init(np.random.default_rng(0))
    gradient = jax.jit(jax.grad(lambda params: objective(params, problem, {"dense": x}, y)))

    for _ in range(1000):
        slopes = gradient(params)
        params = jax.tree.map(lambda value, slope: value - 0.1 * slope, params, slopes)

    line = params["layers"][0]
    at_half = problem.network.forward(params, {"dense": np.array([[0.5]])})
    return line["weight"].item(), line["bias"].item(), at_half.item()


def by_estimator(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Do the same behind scikit-learn's interface."""
    model = LinearRegression(solver="gd", learning_rate=0.1, max_iter=1000).fit(x, y)
    return model.coef_[0], model.intercept_, model.predict([[0.5]])[0]


def with_the_wrong_shape(x: np.ndarray, noise: np.ndarray) -> str:
    """Show how a column plus a row becomes a square, and that it does not pass."""
    square = 3 * x + 2 + noise  # (100, 1) + (100,) is (100, 100)
    problem = Problem(Network(inputs=1), SquaredError())
    try:
        objective(problem.network.init(np.random.default_rng(0)), problem, {"dense": x}, square)
    except ShapeError as error:
        return str(error)
    raise AssertionError("A target of shape (100, 100) was taken.")


def main() -> None:
    rng = np.random.default_rng(42)
    x = rng.uniform(0.0, 1.0, size=(100, 1))
    noise = rng.normal(0.0, 0.1, size=100)
    y = 3 * x[:, 0] + 2 + noise

    for way, fit in (("by hand", by_hand), ("estimator", by_estimator)):
        slope, intercept, at_half = fit(x, y)
        print(f"{way:>9}: y = {slope:.3f} x + {intercept:.3f}; at x = 0.5, y = {at_half:.3f}")

    print("A target of the wrong shape:", with_the_wrong_shape(x, noise))
    without = LinearRegression(fit_intercept=False).fit(x, y)
    print(f"Without an intercept, which must be asked for: y = {without.coef_[0]:.3f} x")


if __name__ == "__main__":
    main()
