"""scikit-learn's own suite, with no expected failures."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from gradum.estimators import LinearRegression, LogisticRegression, MLPClassifier, MLPRegressor


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [LinearRegression(), LogisticRegression(), MLPRegressor(), MLPClassifier()]
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)
