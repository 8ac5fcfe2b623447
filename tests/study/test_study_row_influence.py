"""The influence of single rows, against refits without them."""

import numpy as np
import polars as pl
import pytest
import scipy.optimize
import scipy.special

import gradum
from gradum.core.models.opened import LastLayer
from gradum.errors import SpecError
from gradum.questions.influence import influence as module
from gradum.questions.influence.influence import STRENGTH, influence
from gradum.questions.rows.learned_rows import learned_rows
from synthetic import ONCE

ROWS = 150


def table(seed=0):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, ROWS))
    c = rng.choice(["x", "y", "z"], ROWS)
    level = a - 0.5 * b + (c == "x") + 0.6 * rng.normal(size=ROWS)
    return pl.DataFrame(
        {
            "a": a,
            "b": pl.Series(b).set(pl.Series(rng.random(ROWS) < 0.1), None),
            "c": c,
            "w": rng.uniform(0.5, 2, ROWS),
            "y": 100 + 7 * level,
            "two": np.where(level > 0.3, "yes", "no"),
            "three": np.digitize(level, [-0.5, 0.7]),
        }
    )


def fitted(target, model="linear", **options):
    rows = table().select("a", "b", "c", "w", target)
    return gradum.fit(rows, target, model=model, weight="w", seed=0, **(ONCE | options))


LINEAR = {
    "y": {},
    "y, by its logarithm": {"log_target": True},
    "two": {},
    "two, balanced": {"class_weight": "balanced"},
    "three": {},
}


@pytest.fixture(scope="module", params=LINEAR)
def linear(request):
    return fitted(request.param.split(",")[0], **LINEAR[request.param])


@pytest.fixture(scope="module", params=["y", "two", "three"])
def pack(request):
    return fitted(request.param, model="pack")


def pushes(model, rung, asked):
    """The push of every row, by its place among the rows learned from."""
    rows = learned_rows(model, rung)
    frame = influence(rows, asked, count=len(rows)).frame
    place = {number: i for i, number in enumerate(rows.numbers.tolist())}
    push = np.empty(len(rows))
    push[[place[row] for row in frame["row"]]] = frame["push"]
    return rows, push


def ridge(x, target, weight, penalty):
    """Weighted least squares with ½ penalty ‖w‖² beside Σ w r², as one longer least squares."""
    design = np.column_stack([x, np.ones(len(x))]) * np.sqrt(weight)[:, None]
    extra = np.sqrt(penalty / 2) * np.eye(x.shape[1], x.shape[1] + 1)
    long = (
        np.concatenate([design, extra]),
        np.append(np.sqrt(weight) * target, np.zeros(len(extra))),
    )
    return np.linalg.lstsq(*long, rcond=None)[0][:, None]


def sloped(x, theta, target, weight, penalty):
    """The gradient (p k,) and Hessian (p k, p k) of a penalised head's log loss."""
    logits, p = x @ theta, x.shape[1]
    if theta.shape[1] == 1:
        share = scipy.special.expit(logits)
        slope, bend = share - target[:, None], (share * (1 - share))[:, :, None]
    else:
        share = scipy.special.softmax(logits, axis=1)
        slope = share - np.eye(theta.shape[1])[target]
        bend = share[:, :, None] * (np.eye(theta.shape[1]) - share[:, None])
    free = penalty * np.append(np.ones(p - 1), 0.0)
    gradient = x.T @ (weight[:, None] * slope) + free[:, None] * theta
    hessian = np.einsum("n,na,nb,nij->aibj", weight, x, x, bend)
    hessian += np.einsum("ab,ij->aibj", np.diag(free), np.eye(theta.shape[1]))
    return gradient.ravel(), hessian.reshape(gradient.size, -1)


def steps(x, theta, target, weight, penalty, count):
    """A head after so many of Newton's steps; of K classes one of the equal answers."""
    x = np.column_stack([x, np.ones(len(x))])
    for _ in range(count):
        gradient, hessian = sloped(x, theta, target, weight, penalty)
        theta = theta - (np.linalg.pinv(hessian, hermitian=True) @ gradient).reshape(theta.shape)
    return theta


def answer(rung, logits, classes):
    said = rung.prediction(logits)
    return said.probability if classes else said.value[:, None]


def test_of_a_linear_model_they_are_what_refits_without_the_row_say(linear):
    asked = table(seed=1)[[3]]
    rows, push = pushes(linear, "linear", asked)
    rung, layer = rows.rung, LastLayer.join(rows.last_layers())
    x, there = layer.units[0], LastLayer.join(rows.last_layers(asked))
    point, start = np.append(there.units[0, 0], 1.0), np.vstack([layer.weight[0], layer.bias[0]])
    squares = rung.target_scale is not None
    target = rung.target_scale.forward(rows.target) if squares else rows.target
    penalty = rung.settings["alpha"] * rows.weight.sum()
    before = answer(rung, (point @ start)[None], linear.classes)
    chosen = before[0].argmax() if linear.classes else 0
    left_out = np.argsort(-np.abs(push))[::5]
    stepped, refitted = [], []
    for row in left_out:
        kept = np.arange(len(x)) != row
        some = target[kept], rows.weight[kept], penalty
        for count, into in ((1, stepped), (8, refitted)):
            theta = ridge(x[kept], *some) if squares else steps(x[kept], start, *some, count)
            after = answer(rung, (point @ theta)[None], linear.classes)
            into.append(before[0, chosen] - after[0, chosen])
    most = np.abs(push).max()
    np.testing.assert_allclose(push[left_out], stepped, rtol=0, atol=1e-9 * most)
    assert np.corrcoef(push[left_out], refitted)[0, 1] > 0.995
    error = np.linalg.norm(push[left_out] - refitted) / np.linalg.norm(refitted)
    assert error < (1e-9 if squares else 0.1)


def test_of_a_pack_the_heads_move_as_those_do_that_answer_all_other_rows_as_before(pack):
    """Each is brought to the optimum of its proximal Bregman objective; see the module."""
    asked = table(seed=1)[[5]]
    rows, push = pushes(pack, "pack", asked)
    rung, layer = rows.rung, LastLayer.join(rows.last_layers())
    there = LastLayer.join(rows.last_layers(asked))
    squares = rung.target_scale is not None
    target = rung.target_scale.forward(rows.target) if squares else rows.target
    before = told(rung, layer.share, there.logits, pack.classes)
    chosen = before.argmax() if pack.classes else 0
    penalty = STRENGTH * rows.weight.mean()
    left_out = np.argsort(-np.abs(push))[:: len(push) // 8]
    refitted = []
    for row in left_out:
        logits = there.logits.astype(np.float64)
        for member, (units, at) in enumerate(zip(layer.units, there.units, strict=True)):
            x = np.column_stack([units, np.ones(len(units))]).astype(np.float64)
            said = layer.logits[member].astype(np.float64)
            moved = response(x, said, target, rows.weight, penalty, row, squares)
            logits[member] += np.append(at[0], 1.0) @ moved
        refitted.append(before[chosen] - told(rung, layer.share, logits, pack.classes)[chosen])
    push = push[left_out]
    error = np.linalg.norm(push - refitted) / np.linalg.norm(refitted)
    assert np.corrcoef(push, refitted)[0, 1] > 0.99
    assert error < (1e-4 if squares else 0.1)


def response(x, logits, target, weight, penalty, row, squares):
    """How a head moves that answers all rows as before, but no longer learns from one.

    Of a loss potential(z) - z·wanted, what other answers cost is the potential's Bregman distance.
    """
    outputs, single = logits.shape[1], logits.shape[1] == 1
    if squares:
        wanted = 2 * target[:, None]
    else:
        wanted = target[:, None] if single else np.eye(outputs)[target]

    def potential(z):
        if squares:
            return (z**2).sum(axis=1)
        return np.logaddexp(0, z[:, 0]) if single else scipy.special.logsumexp(z, axis=1)

    def link(z):
        if squares:
            return 2 * z
        return scipy.special.expit(z) if single else scipy.special.softmax(z, axis=1)

    def objective(theta):
        theta = theta.reshape(-1, outputs)
        new = logits + x @ theta
        apart = potential(new) - potential(logits) - (link(logits) * (new - logits)).sum(axis=1)
        learned = potential(new[[row]])[0] - wanted[row] @ new[row]
        value = weight @ apart - weight[row] * learned + penalty / 2 * (theta[:-1] ** 2).sum()
        slope = weight[:, None] * (link(new) - link(logits))
        slope[row] -= weight[row] * (link(new[[row]])[0] - wanted[row])
        gradient = x.T @ slope
        gradient[:-1] += penalty * theta[:-1]
        return value, gradient.ravel()

    start, options = np.zeros(x.shape[1] * outputs), {"gtol": 1e-9, "maxiter": 10_000}
    found = scipy.optimize.minimize(objective, start, jac=True, method="BFGS", options=options)
    return found.x.reshape(-1, outputs)


def told(rung, share, members, classes):
    """What members with these logits (M, 1, k) say together, written out."""
    if not classes:
        return rung.prediction((share[:, None, None] * members).sum(axis=0)).value
    if members.shape[2] == 1:
        yes = share @ scipy.special.expit(members[:, 0, 0])
        mean = np.array([1 - yes, yes])
    else:
        mean = share @ scipy.special.softmax(members[:, 0], axis=1)
    logs = rung.params["sharpness"][0] * np.log(mean)
    for step in rung.calibration:
        assert len(logs) > 2
        logs = np.array(step.weight) @ (logs - logs.mean()) + step.bias
    return scipy.special.softmax(logs)


def test_on_the_whole_is_the_mean_over_single_rows():
    model = fitted("two")
    rows = learned_rows(model, "linear")
    whole = influence(rows, None, count=len(rows)).frame.sort("row")["push"].to_numpy()
    single = []
    for place in range(len(rows)):
        frame = influence(rows, rows.frame[[place]], count=len(rows)).frame
        single.append(frame.sort("row")["push"].to_numpy())
    np.testing.assert_allclose(whole, np.abs(single).mean(axis=0), rtol=1e-9)


def test_a_loss_without_curvature_is_refused_by_name():
    model = fitted("y", model="pack", metric="mae")
    with pytest.raises(SpecError, match="absolute_error"):
        model.influence(table()[[0]])
    with pytest.raises(SpecError, match="baseline"):
        model.influence(table()[[0]], rung="baseline")


def test_what_would_take_too_much_is_refused(linear, monkeypatch):
    monkeypatch.setattr(module, "MOST_COEFFICIENTS", 3)
    with pytest.raises(SpecError, match="more than the 3 up to which"):
        linear.influence(table()[[0]], rung="linear")
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    with pytest.raises(SpecError, match="The last layers of 120 rows take"):
        linear.influence(table()[[0]], rung="linear")


def test_it_shows_itself(pack):
    asked = table(seed=1)
    shown = pack.influence(asked, row=7, count=4)
    assert len(shown.frame) == 4
    assert shown.frame["push"].abs().is_sorted(descending=True)
    assert "Row 7" in shown.summary()
    assert "stay fixed" in shown.summary()
    assert "on average over" in pack.influence(count=2).summary()
