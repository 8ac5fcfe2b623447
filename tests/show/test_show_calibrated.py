"""A calibrated model says so wherever its probabilities are looked at."""

import dataclasses

import pytest
import scipy.special

import gradum
from gradum.rungs.calibration import QuadraticScaling, TemperatureScaling
from gradum.rungs.post import PriorShift, calibrated_in_words
from gradum.show.report import sections_of
from synthetic import FEATURES, mixed

BENT = QuadraticScaling(-1.0, 1.0, 0.5, 1.5, 0.2)


@pytest.fixture
def calibrated(classifier, monkeypatch):
    """A model whose network is calibrated."""
    network = dataclasses.replace(classifier.fitted.rungs["mlp"], post=(BENT,))
    monkeypatch.setitem(classifier.fitted.rungs, "mlp", network)
    return classifier


def test_class_weights_are_no_calibration():
    assert calibrated_in_words("it", ()) == ()
    assert PriorShift((1.0, 2.0)).calibrates is False
    (sentence,) = calibrated_in_words("the MLP", (TemperatureScaling(2.0),))
    assert sentence == (
        "Probabilities of the MLP are calibrated on rows that it had not learned from "
        "(temperature scaling)."
    )


def test_the_report_says_it_beside_reliability(classifier, monkeypatch):
    fitted = classifier.fitted
    used = dataclasses.replace(fitted.rung(), post=(BENT,))
    monkeypatch.setitem(fitted.rungs, classifier.used, used)
    sections = sections_of(fitted, classifier.findings)
    (picture,) = (it for part in sections for it in part.pictures if it.name == "reliability")
    assert "had not learned from (quadratic scaling)." in picture.caption


def test_a_worked_step_says_that_its_probabilities_are_not_calibrated(calibrated):
    row = mixed(1, seed=5)
    text = str(gradum.explain_step(calibrated, row.select(FEATURES), "yes", rung="mlp"))
    assert "predict_proba calibrates them (quadratic scaling)" in " ".join(text.split())


def test_single_rows_and_many_are_calibrated_alike(calibrated):
    rows = mixed(20, seed=5).select(FEATURES)
    rung = calibrated.fitted.rungs["mlp"]
    logits = rung.logits(calibrated.fitted.encoder.transform(rows))
    expected = scipy.special.expit(BENT(logits))[:, 0]
    assert calibrated.predict_proba(rows, rung="mlp")[:, 1] == pytest.approx(expected, abs=1e-6)
    one = calibrated.predict_proba(rows[[3]], rung="mlp")[0, 1]
    assert one == pytest.approx(expected[3], abs=1e-6)
