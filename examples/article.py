"""The article's worked example, y = 3x + 2 + noise: as printed, half mended, and mended.

The article draws x and the noise as columns [100, 1] and squeezes x alone, so its target is a
square [100, 100]; its model has no bias. It takes 1000 steps of 0.1 down the gradient of all rows
and asks for the prediction at x = 0.5, where the truth is 3 · 0.5 + 2 = 3.5.
"""

import jax
import jax.numpy as jnp
import numpy as np

from gradum import LinearRegression
from gradum.core import Network, Problem, SquaredError, gradient_step, objective
from gradum.errors import ShapeError

ROWS, NOISE, STEPS, LEARNING_RATE, TABLES = 100, 0.5, 1000, 0.1, 200
VARIANTS = {  # whether the target is still a square, and whether the model has a bias
    "as printed": (True, False),
    "only the shape mended": (False, False),
    "only the bias mended": (True, True),
    "both mended": (False, True),
}


def draw(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x and the noise of a table, each a column [100, 1]."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((ROWS, 1))
    return x, NOISE * rng.standard_normal((ROWS, 1))


def target_of(x: np.ndarray, noise: np.ndarray, square: bool) -> np.ndarray:
    return 3 * (x.squeeze() if square else x) + 2 + noise  # [100] + [100, 1] is [100, 100]


def broadcasting(x: np.ndarray, target: np.ndarray, bias: bool) -> float:
    """Descend on a loss that broadcasts, as the article's library does; predict at x = 0.5."""

    def mse(line: jax.Array) -> jax.Array:
        return jnp.mean((line[0] * x + bias * line[1] - target) ** 2)

    step, line = jax.jit(lambda line: line - LEARNING_RATE * jax.grad(mse)(line)), jnp.zeros(2)
    for _ in range(STEPS):
        line = step(line)
    return float(line[0] * 0.5 + bias * line[1])


def over_tables(square: bool, bias: bool, tables: int = TABLES) -> np.ndarray:
    """Do the same for many tables at once; return the predictions at x = 0.5, one a table.

    The gradient sees a row of the square by its mean alone: the mean over j of
    (wxᵢ + b − tᵢⱼ)² has the slopes of (wxᵢ + b − t̄ᵢ)².
    """
    drawn = [draw(seed) for seed in range(tables)]
    x = np.array([column[:, 0] for column, _ in drawn])
    target = np.array([target_of(*columns, square).mean(axis=1) for columns in drawn])
    w, b = np.zeros((tables, 1)), np.zeros((tables, 1))
    for _ in range(STEPS):
        error = w * x + b - target
        w -= LEARNING_RATE * 2 * (error * x).mean(axis=1, keepdims=True)
        b -= bias * LEARNING_RATE * 2 * error.mean(axis=1, keepdims=True)
    return (0.5 * w + b)[:, 0]


def in_theory(square: bool, bias: bool) -> tuple[float, float]:
    """Return mean and standard deviation of the prediction over all tables, exactly.

    With q = Σx²/n, descent ends at w = x̄·(2 + 3x̄)/q + Σxe/(nq) of the square without a bias; q is
    χ² distributed and independent of the direction of x, of which (Σx)²/Σx² is n times a beta.
    """
    n, variance = ROWS, NOISE**2
    if bias:  # ȳ of the target, and the slope's share of the way from x̄ to 0.5
        slope = variance * (0.25 + 1 / n) / (n - 3)
        level = (9 + variance) / n if square else variance / n
        return (2.0 if square else 3.5), np.sqrt(level + slope)
    direction = 18 * (n - 1) / (n**2 * (n + 2)) if square else 0.0
    slope = (3 / n) if square else 3.0
    return 0.5 * slope, 0.5 * np.sqrt(direction + (4 + variance) / (n - 2))


def by_hand(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Model, loss, gradient, update: the whole of training."""
    problem = Problem(Network(inputs=1), SquaredError())
    params = problem.network.init(np.random.default_rng(0))
    step = jax.jit(gradient_step)
    for _ in range(STEPS):
        params = step(params, problem, {"dense": x}, y, LEARNING_RATE)
    line = params["layers"][0]
    at_half = problem.network.forward(params, {"dense": np.array([[0.5]])})
    return line["weight"].item(), line["bias"].item(), at_half.item()


def by_estimator(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Do the same behind scikit-learn's interface."""
    model = LinearRegression(solver="gd", learning_rate=LEARNING_RATE, max_iter=STEPS).fit(x, y)
    return model.coef_[0], model.intercept_, model.predict([[0.5]])[0]


def refusals(x: np.ndarray, square: np.ndarray) -> list[str]:
    """Give the square to the core and to the estimator; return what each answers."""
    problem = Problem(Network(inputs=1), SquaredError())
    params = problem.network.init(np.random.default_rng(0))
    answers = []
    for use in (
        lambda: objective(params, problem, {"dense": x}, square),
        lambda: LinearRegression().fit(x, square),
    ):
        try:
            use()
        except ShapeError as error:
            answers.append(str(error))
    return answers


def main() -> None:
    x, noise = draw(42)
    print(
        f"The prediction at x = 0.5; the truth is 3.5. {TABLES} tables, mean with 95% interval:\n"
    )
    print(f"{'':<22} one table  {TABLES} tables              in theory")
    for name, (square, bias) in VARIANTS.items():
        one = broadcasting(x, target_of(x, noise, square), bias)
        many, (mean, deviation) = over_tables(square, bias), in_theory(square, bias)
        half = 1.96 * many.std(ddof=1) / np.sqrt(TABLES)
        print(
            f"{name:<22} {one:9.3f}  {many.mean():.3f} [{many.mean() - half:.3f}, "
            f"{many.mean() + half:.3f}]  {mean:.3f} ± {deviation:.3f}"
        )
    y = target_of(x, noise, square=False)[:, 0]
    print("\nBoth mended, with gradum:")
    for way, fit in (("by hand", by_hand), ("estimator", by_estimator)):
        slope, intercept, at_half = fit(x, y)
        print(f"{way:>9}: y = {slope:.3f} x + {intercept:.3f}; at x = 0.5, y = {at_half:.3f}")

    print("\nThe square, given to gradum:")
    print(*refusals(x, target_of(x, noise, square=True)), sep="\n")
    print("\nNo bias, which must be asked for:")
    without = LinearRegression(fit_intercept=False).fit(x, y)
    print(without.summary(x, y).inference.sentences[-1])


if __name__ == "__main__":
    main()
