"""The rows that a rung is calibrated on, and the fate of its calibration."""

from itertools import count

import numpy as np
import pytest
import scipy.special
from pack_tables import fitted as fitted_pack
from pack_tables import only
from sklearn.metrics import log_loss

import gradum
from gradum.rungs import post
from gradum.rungs.calibration import QuadraticScaling, TemperatureScaling
from gradum.rungs.context import ALONE
from gradum.rungs.linear.fit import fit_linear
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.mlp import fit as mlp
from gradum.rungs.mlp.fit import fit_mlp
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.pack import fit as pack
from synthetic import QUICK, task

HOTTER = TemperatureScaling(2.0)
SMALL = MLPSpec(hidden_layer_sizes=(8,), max_epochs=4)


@pytest.fixture
def seen(monkeypatch):
    """What fits would choose a calibration by; each gets the same."""
    known = []

    def chosen(held_out, rng):
        known.append(held_out)
        return (HOTTER,)

    for module in (mlp, pack):
        monkeypatch.setattr(module, "chosen_calibration", chosen)
    return known


@pytest.mark.parametrize("target", ["flag", "grade"])
def test_a_network_is_calibrated_on_its_validation_rows_in_the_world_that_it_learned(target, seen):
    rows = only(target, 300)
    train, validation = (rows.take(part) for part in np.split(np.arange(300), [200]))
    train, validation = train.balanced(), validation.balanced()
    rung = fit_mlp(train, validation, SMALL, ALONE, log_target=False)
    (held_out,) = seen
    np.testing.assert_array_equal(held_out.target, validation.target)
    np.testing.assert_array_equal(held_out.weight, validation.weight)
    np.testing.assert_allclose(held_out.logits, rung.logits(validation.design), atol=1e-5)
    assert rung.post == (HOTTER, *post.steps_for(train.class_weight))
    assert rung.class_weight == train.class_weight
    assert rung.calibration == (HOTTER,)
    whole = rung.logits(validation.design) / 2
    whole = np.insert(whole, 0, 0, axis=1) if target == "flag" else whole
    balanced = scipy.special.softmax(whole, axis=1)
    prediction = rung.predict(validation.design)
    np.testing.assert_allclose(prediction.balanced, balanced, atol=1e-6)
    np.testing.assert_array_equal(prediction.value, balanced.argmax(axis=1))


def test_without_validation_rows_a_calibration_is_the_one_that_is_given(seen):
    rows = only("flag", 200)
    rung = fit_mlp(rows, None, SMALL, ALONE, log_target=False, epochs=2, calibration=[HOTTER])
    assert rung.post == (HOTTER,)
    assert not seen


@pytest.mark.parametrize("target", ["flag", "grade"])
def test_a_pack_is_calibrated_on_what_each_of_its_folds_holds_out(target, seen):
    rows = only(target, 300)
    rung = fitted_pack(rows)
    (held_out,) = seen
    assert len(held_out) == len(rows)
    assert np.bincount(held_out.target).tolist() == np.bincount(rows.target).tolist()
    whole = held_out.logits
    whole = np.insert(whole, 0, 0, axis=1) if target == "flag" else whole
    loss = log_loss(held_out.target, scipy.special.softmax(whole, axis=1))
    assert loss == pytest.approx(rung.certificate.validation_loss, rel=1e-6)
    assert rung.post == (HOTTER,)


def test_numbers_and_linear_models_have_none(seen):
    rows = only("y", 200)
    assert fitted_pack(rows).post == ()
    assert fit_mlp(rows, rows, SMALL, ALONE, log_target=False).post == ()
    spec, nothing = LinearSpec(strengths=(1.0,)), np.zeros(200, bool)
    assert fit_linear(only("flag", 200), nothing, spec, ALONE, log_target=False).post == ()
    assert not seen


def test_rows_of_a_group_or_a_time_stay_so(seen):
    rows = only("flag", 200)
    rows = type(rows)(rows.design, rows.target, rows.weight, 2, np.arange(200) // 4, np.arange(200))
    fit_mlp(rows, rows, SMALL, ALONE, log_target=False)
    np.testing.assert_array_equal(seen[0].groups, rows.groups)
    np.testing.assert_array_equal(seen[0].time, rows.time)


@pytest.mark.parametrize("name", ["mlp", "pack"])
def test_a_refit_keeps_the_calibration_of_the_judged_rung_which_a_note_names(name, monkeypatch):
    """Each fit finds another one; the first is that of the rung that was judged."""
    steps = (QuadraticScaling(-1.0, 1.0, 0.5 + k, 1.0, 0.0) for k in count())
    for module in (mlp, pack):
        monkeypatch.setattr(module, "chosen_calibration", lambda *_: (next(steps),))
    frame = task("label", 300)
    model = gradum.fit(frame, "label", model=name, cv=2, refit=True, learning_curve=False, **QUICK)
    notes = [note for note in model.fitted.judgement.notes if "quadratic scaling" in note]
    assert len(notes) == 1
    if name in model.fitted.rungs:  # and not the baseline, which may have been as good
        assert model.fitted.rungs[name].calibration[0].slope_low == 0.5
