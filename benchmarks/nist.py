"""Correct digits of least squares on the NIST reference data sets, compared with other libraries.

Digits are −log₁₀ of the relative error (absolute if the certified number is 0), at most 15, of the
worst coefficient and of the worst standard error, computed through the public interfaces. Every
library gets the same float64 columns and keeps its defaults. The table is printed, and replaces the
one in docs/accuracy.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import sklearn.linear_model
from tests.solvers.nist_sets import NAMES, Reference, digits, load

from benchmarks.page import DOCS, replace_section
from gradum import LinearRegression

# Coefficients and standard errors; NaN if a library refuses them for this fit.
Estimates = tuple[np.ndarray, np.ndarray | None]


def gradum(reference: Reference) -> Estimates:
    """Solve with gradum; the standard errors are those of its summary."""
    columns, target = reference.columns, reference.target
    model = LinearRegression(fit_intercept=reference.intercept).fit(columns, target)
    errors = model.summary(columns, target).frame["error"].to_numpy().astype(float)
    return _coefficients(model, reference), errors


def scikit_learn(reference: Reference) -> Estimates:
    """Solve with scikit-learn, which has no standard errors."""
    model = sklearn.linear_model.LinearRegression(fit_intercept=reference.intercept)
    model.fit(reference.columns, reference.target)
    return _coefficients(model, reference), None


def _coefficients(model: Any, reference: Reference) -> np.ndarray:
    return np.append(model.intercept_, model.coef_) if reference.intercept else model.coef_


def statsmodels(reference: Reference) -> Estimates:
    """Solve with statsmodels."""
    from statsmodels.api import OLS

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about conditioning, which is the point of the data sets
        fitted = OLS(reference.target, _design(reference)).fit()
    return fitted.params, fitted.bse


def numpy(reference: Reference) -> Estimates:
    """Solve with numpy.linalg.lstsq, which has no standard errors."""
    return np.linalg.lstsq(_design(reference), reference.target)[0], None


def _design(reference: Reference) -> np.ndarray:
    ones = np.ones((len(reference.target), int(reference.intercept)))
    return np.hstack([ones, reference.columns])


LIBRARIES: dict[str, Callable[[Reference], Estimates]] = {
    "gradum": gradum,
    "scikit-learn": scikit_learn,
    "statsmodels": statsmodels,
    "NumPy lstsq": numpy,
}


def table() -> str:
    """Return the digits of every installed library as a Markdown table."""
    libraries = [name for name in LIBRARIES if name != "statsmodels" or find_spec(name)]
    lines = [
        f"| | {' | '.join(libraries)} |",
        f"|---|{'---:|' * len(libraries)}",
    ]
    for name in NAMES:
        reference = load(name)
        found = [LIBRARIES[library](reference) for library in libraries]
        lines.append(f"| {name} | {' | '.join(_cell(reference, *each) for each in found)} |")
    return "\n".join(lines) + "\n"


def _cell(reference: Reference, coefficients: np.ndarray, errors: np.ndarray | None) -> str:
    cell = f"{digits(coefficients, reference.coefficients):.1f}"
    if errors is None:
        return cell
    if np.isnan(errors).all():
        return f"{cell} / none: the fit is exact"
    return f"{cell} / {digits(errors, reference.errors):.1f}"


def main() -> None:
    """Print the table and write it into the page."""
    digits_table = table()
    print(digits_table)
    replace_section(DOCS / "accuracy.md", "digits", digits_table)


if __name__ == "__main__":
    main()
