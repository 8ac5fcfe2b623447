"""The certified digits of the NIST reference data sets for linear least squares."""

import nist_sets
import numpy as np
import pytest
from nist_sets import digits

from gradum.solvers.exact import LeastSquares

COEFFICIENT_DIGITS = dict.fromkeys(nist_sets.NAMES, 12) | {"Filip": 7, "Longley": 13}
COEFFICIENT_DIGITS |= dict.fromkeys(["Wampler1", "Wampler3", "Wampler4", "Wampler5"], 13)
ERROR_DIGITS = dict.fromkeys(nist_sets.NAMES, 11) | {"Filip": 7}


def test_all_eleven_data_sets_are_there():
    assert len(nist_sets.NAMES) == 11


@pytest.mark.parametrize("name", nist_sets.NAMES)
def test_coefficients_and_standard_errors_have_the_certified_digits(name):
    reference = nist_sets.load(name)
    problem = LeastSquares(reference.columns, reference.target, fit_intercept=reference.intercept)
    coefficients, errors = nist_sets.estimates(problem)
    assert digits(coefficients, reference.coefficients) >= COEFFICIENT_DIGITS[name]
    assert digits(errors, reference.errors) >= ERROR_DIGITS[name]


def test_digits_are_those_of_the_worst_number():
    certified = np.array([2.0, 100.0, 0.0])
    assert digits(certified, certified) == 15.0
    assert digits(np.array([2.0, 100.1, 0.0]), certified) == pytest.approx(3.0)
    assert digits(np.array([2.0, 100.0, 1e-5]), certified) == pytest.approx(5.0)
    assert digits(np.array([2.0, np.nan, 0.0]), certified) == 0.0
