"""A smaller model distilled from an ensemble: what it learns from, what judges it, what it lost."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from msgspec import structs

import gradum
from gradum.errors import SpecError
from gradum.run.distillation.distil import distil
from gradum.run.distillation.larger import Larger
from gradum.run.distillation.size import expected_growth, smallest
from gradum.run.fingerprint import named_arrays
from gradum.rungs import transfer_set
from gradum.rungs.context import Context
from gradum.rungs.mlp import kind as mlp
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.pack.held_out_logits import part
from gradum.rungs.pack.imitate import imitate
from gradum.rungs.pack.spec import PackSpec
from gradum.tables.split import Part
from synthetic import FEW, ONCE, task

ANYTHING = 100.0
"""A budget that any model keeps."""


@pytest.fixture(scope="module", autouse=True)
def small_students():
    """One size of network, a few epochs, and few mixed rows."""
    with pytest.MonkeyPatch.context() as patched:
        tiny = MLPSpec(hidden_layer_sizes=(8,), max_epochs=4)
        patched.setattr(mlp, "STUDENTS", (tiny,))
        patched.setattr(transfer_set, "FEWEST", 600)
        patched.setattr(transfer_set, "TIMES", 1)
        yield


@pytest.fixture(scope="module")
def amounts():
    """A pack that predicts numbers, judged by a hold-out."""
    return gradum.fit(task("amount", 300), "amount", model="pack", **ONCE)


@pytest.fixture(scope="module")
def labels():
    """A pack of two classes, judged by two folds."""
    return gradum.fit(task("label", 240), "label", model="pack", cv=2, pack=FEW)


@pytest.fixture(scope="module")
def small_amounts(amounts):
    return amounts.compress(budget=ANYTHING)


@pytest.fixture(scope="module")
def small_labels(labels):
    return labels.compress(budget=ANYTHING)


def test_the_errors_are_those_of_both_models_on_the_rows_that_judged(amounts, small_amounts):
    lost = small_amounts.fitted.provenance.compression
    tested = amounts.run.parts == Part.TEST
    dataset = amounts.run.dataset
    rows, truth = dataset.frame.filter(tested), dataset.target[tested]
    errors = [
        np.sqrt(np.mean((model.predict(rows) - truth) ** 2)) for model in (amounts, small_amounts)
    ]
    np.testing.assert_allclose([error.value for error in lost.errors], errors, rtol=1e-6)
    assert lost.difference.value == pytest.approx(errors[1] - errors[0], rel=1e-4)
    assert lost.growth[0] == pytest.approx(errors[1] / errors[0] - 1, rel=1e-4)
    assert (lost.rows, lost.changed, lost.metric) == (tested.sum(), None, "rmse")
    assert lost.of == amounts.fitted.provenance.fingerprint
    assert lost.bytes == tuple(
        sum(array.nbytes for array in named_arrays([rung]).values())
        for rung in (amounts.fitted.rung("pack"), small_amounts.fitted.rung("mlp"))
    )


def test_no_target_of_a_row_that_judges_reaches_the_smaller_model(amounts, small_amounts):
    dataset = amounts.run.dataset
    tested = amounts.run.parts == Part.TEST
    frame = dataset.frame.with_columns(
        amount=np.where(tested, dataset.target[::-1], dataset.target)
    )
    other = distil(amounts.fitted, replace(dataset, frame=frame), (), ANYTHING)
    assert not np.array_equal(other.dataset.target, dataset.target)
    small = small_amounts.fitted.rung("mlp")
    for name, array in named_arrays([other.fitted.rungs["mlp"]]).items():
        np.testing.assert_array_equal(array, named_arrays([small])[name])


def test_it_is_a_model_like_any_other(small_amounts, tmp_path):
    small_amounts.save(tmp_path / "small.gradum")
    again = gradum.load(tmp_path / "small.gradum")
    rows = small_amounts.run.dataset.frame[:20]
    np.testing.assert_array_equal(again.predict(rows), small_amounts.predict(rows))
    kept = again.fitted.provenance.compression
    assert kept == small_amounts.fitted.provenance.compression
    assert kept.sentence in again.fitted.judgement.notes
    assert [rival.against for rival in again.fitted.judgement.rivals] == ["mlp"]
    assert again.fitted.rung().spread is not None
    low, high = again.predict_interval(rows).T
    assert (low <= high).all()


def test_after_a_cross_validation_each_fold_has_a_smaller_model(labels, small_labels):
    lost = small_labels.fitted.provenance.compression
    seen, truth = small_labels.run.judged, small_labels.run.dataset.target
    assert sorted(seen.rows) == list(range(len(truth)))
    before, after = np.empty((2, len(truth)))
    predicted = np.empty((2, len(truth)), int)
    for larger, smaller in zip(labels.judges, small_labels.run.judges, strict=True):
        tested = np.flatnonzero(smaller.parts == Part.TEST)
        assert np.array_equal(tested, np.flatnonzero(larger.parts == Part.TEST))
        design = labels.run.dataset.rows(larger.encoder).design.take(tested)
        for place, rung in enumerate((larger.rungs["pack"], smaller.rungs["mlp"])):
            said = rung.predict(design)
            predicted[place, tested] = said.value
            (before, after)[place][tested] = said.probability[np.arange(len(tested)), truth[tested]]
    found = [error.value for error in lost.errors]
    np.testing.assert_allclose(found, [-np.log(p).mean() for p in (before, after)], rtol=1e-6)
    assert lost.changed == pytest.approx(np.mean(predicted[0] != predicted[1]))
    assert small_labels.fitted.guarantee.terms.name == "cross"
    assert len(small_labels.predict_set(small_labels.run.dataset.frame[:5])) == 5


def test_real_rows_are_answered_by_networks_that_had_not_learned_from_them(labels):
    larger = Larger.of(labels.fitted, labels.run.dataset, labels.judges)
    taught = larger.transfer_set(larger.kept, Context(seed=labels.fitted.spec.seed))
    teacher = taught.teacher
    folds = np.array(teacher.settings["held_out"])
    of_fold = [part(teacher, np.flatnonzero(folds == fold)) for fold in np.unique(folds)]
    said = np.stack([rung.logits(taught.rows.design)[:, 0] for rung in of_fold])
    matches = np.isclose(said, taught.held_out[:, 0], rtol=0, atol=1e-12)
    assert matches.any(axis=0).all()
    held = [np.flatnonzero(match) for match in matches]
    # The folds share the rows evenly, and the pack's own loss on them is the mean over these.
    assert {len(rows) for rows in held} == {len(taught.rows) // 2}
    loss = np.logaddexp(0, np.where(taught.rows.target == 1, -1, 1) * taught.held_out[:, 0])
    assert loss.mean() == pytest.approx(teacher.certificate.validation_loss, rel=0.02)


def test_the_expected_growth_is_a_divergence_over_an_entropy(labels):
    larger = Larger.of(labels.fitted, labels.run.dataset, labels.judges)
    taught = larger.transfer_set(larger.kept, Context())
    teacher = taught.teacher
    assert expected_growth(taught, teacher, np.random.default_rng(0)) == 0
    shifted = part(teacher, np.array([0]))
    one = transfer_set.mixed_rows(
        taught.rows.design.encoded(),
        np.zeros(0, int),
        *_same_rows(len(taught.rows), np.random.default_rng(0)),
    )
    p, q = (replace(rung, post=()).predict(one).probability for rung in (teacher, shifted))
    expected = scipy.stats.entropy(p, q, axis=1).sum() / scipy.stats.entropy(p, axis=1).sum()
    found = expected_growth(taught, shifted, np.random.default_rng(0))
    assert found == pytest.approx(expected, rel=1e-6)


def _same_rows(rows, rng):
    from gradum.run.distillation.size import TRIAL_ROWS

    return rng.integers(rows, size=TRIAL_ROWS), rng


@pytest.mark.parametrize("fixture", ["amounts", "labels"])
def test_of_a_packs_networks_the_one_nearest_to_all_is_kept(fixture, request):
    model = request.getfixturevalue(fixture)
    larger = Larger.of(model.fitted, model.run.dataset, model.judges)
    taught = larger.transfer_set(larger.kept, Context())
    alone = [
        part(taught.teacher, np.array([member])) for member in range(taught.teacher.network.members)
    ]
    for rung in alone:
        rung.params["sharpness"] = np.ones(1, np.float32)  # which is chosen once they are
    said = [transfer_set.soft_targets(taught.teacher, rung.logits(taught.design)) for rung in alone]
    if fixture == "amounts":
        far = [np.average((one - taught.soft) ** 2, weights=taught.weight) for one in said]
    else:
        pairs = [np.column_stack([1 - one, one]) for one in (taught.soft, *said)]
        far = [scipy.stats.entropy(pairs[0], pair, axis=1) @ taught.weight for pair in pairs[1:]]
    small = imitate(taught, PackSpec(kept=1), np.random.default_rng(0))
    nearest = alone[int(np.argmin(far))]
    np.testing.assert_array_equal(small.params["shift"], nearest.params["shift"])  # as it began
    assert small.network.members == small.settings["kept"] == 1


@pytest.mark.parametrize("fixture", ["amounts", "labels"])
def test_few_networks_come_nearer_by_learning_together(fixture, request, monkeypatch):
    model = request.getfixturevalue(fixture)
    larger = Larger.of(model.fitted, model.run.dataset, model.judges)
    taught = larger.transfer_set(larger.kept, Context())
    few = PackSpec(kept=1)
    learned = imitate(taught, few, np.random.default_rng(0))
    monkeypatch.setattr("gradum.rungs.pack.imitate.tuned", lambda network, params, *_: params)
    chosen = imitate(taught, few, np.random.default_rng(0))
    far = [expected_growth(taught, small, np.random.default_rng(1)) for small in (chosen, learned)]
    assert far[1] < far[0]
    for fixed in ("shift", "slope", "wave", "share", "sharpness"):
        np.testing.assert_array_equal(learned.params[fixed], chosen.params[fixed])


@pytest.mark.slow
def test_the_smallest_size_that_keeps_the_budget_is_taken(amounts, monkeypatch):
    sizes = tuple(MLPSpec(hidden_layer_sizes=(width,), max_epochs=3) for width in (2, 16))
    monkeypatch.setattr(mlp, "STUDENTS", sizes)
    larger, context = Larger.of(amounts.fitted, amounts.run.dataset, ()), Context()
    nearest, all_trials, _ = smallest(larger, 0.0, context)
    assert nearest.words == min(all_trials, key=lambda trial: trial.expected).size
    _, (first,), _ = smallest(larger, ANYTHING, context)
    size, trials, _ = smallest(larger, 0.99 * first.expected, context)
    assert trials[0] == first
    assert trials[-1].expected < 0.99 * first.expected
    assert size.words == trials[-1].size
    assert all(trial.expected >= 0.99 * first.expected for trial in trials[:-1])


def test_what_cannot_be_compressed_is_refused(amounts, labels):
    linear = gradum.fit(task("amount", 60), "amount", model="linear", **ONCE)
    with pytest.raises(SpecError, match="network ensemble"):
        linear.compress()
    for budget in (-0.1, float("inf"), float("nan")):
        with pytest.raises(SpecError, match="budget"):
            amounts.compress(budget=budget)
    rung = amounts.fitted.rung("pack")
    settings = {name: value for name, value in rung.settings.items() if name != "held_out"}
    older = replace(
        amounts.fitted, rungs={**amounts.fitted.rungs, "pack": replace(rung, settings=settings)}
    )
    with pytest.raises(SpecError, match="older gradum"):
        distil(older, amounts.run.dataset, (), ANYTHING)
    refitted = replace(amounts.fitted, spec=structs.replace(amounts.fitted.spec, refit=True))
    with pytest.raises(SpecError, match="refit"):
        distil(refitted, amounts.run.dataset, (), ANYTHING)
    with pytest.raises(SpecError, match="cv"):
        distil(labels.fitted, labels.run.dataset, (), ANYTHING)
