"""What single rows push, against refits without them."""

import numpy as np
import polars as pl
import pytest
import scipy.optimize
import scipy.special

import gradum
from gradum.api.learned_rows import learned_rows
from gradum.core.models.last_layer import LastLayer
from gradum.errors import SpecError
from gradum.study.explanation.influence import STRENGTH, influence
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


@pytest.fixture(scope="module", params=["y", "two", "three"])
def linear(request):
    return fitted(request.param)


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


def mean_loss(logits, target, weight, loss):
    """The weighted sum of losses, written out."""
    if loss == "squared_error":
        return weight @ (logits[:, 0] - target) ** 2
    if logits.shape[1] == 1:
        return weight @ np.logaddexp(0, np.where(target == 1, -1, 1) * logits[:, 0])
    true = logits[np.arange(len(target)), target]
    return weight @ (scipy.special.logsumexp(logits, axis=1) - true)


def ridge(x, target, weight, penalty):
    """Weighted least squares with ½ penalty ‖w‖² beside Σ w r², as one longer least squares."""
    design = np.column_stack([x, np.ones(len(x))]) * np.sqrt(weight)[:, None]
    extra = np.sqrt(penalty / 2) * np.eye(x.shape[1], x.shape[1] + 1)
    long = np.concatenate([design, extra]), np.append(np.sqrt(weight) * target, np.zeros(len(extra)))
    return np.linalg.lstsq(*long, rcond=None)[0][:, None]


def refit(x, target, weight, penalty, start, loss):
    """The optimum of a convex head, its intercept last, by SciPy."""
    x1 = np.column_stack([x, np.ones(len(x))])

    def objective(theta):
        theta = theta.reshape(start.shape)
        logits = x1 @ theta
        if start.shape[1] == 1:
            slope = (scipy.special.expit(logits[:, 0]) - target)[:, None]
        else:
            slope = scipy.special.softmax(logits, axis=1) - np.eye(start.shape[1])[target]
        gradient = x1.T @ (weight[:, None] * slope)
        gradient[:-1] += penalty * theta[:-1]
        value = mean_loss(logits, target, weight, loss) + penalty / 2 * (theta[:-1] ** 2).sum()
        return value, gradient.ravel()

    options = {"gtol": 1e-9, "maxiter": 10_000}
    found = scipy.optimize.minimize(
        objective, start.ravel(), jac=True, method="BFGS", options=options
    )
    return found.x.reshape(start.shape)


def answer(rung, logits, classes):
    said = rung.prediction(logits)
    return said.probability if classes else said.value[:, None]


def test_least_squares_is_exact_and_one_step_near_the_refit(linear):
    asked = table(seed=1)[[3]]
    rows, push = pushes(linear, "linear", asked)
    rung, layer = rows.rung, LastLayer.join(rows.last_layers())
    x, there = layer.units[0], LastLayer.join(rows.last_layers(asked))
    point = np.append(there.units[0, 0], 1.0)
    start = np.vstack([layer.weight[0], layer.bias[0]])
    target = rows.target
    if rung.target_scale is not None:
        target = rung.target_scale.forward(target)
    penalty = rung.settings["alpha"] * rows.weight.sum()
    before = answer(rung, (point @ start)[None], linear.classes)
    chosen = before[0].argmax() if linear.classes else 0
    left_out = np.argsort(-np.abs(push))[:: len(push) // 20]
    expected = []
    for row in left_out:
        kept = np.arange(len(x)) != row
        some = x[kept], target[kept], rows.weight[kept], penalty
        theta = ridge(*some) if rung.loss == "squared_error" else refit(*some, start, rung.loss)
        after = answer(rung, (point @ theta)[None], linear.classes)
        expected.append(before[0, chosen] - after[0, chosen])
    if rung.loss == "squared_error":
        np.testing.assert_allclose(push[left_out], expected, rtol=0, atol=1e-9 * np.abs(push).max())
        return
    error = np.linalg.norm(push[left_out] - expected) / np.linalg.norm(expected)
    assert np.corrcoef(push[left_out], expected)[0, 1] > 0.999
    assert error < 0.05


def test_of_a_pack_the_heads_respond_as_their_refits(pack):
    """Refits answer all other rows as before, but for the row left out: see the module."""
    asked = table(seed=1)[[5]]
    rows, push = pushes(pack, "pack", asked)
    rung, layer = rows.rung, LastLayer.join(rows.last_layers())
    there = LastLayer.join(rows.last_layers(asked))
    target = rows.target
    if rung.target_scale is not None:
        target = rung.target_scale.forward(target)
    penalty = STRENGTH * rows.weight.mean()
    left_out = np.argsort(-np.abs(push))[:: len(push) // 8]
    members, expected = layer.logits.astype(np.float64), []
    for row in left_out:
        logits = []
        for member in range(len(layer.units)):
            x = np.column_stack([layer.units[member], np.ones(len(rows))]).astype(np.float64)
            moved = response(x, members[member], target, rows.weight, penalty, row, rung.loss)
            point = np.append(there.units[member, 0], 1.0)
            logits.append(there.logits[member] + point @ moved)
        expected.append(told(rung, layer.share, np.stack(logits), pack.classes))
    before = told(rung, layer.share, there.logits, pack.classes)
    chosen = before.argmax() if pack.classes else 0
    expected = before[chosen] - np.array(expected)[:, chosen]
    assert np.corrcoef(push[left_out], expected)[0, 1] > 0.99
    assert np.linalg.norm(push[left_out] - expected) < 0.1 * np.linalg.norm(expected)


def response(x, logits, target, weight, penalty, row, loss):
    """How a head moves that answers all rows as before, but no longer learns from one."""
    outputs = logits.shape[1]

    def link(values):
        if loss == "squared_error":
            return 2 * values
        if outputs == 1:
            return scipy.special.expit(values)
        return scipy.special.softmax(values, axis=1)

    def potential(values):
        if loss == "squared_error":
            return (values**2).sum(axis=1)
        if outputs == 1:
            return np.logaddexp(0, values[:, 0])
        return scipy.special.logsumexp(values, axis=1)

    truth = {True: lambda: 2 * target[:, None], False: lambda: np.eye(max(outputs, 2))[target]}
    wanted = truth[loss == "squared_error"]()
    if loss != "squared_error" and outputs == 1:
        wanted = wanted[:, 1:]

    def objective(theta):
        theta = theta.reshape(-1, outputs)
        new = logits + x @ theta
        apart = potential(new) - potential(logits) - (link(logits) * (new - logits)).sum(axis=1)
        own = potential(new[[row]])[0] - wanted[row] @ new[row]
        value = weight @ apart - weight[row] * own + penalty_scale * (theta[:-1] ** 2).sum()
        slope = weight[:, None] * (link(new) - link(logits))
        slope[row] -= weight[row] * (link(new[[row]])[0] - wanted[row])
        gradient = x.T @ slope
        gradient[:-1] += 2 * penalty_scale * theta[:-1]
        return value, gradient.ravel()

    penalty_scale = penalty / 2
    start = np.zeros(x.shape[1] * outputs)
    options = {"gtol": 1e-9, "maxiter": 10_000}
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
    sharp = mean ** rung.params["sharpness"][0]
    return sharp / sharp.sum()


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


def test_it_shows_itself(pack):
    asked = table(seed=1)
    shown = pack.influence(asked, row=7, count=4)
    assert len(shown.frame) == 4
    assert shown.frame["push"].abs().is_sorted(descending=True)
    assert "Row 7" in shown.summary()
    assert "held" in shown.summary()
    assert "on average over" in pack.influence(count=2).summary()
