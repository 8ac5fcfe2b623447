"""The steps after the logits: class weights taken out by Bayes' rule, and steps in order."""

from dataclasses import dataclass

import numpy as np
import pytest
import scipy.special

from gradum.core import Network
from gradum.rungs.post import PriorShift, steps_for
from gradum.rungs.rung import Rung
from gradum.solvers.solution import Certificate, Status

LOGITS = np.random.default_rng(0).normal(0, 2, (50, 3))


def rung(outputs, post):
    network, params = Network(0, outputs), {"layers": []}
    certificate = Certificate("stationary")
    return Rung(
        "mlp",
        "log_loss",
        network,
        params,
        None,
        None,
        False,
        Status.CONVERGED,
        certificate,
        post=post,
    )


@pytest.mark.parametrize(("outputs", "weight"), [(1, (0.6, 3.0)), (3, (0.5, 2.0, 1.25))])
def test_probabilities_are_those_of_the_table_and_labels_those_of_equal_classes(outputs, weight):
    logits = LOGITS[:, :outputs]
    whole = np.insert(logits, 0, 0, axis=1) if outputs == 1 else logits
    balanced = scipy.special.softmax(whole, axis=1)
    expected = balanced / weight
    expected /= expected.sum(axis=1, keepdims=True)
    said = rung(outputs, steps_for(weight)).prediction(logits)
    np.testing.assert_allclose(said.probability, expected, rtol=1e-12)
    np.testing.assert_allclose(said.balanced, balanced, rtol=1e-12)
    np.testing.assert_array_equal(said.value, balanced.argmax(axis=1))
    assert (said.value != expected.argmax(axis=1)).any()


@dataclass
class Times:
    """A toy step: logits times a factor a class."""

    factor: np.ndarray
    decides: bool
    class_weight: None = None

    def __call__(self, logits):
        return logits * self.factor


@pytest.mark.parametrize("decides", [False, True])
def test_steps_follow_one_another_and_say_which_of_them_chooses_labels(decides):
    shift, times = PriorShift((0.5, 2.0, 1.25)), Times(np.array([1.0, 3.0, -1.0]), decides)
    several = rung(3, (shift, times))
    assert several.class_weight == shift.class_weight
    said, after = several.prediction(LOGITS), shift(LOGITS) * times.factor
    expected = scipy.special.softmax(after, axis=1)
    np.testing.assert_allclose(said.probability, expected, rtol=1e-12)
    np.testing.assert_array_equal(said.value, (after if decides else LOGITS).argmax(axis=1))
    other = rung(3, (times, shift)).prediction(LOGITS).probability
    assert np.abs(other - expected).max() > 0.1


def test_without_class_weights_nothing_follows():
    assert steps_for(None) == ()
    said = rung(3, ()).prediction(LOGITS)
    np.testing.assert_allclose(said.probability, scipy.special.softmax(LOGITS, axis=1), rtol=1e-12)
    assert said.balanced is None
