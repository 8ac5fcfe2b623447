"""Packs with a teacher, as scikit-learn knows estimators."""

import numpy as np
import pandas as pd
import pytest
from msgspec import structs
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from gradum.errors import ShapeError, SpecError
from gradum.estimators import PackClassifier, PackRegressor
from gradum.estimators.teaching import fitted_teacher
from synthetic import FEW

PACK = structs.replace(FEW, members=12, folds=4, epochs=16, batch_size=16, hidden_layer_sizes=(32,))
TINY = structs.replace(FEW, members=6, folds=3)
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


class Says(ClassifierMixin, BaseEstimator):
    """Has an answer ready for 20 rows, whatever it is fitted to."""

    def __init__(self, answers=None, classes=(0, 1)):
        self.answers = answers
        self.classes = classes

    def fit(self, X, y):
        self.classes_ = np.array(self.classes)
        return self

    def predict_proba(self, X):
        return self.answers


class NoParameters:
    """Cannot be cloned."""

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


def classifier(**options):
    return PackClassifier(**{"pack": PACK, "random_state": 0} | options)


def asked(estimator, x, y):
    """What an estimator that has learned from the first 40 rows says of the other 20."""
    teacher = fitted_teacher(estimator, x, y, None, np.unique(y), 0)
    return teacher.answers(np.arange(40), np.arange(40, 60))


def drawn(rows, seed):
    """Columns, the true probability, and labels drawn with it: most of a label is noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3))
    probability = expit(1.2 * x[:, 0] * x[:, 1] + 0.8 * np.abs(x[:, 2]) - 0.6)
    return x, probability, (rng.random(rows) < probability).astype(int)


@pytest.fixture(scope="module")
def packs():
    """Return packs of the same labels by their teacher, each with its divergence from the truth.

    That is the mean Kullback-Leibler divergence, by which the log loss is above the least there is.
    """
    x, truth, y = drawn(ROWS, 0)
    judged, true, _ = drawn(JUDGED, 1)
    teachers = {"nobody": None, "truth": truth, "falsehood": 1 - truth}
    fitted = {}
    for name, told in teachers.items():
        pack = classifier().fit(x, y, teacher_predictions=told)
        said = pack.predict_proba(judged)[:, 1]
        gap = true * np.log(true / said) + (1 - true) * np.log((1 - true) / (1 - said))
        fitted[name] = (pack, said, gap.mean())
    return fitted


def test_a_teacher_who_knows_the_probabilities_brings_the_loss_near_the_least(packs):
    pack, _, gap = packs["truth"]
    assert gap < 0.6 * packs["nobody"][2]
    assert max(pack.rung_.settings["teaching"]) > 0


def test_a_teacher_who_is_wrong_is_not_listened_to(packs):
    """The pack is the one that nobody taught, bit for bit."""
    pack, said, _ = packs["falsehood"]
    np.testing.assert_array_equal(said, packs["nobody"][1])
    assert pack.rung_.settings["teacher"] == "teacher_predictions"
    assert not any(pack.rung_.settings["teaching"])


def test_an_estimator_teaches_from_the_rows_outside_two_folds():
    """Its clones get the rows as they come, with their weights; three folds have three pairs."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "b": rng.choice(["u", "v"], 60)})
    y, weight = frame["a"].to_numpy() + rng.normal(size=60), np.arange(60.0)
    FITS.clear()
    pack = PackRegressor(pack=TINY, teacher=Notes(), random_state=3)
    pack.fit(frame, y, sample_weight=weight)
    assert len(FITS) == 3
    learned = [set(rows) for rows, *_ in FITS]
    assert set.union(*learned) == set(range(1, 60))  # the row of weight 0 teaches nobody
    assert not set.intersection(*learned)
    for rows, target, weights, seed in FITS:
        np.testing.assert_array_equal(target, y[rows])
        np.testing.assert_array_equal(weights, weight[rows])
        assert isinstance(seed, int)
    assert len({seed for *_, seed in FITS}) == 1
    assert pack.rung_.settings["teacher"] == "Notes"


def test_the_same_seed_and_teacher_make_the_same_pack():
    x, _, y = drawn(60, 5)
    teacher = LogisticRegression()
    one, other = (
        classifier(pack=TINY, teacher=teacher).fit(x, y).predict_proba(x) for _ in range(2)
    )
    np.testing.assert_array_equal(one, other)
    assert not hasattr(teacher, "coef_")


def test_two_classes_may_be_given_by_the_second_alone():
    x, truth, y = drawn(60, 5)
    both = np.stack([1 - truth, truth], axis=1)
    one, other = (
        classifier(pack=TINY).fit(x, y, teacher_predictions=told).predict_proba(x)
        for told in (truth, both)
    )
    np.testing.assert_array_equal(one, other)


def test_predictions_that_say_nothing_leave_the_pack_that_nobody_taught():
    x, _, y = drawn(60, 5)
    alone = classifier(pack=TINY).fit(x, y)
    told = classifier(pack=TINY).fit(x, y, teacher_predictions=np.full(60, np.nan))
    np.testing.assert_array_equal(told.predict_proba(x), alone.predict_proba(x))
    assert not told.rung_.settings["heard"]


@pytest.mark.parametrize(
    ("told", "error", "message"),
    [
        (np.full(60, "yes"), SpecError, "teacher_predictions are no numbers"),
        ([[0.5, 0.5]] * 59 + [[1.0]], SpecError, "teacher_predictions are no numbers"),
        (np.full(59, 0.5), ShapeError, r"shape \(59,\), not \(60, 2\)"),
        (np.full((60, 3), 1 / 3), ShapeError, r"shape \(60, 3\), not \(60, 2\)"),
        (np.full((60, 2), 0.7), SpecError, r"to row 0 are \[0.7, 0.7\]"),
        (np.where(np.arange(60) == 7, 1.5, 0.5), SpecError, r"to row 7 are \[-0.5, 1.5\]"),
        (np.tile([np.nan, 0.5], (60, 1)), SpecError, r"to row 0 are \[nan, 0.5\]"),
    ],
)
def test_predictions_that_are_none_are_refused(told, error, message):
    x, _, y = drawn(60, 5)
    with pytest.raises(error, match=message):
        classifier(pack=TINY).fit(x, y, teacher_predictions=told)


def test_numbers_that_are_not_finite_are_refused():
    x, _, y = drawn(60, 5)
    told = np.where(np.arange(60) == 2, np.inf, 0.0)
    with pytest.raises(SpecError, match=r"to row 2 are \[inf\]"):
        PackRegressor(pack=TINY).fit(x, y.astype(float), teacher_predictions=told)


@pytest.mark.parametrize(
    ("teacher", "message"),
    [
        (LinearSVC(), "LinearSVC has no predict_proba"),
        (LogisticRegression, "LogisticRegression is a class"),
        (NoParameters(), "NoParameters has no get_params"),
        (Fails(), "Fails failed: no use."),
        (Says(np.full((20, 5), 0.2)), r"shape \(20, 5\), not \(20, 2\)"),
        (Says(np.full((3, 2), 0.5)), r"shape \(3, 2\), not \(20, 2\)"),
        (Says(np.full((20, 2), np.nan)), r"to row 40 are \[nan, nan\]"),
        (Says(np.full((20, 2), "a")), "answers of Says are no numbers"),
        (Says(np.full((20, 2), 0.5), (7, 9)), "Says has learned other classes"),
    ],
)
def test_estimators_that_cannot_teach_are_refused(teacher, message):
    x, _, y = drawn(60, 5)
    with pytest.raises((SpecError, ShapeError), match=message):
        asked(teacher, x, y)


def test_a_table_that_gives_no_rows_is_refused():
    with pytest.raises(SpecError, match="rows of X, and dict gives none"):
        asked(LogisticRegression(), {"a": np.arange(60)}, np.arange(60) % 2)


def test_a_class_that_a_teacher_has_not_met_is_impossible_to_it():
    """Against the same estimator, fitted here to the labels that there are."""
    x, _, y = drawn(60, 5)
    labels = np.array(["no", "yes", "perhaps"], dtype=object)[np.where(np.arange(60) > 50, 2, y)]
    answers = asked(LogisticRegression(), x, labels)
    by_hand = LogisticRegression().fit(x[:40], labels[:40]).predict_proba(x[40:])
    np.testing.assert_array_equal(answers[:, 1], 0)  # of "perhaps", between "no" and "yes"
    np.testing.assert_array_equal(answers[:, [0, 2]], by_hand)


def test_there_is_one_teacher():
    x, truth, y = drawn(60, 5)
    with pytest.raises(SpecError, match="both a teacher and teacher_predictions"):
        classifier(pack=TINY, teacher=LogisticRegression()).fit(x, y, teacher_predictions=truth)
