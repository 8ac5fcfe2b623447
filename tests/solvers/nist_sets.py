"""The linear data sets of the NIST Statistical Reference Datasets, read from the files beside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gradum.solvers.exact import LeastSquares

FOLDER = Path(__file__).parent / "nist"
DEGREES = {"Filip": 10, "Pontius": 2} | {f"Wampler{number}": 5 for number in range(1, 6)}
CERTIFIED = re.compile(r"^\s+B(\d+)\s+(\S+)\s+(\S+)\s*$", re.MULTILINE)
MOST_DIGITS = 15.0  # that NIST certifies


@dataclass(frozen=True)
class Reference:
    """A data set and its certified least-squares fit.

    Parameters
    ----------
    columns : ndarray of shape (n, D)
        Without the column of ones; powers of x as float64 knows them.
    target : ndarray of shape (n,)
        y.
    intercept : bool
        Whether the model has one.
    coefficients, errors : ndarray of shape (D + 1,) or (D,)
        Certified coefficients and their standard errors, the intercept first.
    """

    columns: np.ndarray
    target: np.ndarray
    intercept: bool
    coefficients: np.ndarray
    errors: np.ndarray


def load(name: str) -> Reference:
    """Read one data set."""
    text = (FOLDER / f"{name}.dat").read_text()
    certified = np.array([row[1:] for row in CERTIFIED.findall(text)], float)
    data = np.array([line.split() for line in text.splitlines()[60:] if line.strip()], float)
    columns = data[:, 1:]
    if name in DEGREES:
        columns = columns ** np.arange(1, DEGREES[name] + 1)
    intercept = len(certified) > columns.shape[1]
    return Reference(columns, data[:, 0], intercept, certified[:, 0], certified[:, 1])


NAMES = sorted(path.stem for path in FOLDER.glob("*.dat"))


def digits(computed: np.ndarray, certified: np.ndarray) -> float:
    """Return how many digits of all numbers are right: the least −log₁₀ relative error, 0 to 15.

    Where the certified number is 0 the error is absolute.
    """
    size = np.where(certified == 0.0, 1.0, np.abs(certified))
    worst = np.max(np.abs(computed - certified) / size)
    if not np.isfinite(worst):
        return 0.0
    return float(np.clip(-np.log10(max(worst, 1e-300)), 0.0, MOST_DIGITS))


def estimates(problem: LeastSquares) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients and standard errors without a penalty, the intercept first."""
    solution = problem.solve()
    layer = solution.params["layers"][0]
    covariance = problem.unscaled_covariance()
    freedom = len(problem.target) - len(covariance)
    variance = solution.certificate.objective / freedom  # of an estimate: sigma² / n
    errors = np.sqrt(np.diag(covariance) * variance)
    coefficients = layer["weight"][:, 0]
    if "bias" not in layer:
        return coefficients, errors
    return np.append(layer["bias"], coefficients), np.roll(errors, 1)
