"""Balanced classes: what is learned, probabilities of the table's world, balanced labels."""

import dataclasses

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

import gradum
from command_line import short_paths
from gradum.api.runs import compare_runs
from gradum.run.judging.judge_rungs import Seen
from gradum.rungs import balance
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.rung import Prediction
from gradum.study.evidence import Evidence
from gradum.tables.split import Part
from streamed_fits import batches, make_small
from synthetic import FEW, ONCE, TINY, task

ONE_STRENGTH = {
    "model": "linear",
    "linear": LinearSpec(strengths=(1.0,)),
    "split": ONCE["split"],
}
WORLDS = {"two": (0.9, 0.1), "three": (0.75, 0.2, 0.05)}


def world(shares, rows, seed=0):
    """Classes whose x is normal about 0, 1.5, 3: a table, and its true probabilities (n, K)."""
    rng = np.random.default_rng(seed)
    code = rng.choice(len(shares), rows, p=shares)
    means = 1.5 * np.arange(len(shares))
    x = rng.normal(means[code])
    joint = norm.pdf(x[:, None], means) * shares
    frame = pl.DataFrame({"x": x, "z": rng.normal(size=rows), "y": [f"class {k}" for k in code]})
    return frame, joint / joint.sum(axis=1, keepdims=True)


def codes_of(frame):
    return frame["y"].str.tail(1).cast(pl.Int64).to_numpy()


def test_balanced_weights_are_scikit_learns():
    target = np.random.default_rng(0).choice(4, 200, p=[0.6, 0.3, 0.1, 0.0])
    by_class = balance.balance(np.bincount(target, minlength=4))
    np.testing.assert_allclose(by_class[target], compute_sample_weight("balanced", target))
    assert by_class[3] == 1
    weight = np.random.default_rng(1).random(200)
    weighed = weight * balance.balance(np.bincount(target, weight))[target]
    np.testing.assert_allclose(np.bincount(target, weighed), weight.sum() / 3)


@pytest.mark.parametrize("shares", WORLDS.values(), ids=WORLDS)
def test_probabilities_are_those_of_the_world_and_labels_those_of_the_balanced_one(shares):
    """Bayes' theorem says both: of the true shares, and of equal ones."""
    frame, _ = world(shares, 6_000)
    new, true = world(shares, 4_000, seed=1)
    model = gradum.fit(frame, "y", class_weight="balanced", **ONE_STRENGTH)
    said = model.predict_proba(new)
    assert np.abs(said - true).mean() < 0.01
    np.testing.assert_allclose(said.mean(axis=0), true.mean(axis=0), rtol=0.2)
    labels = model.predict(new)
    best = true / shares
    assert np.mean(labels == [f"class {k}" for k in best.argmax(axis=1)]) > 0.98
    assert np.mean(labels == [f"class {k}" for k in true.argmax(axis=1)]) < 0.9


@pytest.mark.parametrize("shares", WORLDS.values(), ids=WORLDS)
def test_the_linear_rung_is_scikit_learns_with_the_prior_corrected(shares):
    frame, _ = world(shares, 1_500)
    new, _ = world(shares, 50, seed=1)
    model = gradum.fit(frame, "y", class_weight="balanced", **ONE_STRENGTH)
    rung = model.fitted.rungs["linear"]
    learned = frame[np.flatnonzero(model.run.parts != Part.TEST)]
    scaler = StandardScaler().fit(learned.select("x", "z"))
    codes = codes_of(learned)
    theirs = LogisticRegression(
        C=1 / (rung.settings["alpha"] * len(learned)), class_weight="balanced", tol=1e-10
    ).fit(scaler.transform(learned.select("x", "z")), codes)
    columns = scaler.transform(new.select("x", "z"))
    corrected = theirs.predict_proba(columns) * np.bincount(codes)
    corrected /= corrected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(new), corrected, atol=1e-5)
    labels = [f"class {k}" for k in theirs.predict(columns)]
    assert model.predict(new).tolist() == labels


@pytest.mark.parametrize("how", ["mlp", "pack", "blocks", "refit"])
def test_every_rung_speaks_of_the_world(how, monkeypatch):
    shares = WORLDS["two"]
    frame, _ = world(shares, 3_000)
    new, true = world(shares, 3_000, seed=1)
    options = {"class_weight": "balanced", "pack": FEW, "mlp": TINY, "learning_curve": False}
    data = frame
    if how == "blocks":
        make_small(monkeypatch)
        data = batches(frame)
    else:
        options["model"] = "linear" if how == "refit" else how
        options["refit"] = how == "refit"
    model = gradum.fit(data, "y", **options)
    codes = codes_of(new)
    least = log_loss(codes, true)
    for name, rung in model.fitted.rungs.items():
        said = model.predict_proba(new, rung=name)
        assert said[:, 1].mean() == pytest.approx(codes.mean(), rel=0.25), name
        labels = model.predict(new, rung=name)
        rare = balanced_accuracy_score(codes, labels == "class 1")
        if name == "baseline":
            assert rung.class_weight is None
            assert rare == 0.5
        else:
            assert log_loss(codes, said) < least + 0.03, name
            assert rare > 0.72, name


@pytest.mark.slow
def test_the_baseline_says_the_shares_of_the_table():
    frame = task("label", 300).sort("label").head(260)
    balanced, plain = (
        gradum.fit(frame, "label", class_weight=how, **ONE_STRENGTH) for how in ("balanced", None)
    )
    first, second = (
        each.predict_proba(frame.head(1), rung="baseline") for each in (balanced, plain)
    )
    np.testing.assert_array_equal(first, second)
    assert balance.NOTE in balanced.fitted.judgement.notes
    assert balance.NOTE in balanced.evaluate(frame).judgement.notes
    assert balance.NOTE not in plain.fitted.judgement.notes


def test_scores_confusion_and_intercepts_are_of_what_is_predicted():
    frame, _ = world(WORLDS["two"], 1_500)
    model = gradum.fit(frame, "y", class_weight="balanced", cost="FP=1,FN=5", **ONE_STRENGTH)
    judged = frame[np.flatnonzero(model.run.parts == Part.TEST)]
    codes, labels = codes_of(judged), model.predict(judged) == "class 1"
    said = model.predict_proba(judged)[:, 1]
    scores = model.fitted.judgement.scores["linear"]["test"]
    assert scores["log_loss"].value == pytest.approx(log_loss(codes, said))
    assert scores["balanced_accuracy"].value == balanced_accuracy_score(codes, labels)
    assert model.findings.confusion.counts[1][1] == np.sum(labels & (codes == 1))
    usual = model.findings.threshold.usual
    np.testing.assert_array_equal(labels, said >= usual)
    cost = np.where(codes == 1, 5 * ~labels, labels).mean()
    assert model.findings.threshold.cost_at_half.value == pytest.approx(cost)
    intercept, x, z = model.coefficients["coefficient"]
    logit = intercept + x * judged["x"].to_numpy() + z * judged["z"].to_numpy()
    np.testing.assert_allclose(said, 1 / (1 + np.exp(-logit)), rtol=1e-6)


def test_a_mean_of_folds_is_labelled_by_the_mean_of_the_balanced_world():
    first = Prediction.of_classes(np.array([[0.8, 0.2]]), np.array([[0.3, 0.7]]))
    second = Prediction.of_classes(np.array([[0.9, 0.1]]), np.array([[0.6, 0.4]]))
    pooled = Seen.pool([Seen(np.array([4]), {"linear": each}) for each in (first, second)])
    assert pooled.predictions["linear"].value.tolist() == [1, 0]
    rows, averaged = pooled.average(10)
    assert rows.tolist() == [4]
    np.testing.assert_allclose(averaged["linear"].probability, [[0.85, 0.15]])
    assert averaged["linear"].value.tolist() == [1]


@pytest.mark.slow
def test_files_say_what_the_model_says(gradum_command, tmp_path):
    frame, _ = world(WORLDS["three"], 400)
    frame.write_csv(tmp_path / "rows.csv")
    new, _ = world(WORLDS["three"], 60, seed=1)
    new.write_csv(tmp_path / "new.csv")
    asked = ("fit", tmp_path / "rows.csv", "-t", "y", "--model", "linear", "--no-learning-curve")
    asked, run = (*asked, "--test", tmp_path / "new.csv"), tmp_path / "run"
    with short_paths():
        assert gradum_command(*asked, "--class-weight", "balanced", "-o", run).code == 0
    gradum_command("predict", run, tmp_path / "new.csv", "-o", tmp_path / "p.parquet")
    written, model = pl.read_parquet(tmp_path / "p.parquet"), gradum.load(run)
    assert written["prediction"].to_list() == model.predict(new).tolist()
    shares = written.select(pl.col("^probability_.*$")).to_numpy()
    np.testing.assert_array_equal(shares, model.predict_proba(new))
    assert (shares.argmax(axis=1) != model.fitted.labels.searchsorted(model.predict(new))).any()
    one = [model.predict_proba(row)[0] for row in new.head(5).rows(named=True)]
    np.testing.assert_allclose(one, shares[:5], rtol=1e-12)
    evaluated = gradum_command("evaluate", run, tmp_path / "new.csv").out
    assert "All classes had the same weight" in evaluated
    compared = {each.metric: each.first for each in compare_runs(run, run).differences}
    assert compared["accuracy"] == np.mean(model.predict(new) == new["y"].to_numpy())


def test_a_model_file_without_class_weights_predicts_as_it_did(tmp_path):
    frame, _ = world(WORLDS["two"], 300)
    model = gradum.fit(frame, "y", class_weight="balanced", **ONE_STRENGTH)
    assert Evidence.of(model.run).threshold < 0.2
    rung = model.fitted.rungs["linear"]
    model.fitted.rungs["linear"] = dataclasses.replace(rung, post=())
    model.save(tmp_path / "old.gradum")
    old = gradum.load(tmp_path / "old.gradum")
    assert old.predict_proba(frame)[:, 1].mean() > 0.2
    np.testing.assert_array_equal(old.predict(frame), model.predict(frame))
