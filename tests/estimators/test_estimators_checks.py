"""scikit-learn's own suite, with no expected failures."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from gradum.estimators import LinearRegression, LogisticRegression, MLPClassifier, MLPRegressor

SMALL = {"hidden_layer_sizes": (16,), "learning_rate": 0.02, "max_iter": 40}
"""Options with which a fit takes a moment, as scikit-learn gives its own networks fewer epochs."""


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [LinearRegression(), LogisticRegression(), MLPRegressor(**SMALL), MLPClassifier(**SMALL)]
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)
