"""Packs with a teacher, as scikit-learn knows estimators."""

import numpy as np
import pytest
from msgspec import structs
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from gradum.estimators import PackClassifier
from synthetic import FEW

PACK = structs.replace(FEW, members=9, folds=3, epochs=8, batch_size=16)
ROWS, JUDGED = 150, 2000
FITS = []


class Notes(RegressorMixin, BaseEstimator):
    """Predicts the mean, and notes what it is fitted to and asked for."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        self.mean_ = np.average(y, weights=sample_weight)
        FITS.append((X.index.to_numpy(), y, sample_weight, self.random_state))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


class Fails(ClassifierMixin, BaseEstimator):
    """Refuses whatever it is given."""

    def fit(self, X, y):
        raise ZeroDivisionError("no use\nof it")

    def predict_proba(self, X):
        return X


def classifier(**options):
    return PackClassifier(**{"pack": PACK, "random_state": 0} | options)


def drawn(rows, seed):
    """Columns, the true probability, and labels drawn with it: most of a label is noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 4))
    probability = expit(1.2 * x[:, 0] * x[:, 1] + 0.8 * np.abs(x[:, 2]) - 0.6)
    return x, probability, (rng.random(rows) < probability).astype(int)


@pytest.fixture(scope="module")
def excess():
    """Return how far the log loss of packs is from the least there can be, by their teacher."""
    x, truth, y = drawn(ROWS, 0)
    judged, true, _ = drawn(JUDGED, 1)
    rng = np.random.default_rng(2)
    teachers = {"nobody": None, "truth": truth, "noise": rng.permutation(truth)}

    def kl(predicted):
        return np.mean(
            true * np.log(true / predicted) + (1 - true) * np.log((1 - true) / (1 - predicted))
        )

    return {
        name: kl(classifier().fit(x, y, teacher_predictions=told).predict_proba(judged)[:, 1])
        for name, told in teachers.items()
    }


def test_a_teacher_who_knows_the_probabilities_brings_the_loss_near_the_least(excess):
    """The Kullback-Leibler divergence from the truth, which no rows are needed to know."""
    assert excess["truth"] < 0.6 * excess["nobody"]


def test_a_teacher_who_talks_at_random_is_not_listened_to(excess):
    assert excess["noise"] < excess["nobody"] + 0.25 * excess["nobody"]
