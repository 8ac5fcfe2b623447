"""Runs by the loss that was asked for, against two libraries, and what suits no loss."""

import html
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from sklearn.linear_model import (
    GammaRegressor,
    PoissonRegressor,
    QuantileRegressor,
    TweedieRegressor,
)
from sklearn.metrics import (
    d2_pinball_score,
    d2_tweedie_score,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_tweedie_deviance,
)

import gradum
from gradum.api.rival_names import LIBRARIES, objective_of
from gradum.errors import ColumnError, ExportError, GradumError, SchemaError, SpecError
from gradum.run.judging.overdispersion import dispersion_of_counts
from gradum.ship import run_folder
from gradum.study.evaluation.incumbent import incumbent
from gradum.study.evidence import Evidence
from gradum.tables.schema.schema import Target

RNG = np.random.default_rng(0)
ROWS = 400
X = RNG.normal(size=(ROWS, 3))
EXPOSURE = RNG.choice([0.1, 0.5, 1.0, 2.0], ROWS)
WEIGHT = RNG.choice([0.5, 1.0, 3.0], ROWS)
RATE = np.exp(0.2 + X @ [0.5, -0.3, 0.1])
COUNTS = RNG.poisson(RATE * EXPOSURE).astype(float)
AMOUNTS = RATE * EXPOSURE * RNG.gamma(2.0, 0.5, ROWS)
PLAIN = {"model": "linear", "linear": {"strengths": [1e-9]}, "learning_curve": False, "cv": 2}
SMALL = {"members": 6, "folds": 3, "hidden_layer_sizes": [16, 8], "epochs": 8, "most_codes": 4}
EXACT = {"alpha": 0.0, "solver": "newton-cholesky", "tol": 1e-12, "max_iter": 1000}
SETTINGS = {
    "poisson": (COUNTS, PoissonRegressor(**EXACT), mean_poisson_deviance),
    "gamma": (AMOUNTS, GammaRegressor(**EXACT), mean_gamma_deviance),
    "tweedie:1.5": (
        np.where(COUNTS > 0, AMOUNTS, 0.0),
        TweedieRegressor(power=1.5, link="log", **EXACT),
        lambda y, mean, sample_weight: mean_tweedie_deviance(
            y, mean, sample_weight=sample_weight, power=1.5
        ),
    ),
}


def table(target, **more):
    columns = {name: X[:, place] for place, name in enumerate("abc")}
    return pl.DataFrame({**columns, "y": target, "e": EXPOSURE, "w": WEIGHT, **more})


def coefficients(model):
    frame = model.coefficients
    by_name = dict(zip(frame["feature"], frame["coefficient"], strict=True))
    return np.array([by_name["(intercept)"], *(by_name[name] for name in "abc")])


@cache
def unpenalised(loss):
    """A linear rung without a penalty, with weights and exposures."""
    rows = table(SETTINGS[loss][0])
    return gradum.fit(rows, target="y", loss=loss, exposure="e", weight="w", refit=True, **PLAIN)


@pytest.mark.parametrize("loss", SETTINGS)
def test_an_unpenalised_linear_rung_is_scikit_learns_with_weights_and_exposures(loss):
    target, peer, deviance = SETTINGS[loss]
    model = unpenalised(loss)
    peer.fit(X, target / EXPOSURE, sample_weight=WEIGHT * EXPOSURE)
    expected = [peer.intercept_, *peer.coef_]
    np.testing.assert_allclose(coefficients(model), expected, atol=1e-6)
    np.testing.assert_allclose(model.predict(table(target)), peer.predict(X) * EXPOSURE, rtol=1e-6)
    judged = model.run.judged
    mean, rows = judged.predictions["linear"].value, judged.rows
    known = {"sample_weight": (WEIGHT * EXPOSURE)[rows]}
    found = deviance((target / EXPOSURE)[rows], mean, **known)
    power = {"poisson": 1, "gamma": 2}.get(loss, 1.5)
    scores = model.fitted.judgement.scores["linear"]["test"]
    assert scores["deviance"].value == pytest.approx(found, abs=1e-8)
    share = d2_tweedie_score((target / EXPOSURE)[rows], mean, power=power, **known)
    assert scores["deviance_explained"].value == pytest.approx(share, abs=1e-8)


@cache
def of_quantile():
    """A linear rung of the 0.9 quantile without a penalty, with weights, and its target."""
    target = X @ [1.0, 2.0, 0.0] + RNG.normal(size=ROWS)
    rows = table(target).drop("e")
    return gradum.fit(
        rows, target="y", loss="quantile:0.9", weight="w", refit=True, **PLAIN
    ), target


def test_a_quantile_is_scikit_learns_and_so_is_its_loss():
    model, target = of_quantile()
    peer = QuantileRegressor(quantile=0.9, alpha=0.0).fit(X, target, sample_weight=WEIGHT)
    np.testing.assert_allclose(coefficients(model), [peer.intercept_, *peer.coef_], atol=1e-6)
    judged = model.run.judged
    known = {"sample_weight": WEIGHT[judged.rows], "alpha": 0.9}
    said = target[judged.rows], judged.predictions["linear"].value
    scores = model.fitted.judgement.scores["linear"]["test"]
    assert scores["pinball"].value == pytest.approx(mean_pinball_loss(*said, **known), abs=1e-8)
    share = d2_pinball_score(*said, **known)
    assert scores["pinball_explained"].value == pytest.approx(share, abs=1e-3)


LOG = sm.families.links.Log()
FAMILIES = {
    "poisson": sm.families.Poisson(),
    "gamma": sm.families.Gamma(LOG),
    "tweedie:1.5": sm.families.Tweedie(link=LOG, var_power=1.5),
}


@pytest.mark.parametrize("loss", FAMILIES)
def test_a_generalised_linear_model_is_statsmodels_with_weights_and_an_offset(loss):
    target, model = SETTINGS[loss][0], unpenalised(loss)
    # d(e y, e ŷ) = e^(2 − p) d(y, ŷ): a rate y with weight e is an amount with weight e^(p − 1).
    power = {"poisson": 1.0, "gamma": 2.0}.get(loss, 1.5)
    peer = sm.GLM(
        target,
        sm.add_constant(X),
        family=FAMILIES[loss],
        offset=np.log(EXPOSURE),
        freq_weights=WEIGHT * EXPOSURE ** (power - 1.0),
    ).fit(tol=1e-14, maxiter=200)
    np.testing.assert_allclose(coefficients(model), peer.params, atol=1e-6)
    cost = model.run.dataset.truth.cost
    rates = model.predict(table(target)) / EXPOSURE, target / EXPOSURE
    found = (WEIGHT * EXPOSURE) @ cost.of_rows(*rates)
    assert found == pytest.approx(peer.deviance, rel=1e-8)


def test_a_quantiles_loss_is_statsmodels_or_less():
    model, target = of_quantile()
    # QuantReg has no weights; it is given a row as often as its weight, in halves, says.
    often = np.repeat(np.arange(ROWS), (2 * WEIGHT).astype(int))
    peer = sm.QuantReg(target[often], sm.add_constant(X)[often]).fit(q=0.9, max_iter=5000)
    own, other = (
        mean_pinball_loss(target, answers, alpha=0.9, sample_weight=WEIGHT)
        for answers in (model.predict(table(target)), sm.add_constant(X) @ peer.params)
    )
    assert own <= other * (1 + 1e-9)
    assert own == pytest.approx(other, rel=1e-3)


@pytest.fixture(scope="module")
def counted():
    """A ladder's first two rungs on counts with exposures."""
    options = {"model": "linear", "learning_curve": False, "explain": False, "cv": 5}
    rows = table(COUNTS).drop("w")
    return gradum.fit(rows, target="y", loss="poisson", exposure="e", **options)


def test_answers_are_counts_for_the_exposure_of_a_row(counted):
    rows = table(COUNTS).drop("y", "w").with_columns(e=pl.lit(1.0))
    twice = counted.predict(rows.with_columns(e=pl.lit(2.0)))
    np.testing.assert_allclose(twice, 2.0 * counted.predict(rows), rtol=1e-12)
    plain = rows.head(2).to_dicts()
    np.testing.assert_allclose(counted.predict(plain), counted.predict(rows)[:2], rtol=1e-9)
    with pytest.raises(SchemaError, match="lack the exposure column 'e'"):
        counted.predict(rows.drop("e"))
    with pytest.raises(SchemaError, match="lack the exposure column 'e'"):
        counted.predict({name: plain[0][name] for name in "abc"})


def test_intervals_of_counts_are_whole_numbers_that_cover(counted):
    rng = np.random.default_rng(5)
    x, exposure = rng.normal(size=(2000, 3)), rng.choice([0.1, 0.5, 1.0, 2.0], 2000)
    count = rng.poisson(np.exp(0.2 + x @ [0.5, -0.3, 0.1]) * exposure)
    rows = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "e": exposure})
    low, high = counted.predict_interval(rows, 0.9).T
    assert (low == np.round(low)).all()
    assert (low >= 0).all()
    assert ((low <= count) & (count <= high)).mean() > 0.87
    assert (high - low)[exposure == 2.0].mean() > (high - low)[exposure == 0.1].mean()


@pytest.fixture(scope="module")
def claims():
    """A model of counts with exposures and new rows of the same law."""
    rng = np.random.default_rng(6)
    x, exposure = rng.normal(size=(3200, 3)), rng.choice([0.1, 0.5, 1.0, 2.0], 3200)
    mean = np.exp(0.2 + x @ [0.5, -0.3, 0.1]) * exposure
    columns = {"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "e": exposure}
    rows = pl.DataFrame({**columns, "y": rng.poisson(mean)})
    options = {"loss": "poisson", "exposure": "e", "model": "linear", "learning_curve": False}
    model = gradum.fit(rows.head(1200), target="y", explain=False, **options)
    return model, rows.tail(2000)


def test_counts_are_held_against_intervals_of_counts(claims):
    model, new = claims
    low, high = model.predict_interval(new.drop("y"), 0.9).T
    count, exposure = new["y"].to_numpy(), new["e"].to_numpy()
    within = (low <= count) & (count <= high)
    found = model.evaluate(new).coverage
    assert found.covered == within.sum()
    assert within.mean() > 0.88 > ((low <= count / exposure) & (count / exposure <= high)).mean()
    report = model.trust(new)
    assert not report.failed
    assert "coverage.table" in {check.name for check in report.checks if check.status == "held"}


def test_a_watch_counts_errors_of_whole_rows(claims):
    model, new = claims
    found = model.watch(new, stream=True, beyond=2.0, at_most=0.9).found
    wrong = np.abs(model.predict(new) - new["y"].to_numpy()) > 2.0
    assert found.stream.count.errors == wrong.sum()
    rows = model.run.judged.rows
    judged = model.run.dataset.frame[rows]
    distance = np.abs(model.run.judged.predictions["linear"].value * judged["e"] - judged["y"])
    expected = np.quantile(distance, 0.9, method="inverted_cdf")
    assert model.fitted.reference.errors.beyond == pytest.approx(expected, rel=1e-12)
    assert model.watch(new, stream=True).found.stream.alarm is None


def test_a_run_folder_has_whole_rows_and_is_judged_per_unit(claims, tmp_path):
    model, _ = claims
    kept = run_folder.predictions(model.run)
    rows = model.run.dataset.frame[kept["row"].to_numpy() - 1]
    assert kept["y"].to_list() == rows["y"].to_list()
    np.testing.assert_allclose(kept["prediction"], model.predict(rows))
    kept.write_parquet(tmp_path / run_folder.PREDICTIONS)
    places, prediction = run_folder.read_predictions(tmp_path, model.run.dataset)
    known, averaged = model.run.judged.average(len(model.run.dataset))
    np.testing.assert_array_equal(places, known)
    np.testing.assert_allclose(prediction.value, averaged["linear"].value)


def test_answers_of_the_model_in_use_are_of_whole_rows(claims):
    model, _ = claims
    evidence = Evidence.of(model.run)
    rows = evidence.frame.with_columns(old=pl.Series(evidence.prediction.value) * pl.col("e"))
    answered, _ = incumbent(replace(evidence, frame=rows), "old")
    np.testing.assert_allclose(answered.prediction.value, evidence.prediction.value)


def test_the_page_of_a_row_expects_a_count_of_one_unit(claims):
    model, new = claims
    rows = new.drop("y").with_columns(e=pl.lit(1.0))
    page = html.unescape(model.row_page(new.drop("y", "e"), row=3))
    section = page.partition('<section id="expected">')[2].partition("</section>")[0]
    low, high = model.predict_interval(rows)[2]
    assert f"y per unit of e is between {low:.3g} and {high:.3g};" in section


def test_a_watch_expects_the_metric_of_a_quantile_and_says_that_it_expects_no_deviance(counted):
    found = counted.watch(table(COUNTS).drop("y", "w").head(60)).found
    assert found.expected_score is None
    (said,) = [note for note in found.notes if "No score is expected without labels" in note]
    assert "the loss poisson does not allow" in said
    model, _ = of_quantile()
    expected = model.watch(table(COUNTS).drop("y", "w", "e")).found.expected_score
    assert [score.metric for score in expected.scores] == ["pinball", "rmse", "mae", "r2"]


def test_a_model_file_keeps_the_loss_and_the_exposure(counted, tmp_path):
    counted.save(tmp_path / "model.gradum")
    again = gradum.load(tmp_path / "model.gradum")
    np.testing.assert_array_equal(again.predict(table(COUNTS)), counted.predict(table(COUNTS)))
    with pytest.raises(ExportError, match="exposure of each row"):
        again.export(tmp_path / "model.onnx")


@pytest.mark.parametrize(
    ("dispersion", "shown"), [(1.0, False), (2.0, True)], ids=["poisson", "negative binomial"]
)
def test_overdispersion_is_told_from_a_poisson_law(dispersion, shown):
    rng, mean, above = np.random.default_rng(3), np.full(500, 1.5), 0
    for _ in range(200):
        if dispersion == 1.0:
            count = rng.poisson(mean)
        else:  # variance φμ
            count = rng.negative_binomial(mean / (dispersion - 1.0), 1.0 / dispersion)
        above += dispersion_of_counts(count.astype(float), mean).low > 1.0
    assert above > 180 if shown else above < 12


def test_the_baseline_is_the_best_constant():
    skewed = AMOUNTS + 0.1
    for loss, best in (
        ("absolute_error", lambda y: np.quantile(y, 0.5, method="inverted_cdf")),
        ("quantile:0.8", lambda y: np.quantile(y, 0.8, method="inverted_cdf")),
        ("gamma", np.mean),
    ):
        model = gradum.fit(
            table(skewed).drop("e", "w"),
            target="y",
            loss=loss,
            model="linear",
            linear={"strengths": [1.0]},
            cv=2,
            learning_curve=False,
            explain=False,
        )
        said = model.predict(table(skewed), rung="baseline")[0]
        known = skewed[np.isin(model.run.parts, (0, 1))]
        assert said == pytest.approx(best(known), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "loss", "in_blocks"),
    [
        ("linear", "poisson", True),
        ("linear", "quantile:0.9", True),
        ("linear", "huber:1", False),
        ("mlp", "tweedie:1.5", False),
        ("pack", "poisson", False),
    ],
)
def test_every_rung_beats_the_best_constant(model, loss, in_blocks, tmp_path):
    place = tmp_path / "t.csv"
    table(COUNTS).drop("w", "e").write_csv(place)
    options = {"effort": "quick", "learning_curve": False, "explain": False}
    options |= {"linear": {"strengths": [0.1]}, "pack": SMALL}
    options |= {"max_epochs": 10} if model == "mlp" else {}
    for blocks in (False, True)[: 1 + in_blocks]:
        way = {"blocks": True, "max_memory": "4GB"} if blocks else {"cv": 2}
        fitted = gradum.fit(place, target="y", loss=loss, model=model, **way, **options).fitted
        assert fitted.rungs[model].loss == loss
        judged, metric = fitted.judgement.scores, fitted.judgement.verdict.metric
        better = judged["baseline"]["test"][metric].value
        assert judged[model]["test"][metric].value < better


BAD = {
    "negative counts": (
        COUNTS - 1,
        {"loss": "poisson"},
        "does not suit the loss poisson.*at least 0",
    ),
    "halves": (COUNTS + 0.5, {"loss": "poisson"}, "must be whole numbers"),
    "zeros": (COUNTS, {"loss": "gamma"}, "does not suit the loss gamma.*above 0"),
    "classes": (COUNTS.astype(str), {"loss": "log_loss", "task": "regression"}, "task"),
    "words": (np.where(COUNTS > 1, "many", "few"), {"loss": "poisson"}, "poisson|number"),
    "unknown": (COUNTS, {"loss": "poison"}, "no loss 'poison'"),
    "no number": (COUNTS, {"loss": "quantile:x"}, "no number after its colon"),
    "level": (COUNTS, {"loss": "quantile:2"}, "quantile levels"),
    "power": (COUNTS, {"loss": "tweedie:3"}, "power"),
    "several": (COUNTS, {"loss": "quantile:0.1,0.9"}, "several numbers"),
    "no loss": (COUNTS, {"exposure": "e"}, "loss is not given"),
    "no rate": (COUNTS, {"exposure": "e", "loss": "huber"}, "counts and amounts"),
    "both": (AMOUNTS, {"loss": "gamma", "log_target": True}, "both given"),
    "metric": (AMOUNTS, {"metric": "deviance"}, "needs a --loss"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_suits_no_loss_is_refused_in_one_line(name):
    target, options, message = BAD[name]
    with pytest.raises(GradumError, match=message) as caught:
        gradum.fit(table(target), target="y", **options)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("exposure", [0.0, -1.0])
def test_exposures_that_are_not_above_0_are_refused(exposure):
    bad = table(COUNTS).with_columns(
        e=pl.when(pl.col("a") > 1).then(exposure).otherwise(pl.col("e"))
    )
    with pytest.raises(ColumnError, match=r"Exposure column 'e' .* not above 0 in") as caught:
        gradum.fit(bad, target="y", loss="poisson", exposure="e")
    assert "leave them out" in caught.value.remedy


def test_rivals_learn_by_the_same_loss_or_say_that_they_do_not():
    target = Target("y", "regression", loss="tweedie:1.3")
    known = {"objective": "tweedie", "tweedie_variance_power": 1.3}
    assert objective_of(LIBRARIES["lightgbm"], target) == known
    with pytest.raises(SpecError, match="CatBoost does not learn the loss gamma"):
        objective_of(LIBRARIES["catboost"], Target("y", "regression", loss="gamma"))
