"""The estimators' losses, penalties, paths and cross-validation, against scikit-learn's."""

import pickle
import warnings

import numpy as np
import pytest
import sklearn.linear_model as sk
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold

import gradum
from gradum import CrossValidated, LinearRegression, LogisticRegression, MLPClassifier, MLPRegressor
from gradum.errors import SpecError, TargetError

ROWS = 150
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, 5)) * [1.0, 3.0, 0.3, 1.0, 1.0] + 1.0
Y = (X - 1.0) @ [1.0, -0.5, 2.0, 0.0, 0.0] + RNG.normal(size=ROWS)
LABEL = np.where(Y + RNG.logistic(size=ROWS) > 0, "yes", "no")
COUNT = RNG.poisson(np.exp(0.4 * Y)).astype(float)


def test_every_loss_by_name_predicts_as_its_peer():
    huber = LinearRegression(loss=gradum.Huber(0.5), solver="newton").fit(X, Y)
    assert abs(np.clip(2 * (huber.predict(X) - Y), -1, 1).mean()) < 1e-8  # the slope of the level
    median = LinearRegression(loss="absolute_error").fit(X, Y)
    peer = sk.QuantileRegressor(quantile=0.5, alpha=0.0).fit(X, Y)
    np.testing.assert_allclose(median.predict(X), peer.predict(X), atol=1e-6)
    poisson = LinearRegression(loss="poisson", alpha=0.1).fit(X, COUNT)
    peer = sk.PoissonRegressor(alpha=0.1, tol=1e-10, solver="newton-cholesky").fit(X, COUNT)
    np.testing.assert_allclose(poisson.predict(X), peer.predict(X), rtol=1e-6)
    gamma = LinearRegression(loss="gamma").fit(X, COUNT + 0.5)
    peer = sk.GammaRegressor(alpha=0.0, tol=1e-10, solver="newton-cholesky").fit(X, COUNT + 0.5)
    np.testing.assert_allclose(gamma.predict(X), peer.predict(X), rtol=1e-6)


def test_quantiles_never_cross_even_where_nothing_was_seen():
    levels = (0.1, 0.3, 0.5, 0.9)
    model = LinearRegression(loss=gradum.Quantile(levels)).fit(X, Y)
    assert model.coef_.shape == (4, 5)
    assert model.intercept_.shape == (4,)
    said = model.predict(100.0 * RNG.normal(size=(300, 5)))
    assert said.shape == (300, 4)
    assert (np.diff(said, axis=1) >= 0).all()
    np.testing.assert_allclose(
        (Y[:, None] <= model.predict(X) + 1e-9).mean(axis=0), levels, atol=0.04
    )


@pytest.mark.parametrize("solver", ["newton", "proximal"])
def test_l1_leaves_columns_out(solver):
    model = LinearRegression(penalty="l1", alpha=0.6, solver=solver).fit(X, Y)
    peer = sk.Lasso(alpha=0.3, tol=1e-12).fit(X, Y)
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-6)
    assert (model.coef_ == 0).sum() == (peer.coef_ == 0).sum() > 0
    assert model.certificate_.duality_gap < 1e-6


def test_a_penalty_instance_brings_its_own_numbers():
    free = LinearRegression(penalty=gradum.L1(1e3, factor=[1, 1, 0, 1, 1])).fit(X, Y)
    assert np.flatnonzero(free.coef_).tolist() == [2]
    alone = sk.LinearRegression().fit(X[:, 2:3], Y)
    np.testing.assert_allclose(free.coef_[2], alone.coef_[0], rtol=1e-8)
    assert free.alpha_ == 1e3


@pytest.mark.parametrize("factor", [None, [1.0, 0.0, 2.0, 1.0, 0.5]])
def test_ridge_by_column_is_the_closed_form(factor):
    model = LinearRegression(penalty=gradum.L2(0.3, factor=factor)).fit(X, Y)
    z = X - X.mean(axis=0)
    price = 0.15 * ROWS * np.diag(np.ones(5) if factor is None else factor)
    expected = np.linalg.solve(z.T @ z + price, z.T @ (Y - Y.mean()))
    np.testing.assert_allclose(model.coef_, expected, rtol=1e-10)
    assert model.certificate_.duality_gap < 1e-12


def folds(splitter):
    return list(splitter(5, shuffle=True, random_state=3).split(X, LABEL))


def test_cross_validated_lasso_is_scikit_learns_on_its_folds():
    alphas = np.logspace(0, -3, 12)
    cv = CrossValidated(folds=5, alphas=(2 * alphas).tolist())
    model = LinearRegression(penalty="l1", alpha=cv, random_state=3).fit(X, Y)
    losses = []
    for alpha in alphas:
        held_out = []
        for train, held in folds(KFold):
            # The same price against as much evidence: alpha n/m on m of n rows.
            peer = sk.Lasso(alpha=alpha * ROWS / len(train), tol=1e-12).fit(X[train], Y[train])
            held_out.append(np.mean((peer.predict(X[held]) - Y[held]) ** 2))
        losses.append(np.mean(held_out))
    np.testing.assert_allclose(model.path_.losses, losses, rtol=1e-8)
    assert model.alpha_ == 2 * alphas[np.argmin(losses)]
    whole = sk.Lasso(alpha=model.alpha_ / 2, tol=1e-12).fit(X, Y)
    np.testing.assert_allclose(model.coef_, whole.coef_, atol=1e-8)


@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_cross_validated_logistic_regression_is_scikit_learns_on_its_folds(penalty):
    alphas = np.logspace(-1, -4, 6)
    cv = CrossValidated(folds=5, alphas=alphas.tolist())
    model = LogisticRegression(penalty=penalty, alpha=cv, random_state=3).fit(X, LABEL)
    losses = []
    for alpha in alphas:
        held_out = []
        for train, held in folds(StratifiedKFold):
            peer = sk.LogisticRegression(
                C=1 / (alpha * ROWS),
                l1_ratio=float(penalty == "l1"),
                solver="saga" if penalty == "l1" else "lbfgs",
                tol=1e-8,
                max_iter=20_000,
            ).fit(X[train], LABEL[train])
            chance = peer.predict_proba(X[held])[:, 1]
            held_out.append(-np.log(np.where(LABEL[held] == "yes", chance, 1 - chance)).mean())
        losses.append(np.mean(held_out))
    np.testing.assert_allclose(model.path_.losses, losses, rtol=1e-5)
    assert model.alpha_ == alphas[np.argmin(losses)]


def test_cv_by_name_chooses_among_strengths_that_matter():
    noise = np.random.default_rng(1).normal(size=(ROWS, 40))
    wide = np.hstack([X, noise])
    model = LinearRegression(penalty="l1", alpha="cv", random_state=0).fit(wide, Y)
    assert 3 <= np.count_nonzero(model.coef_) < 30
    strongest, weakest = model.path_.alphas[0], model.path_.alphas[-1]
    assert weakest < model.alpha_ < strongest
    assert not LinearRegression(penalty="l1", alpha=1.0001 * strongest).fit(wide, Y).coef_.any()
    assert LinearRegression(penalty="l1", alpha=0.98 * strongest).fit(wide, Y).coef_.any()
    ridge = LinearRegression(alpha="cv", random_state=0).fit(X, Y)
    assert ridge.path_.losses[0] > 1.5 * min(ridge.path_.losses)
    again = LinearRegression(alpha="cv", random_state=0).fit(X, Y)
    np.testing.assert_array_equal(ridge.coef_, again.coef_)


def test_one_standard_error_prefers_the_stronger_penalty():
    best = LogisticRegression(alpha="cv", random_state=1).fit(X, LABEL)
    rule = CrossValidated(one_standard_error=True)
    strong = LogisticRegression(alpha=rule, random_state=1).fit(X, LABEL)
    path = strong.path_
    index = int(np.argmin(path.losses))
    within = np.array(path.losses) <= path.losses[index] + path.spreads[index]
    assert strong.alpha_ == path.alphas[int(np.argmax(within))] > best.alpha_


@pytest.mark.parametrize("loss", ["huber", "quantile"])
def test_losses_without_a_shared_hessian_are_cross_validated_too(loss):
    cv = CrossValidated(folds=3, alphas=[1.0, 0.1, 0.001])
    model = LinearRegression(loss=loss, alpha=cv, random_state=0).fit(X, Y)
    assert model.alpha_ == model.path_.alphas[int(np.argmin(model.path_.losses))]
    assert model.path_.losses[0] > min(model.path_.losses)


def test_a_path_ends_where_a_fit_does():
    model = LinearRegression(penalty="elastic_net", l1_ratio=0.5)
    path = model.path(X, Y, alphas=20)
    assert not hasattr(model, "coef_")
    assert path.weights.shape == (20, 5, 1)
    assert not path.weights[0].any()
    assert (path.duality_gaps <= 1e-10 * path.objectives).all()
    peers = [sk.ElasticNet(alpha=a / 2, l1_ratio=0.5, tol=1e-12).fit(X, Y) for a in path.alphas]
    np.testing.assert_allclose(path.weights[:, :, 0], [peer.coef_ for peer in peers], atol=1e-6)
    np.testing.assert_allclose(path.biases[:, 0], [peer.intercept_ for peer in peers], atol=1e-6)
    path = LogisticRegression(penalty="l1").path(X, LABEL, alphas=5)
    alone = LogisticRegression(penalty="l1", alpha=path.alphas[-1]).fit(X, LABEL)
    np.testing.assert_allclose(path.weights[-1].T, alone.coef_, atol=1e-8)
    assert path.objectives[-1] == pytest.approx(alone.loss_, rel=1e-10)


@pytest.mark.parametrize(
    ("estimator", "options", "said"),
    [
        (LinearRegression, {"loss": "log_loss"}, "loss of classes"),
        (LinearRegression, {"loss": "mse"}, "no loss 'mse'"),
        (LogisticRegression, {"loss": "poisson"}, "no loss of classes"),
        (LinearRegression, {"penalty": "l3"}, "no penalty 'l3'.*l2, l1"),
        (LinearRegression, {"penalty": 3}, "penalty is 3"),
        (LinearRegression, {"penalty": "elastic_net", "l1_ratio": 1.5}, "l1_ratio is 1.5.*0 to 1"),
        (LinearRegression, {"alpha": "auto"}, "alpha is 'auto'.*'cv'"),
        (LinearRegression, {"penalty": "none", "alpha": "cv"}, "no penalty whose alpha"),
        (LinearRegression, {"penalty": gradum.L2(1.0, factor=[1, 1])}, "2,.*5 columns"),
        (
            LinearRegression,
            {"penalty": gradum.L2(1.0, factor=[-1] * 5)},
            "factor of the penalty is below 0",
        ),
        (LinearRegression, {"alpha": CrossValidated(folds=151)}, "150 rows, fewer than the 151"),
        (LogisticRegression, {"solver": "exact"}, "no solver 'exact'"),
        (LinearRegression, {"loss": "quantile", "solver": "newton"}, "no solver 'newton'"),
        (MLPRegressor, {"loss": "log_loss"}, "loss of classes"),
        (MLPClassifier, {"loss": "huber"}, "no loss of classes"),
        (MLPRegressor, {"penalty": "l3"}, "no penalty 'l3'"),
    ],
)
def test_what_makes_no_sense_is_said(estimator, options, said):
    y = LABEL if estimator in (LogisticRegression, MLPClassifier) else Y
    with pytest.raises((SpecError, ValueError), match=said):
        estimator(**options).fit(X, y)


@pytest.mark.parametrize(
    ("loss", "bad", "said"),
    [("poisson", -1.0, "row 8 has -1.0"), ("gamma", 0.0, "above 0; row 8 has 0.0")],
)
@pytest.mark.parametrize("estimator", [LinearRegression, MLPRegressor])
def test_a_target_without_meaning_is_refused_by_its_row(estimator, loss, bad, said):
    y = COUNT + 1.0
    y[7] = bad
    with pytest.raises(TargetError, match=said):
        estimator(loss=loss).fit(X, y)


@pytest.mark.parametrize("value", ["nonsense", 1])
def test_numbers_out_of_range_are_refused_when_it_is_made(value):
    with pytest.raises(SpecError, match="folds is"):
        CrossValidated(folds=value)
    with pytest.raises(SpecError, match="alphas is"):
        CrossValidated(alphas=1)


def test_the_separating_columns_are_named_by_name_in_the_warning():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d", "e"])
    with pytest.warns(ConvergenceWarning, match="'d' tell"):
        model = LogisticRegression(alpha=0.0).fit(frame, X[:, 3] > 1.0)
    assert model.certificate_.separating == (3,)


def test_auto_says_why_and_a_named_solver_that_it_was_asked_for():
    assert "closed form" in LinearRegression().fit(X, Y).solver_reason_
    assert "kinks" in LinearRegression(loss="quantile").fit(X, Y).solver_reason_
    assert "asked for" in LinearRegression(solver="newton").fit(X, Y).solver_reason_


@pytest.mark.parametrize(
    "model",
    [
        LinearRegression(penalty=gradum.L1(0.1, factor=[1, 1, 1, 1, 0])),
        LinearRegression(loss=gradum.Quantile((0.2, 0.8)), alpha=CrossValidated(3, (0.1, 0.01))),
        LogisticRegression(loss=gradum.LogLoss(label_smoothing=0.1), solver=gradum.LBFGS()),
        LogisticRegression(solver=gradum.Clipped(gradum.Adam(0.1), norm=1.0), max_iter=20, tol=0),
    ],
    ids=repr,
)
def test_estimators_clone_and_pickle_with_their_parts(model):
    y = LABEL if isinstance(model, LogisticRegression) else Y
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = clone(model).fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), fitted.predict(X))


def test_label_smoothing_shrinks_the_probabilities():
    plain = LogisticRegression(alpha=1e-4).fit(X, LABEL)
    smooth = LogisticRegression(alpha=1e-4, loss=gradum.LogLoss(label_smoothing=0.2)).fit(X, LABEL)
    assert np.abs(smooth.coef_).sum() < np.abs(plain.coef_).sum()
    # The mean of the smoothed target is that of the probabilities, as the intercept is free.
    share = 0.8 * (LABEL == "yes").mean() + 0.1
    np.testing.assert_allclose(smooth.predict_proba(X)[:, 1].mean(), share, rtol=1e-8)


def test_networks_learn_counts_and_quantiles():
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    counts = MLPRegressor(4, loss="poisson", solver="lbfgs", random_state=0).fit(z, COUNT)
    assert counts.out_activation_ == "exp"
    assert (counts.predict(z) > 0).all()
    baseline = gradum.Poisson().value(np.full((ROWS, 1), np.log(COUNT.mean())), COUNT).mean()
    assert counts.loss_ < 0.9 * baseline
    quantiles = gradum.Quantile((0.1, 0.9))
    bands = MLPRegressor(16, loss=quantiles, learning_rate=0.01, random_state=0).fit(z, Y)
    said = bands.predict(z)
    assert said.shape == (ROWS, 2)
    assert (said[:, 0] <= said[:, 1]).all()
    assert 0.6 < ((said[:, 0] <= Y) & (said[:, 1] >= Y)).mean() < 0.95
