"""The lab's numbers in JavaScript against gradum.core, its solvers and the worked step."""

import itertools
import math
from dataclasses import replace

import jax
import numpy as np
import pytest
import scipy.special
from lab_node import answered_by
from test_lab_table import plain

from gradum.core import ACTIVATIONS, L1, L2, LOSSES, ElasticNet, Network, Problem
from gradum.lab.built_in import built_in
from gradum.solvers.first_order import FIRST_ORDER
from gradum.study.explain_step import explain_step
from node import needs_node

LOSSES = {name: loss for name, loss in LOSSES.items() if not loss.one_score}  # not in the lab

pytestmark = needs_node

SOLVERS = ("gd", "sgd", "momentum", "adam")
PENALTIES = {"none": L2(0.0), "l2": L2(0.01), "l1": L1(0.01), "elastic_net": ElasticNet(0.01)}
STEPS, ROWS, WIDTHS = 100, 12, (3, 4, 3)
RATES = {"gd": 0.05, "sgd": 0.05, "momentum": 0.01, "adam": 0.02}
TRAIN = """
const { LOSSES } = $losses, { Training } = $training, data = Float64Array.from(given.inputs.flat());
const answer = given.settings.map((settings) => {
  const target = Float64Array.from(given.target[settings.loss]);
  const rows = { inputs: data, target }, outputs = given.outputs[settings.loss];
  const machine = new Training(settings, outputs, rows, rows);
  const { deltas, gradient } = machine.trace, batches = [];
  const begin = JSON.parse(JSON.stringify(machine.params, asLists));
  for (let step = 0; step < given.steps; step++) {
    batches.push(Array.from(machine.places()));
    machine.finishStep();
  }
  return { begin, batches, end: machine.params, deltas, gradient };
});
"""


def target_of(loss):
    """A target that has a meaning for the loss, and how many outputs it takes."""
    if LOSSES[loss].link == "logit":
        return np.random.default_rng(2).integers(0, 3, ROWS), 3
    return np.abs(np.random.default_rng(3).normal(size=ROWS)) + 0.1, 1


@pytest.fixture(scope="module")
def inputs():
    """Rows [n, 3]."""
    return np.random.default_rng(1).normal(size=(ROWS, WIDTHS[0]))


def settings_of(activation, loss, solver, **more):
    """Settings of the page's training machine."""
    penalty = list(PENALTIES)[(list(ACTIVATIONS).index(activation) + SOLVERS.index(solver)) % 4]
    plain = {"hidden": list(WIDTHS[1:]), "penalty": penalty, "alpha": 0.01, "dropout": 0}
    rest = {"rate": RATES[solver], "batch": 5, "seed": 7}
    return {"activation": activation, "loss": loss, "solver": solver, **plain, **rest, **more}


def trained(settings, inputs):
    """What the page's machine says of each of the settings, after 100 steps."""
    targets = {loss: target_of(loss) for loss in LOSSES}
    given = {
        "inputs": inputs.tolist(),
        "target": {loss: target.tolist() for loss, (target, _) in targets.items()},
        "outputs": {loss: outputs for loss, (_, outputs) in targets.items()},
        "settings": settings,
        "steps": STEPS,
    }
    modules = ("mathematics/losses.js", "mathematics/training.js")
    return answered_by(modules, TRAIN, given)


@pytest.fixture(scope="module")
def combinations(inputs):
    """Every activation, loss and solver, and what the machine says of it."""
    settings = [settings_of(*each) for each in itertools.product(ACTIVATIONS, LOSSES, SOLVERS)]
    return list(zip(settings, trained(settings, inputs), strict=True))


def as_params(layers):
    """The parameters of JavaScript, as gradum has them."""
    shaped = []
    for layer in layers:
        weight, bias = (np.array(layer[part], np.float64) for part in ("weight", "bias"))
        shaped.append({"weight": weight.reshape(-1, len(bias)), "bias": bias})
    return {"layers": shaped}


def gradient_of(weights, settings, rows, target):
    """The gradients [s, p] of several networks of one loss, by gradum's own parts."""
    sigmas = [ACTIVATIONS[each["activation"]] for each in settings]
    loss, count = LOSSES[settings[0]["loss"]], len(settings)
    strengths = [PENALTIES[each["penalty"]].strengths(1) for each in settings]
    l1, l2 = np.array(strengths)[:, :, :, None].transpose(1, 0, 2, 3)
    layers = layers_of(weights, target_of(loss.name)[1])
    entered, sums = [np.broadcast_to(rows, (count, *rows.shape))], []
    for weight, bias in layers:
        sums.append(entered[-1] @ weight + bias[:, None])
        entered.append(np.stack([f.numpy(a) for f, a in zip(sigmas, sums[-1], strict=True)]))
    logits = sums[-1].reshape(-1, sums[-1].shape[2])
    delta = loss.gradient(logits, np.tile(target, count)).reshape(sums[-1].shape) / len(target)
    parts = []
    for level in range(len(sums) - 1, -1, -1):
        weight, _ = layers[level]
        slopes = entered[level].transpose(0, 2, 1) @ delta + l1 * np.sign(weight) + l2 * weight
        parts[:0] = [slopes.reshape(count, -1), delta.sum(axis=1)]
        if level:
            below = zip(sigmas, sums[level - 1], strict=True)
            slopes = np.stack([f.derivative(a) for f, a in below])
            delta = delta @ weight.transpose(0, 2, 1) * slopes
    return np.concatenate(parts, axis=1)


def layers_of(weights, outputs):
    """Weights [s, in, out] and biases [s, out] of each layer, in numbers [s, p]."""
    layers, at = [], 0
    for fan_in, fan_out in itertools.pairwise((*WIDTHS, outputs)):
        middle, end = at + fan_in * fan_out, at + (fan_in + 1) * fan_out
        layers.append((weights[:, at:middle].reshape(-1, fan_in, fan_out), weights[:, middle:end]))
        at = end
    return layers


def in_a_row(several):
    """The parameters of several networks of JavaScript as numbers [s, p]."""
    return np.array(
        [[x for each in net for x in (*each["weight"], *each["bias"])] for net in several]
    )


def test_elementary_functions_are_those_of_the_standard_library():
    at = np.concatenate([np.linspace(-40, 40, 901), np.logspace(-18, 2.8, 300), [710.0, -746.0]])
    expected = {
        "exp": np.exp,
        "expm1": np.expm1,
        "tanh": np.tanh,
        "logistic": scipy.special.expit,
        "normalShare": scipy.special.ndtr,
    }
    of_positive = {"log": np.log, "log1p": np.log1p}
    program = """
      const answer = given.map(([name, values]) => values.map((x) => String($elementary[name](x))));
    """
    asked = [(name, at.tolist()) for name in expected]
    asked += [(name, np.abs(at).tolist()) for name in of_positive]
    with np.errstate(over="ignore", divide="ignore"):
        answers = answered_by(["mathematics/elementary.js"], program, asked)
        for (name, values), answer in zip(asked, answers, strict=True):
            truth = (expected | of_positive)[name](np.array(values))
            found = np.array([float(text.replace("Infinity", "inf")) for text in answer])
            np.testing.assert_allclose(found, truth, rtol=1e-14, atol=1e-15, err_msg=name)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("solvers", [("gd",), ("sgd", "momentum", "adam")])
def test_hundred_steps_end_where_gradums_own_parts_end(
    solvers, loss, combinations, inputs, methods
):
    chosen = [each for each in combinations if each[0]["loss"] == loss]
    several = [[each for each in chosen if each[0]["solver"] == solver] for solver in solvers]
    settings, said = zip(*itertools.chain(*several), strict=True)
    target, _ = target_of(loss)
    weights = in_a_row([each["begin"] for each in said])
    with jax.enable_x64(True):
        states = [methods[solver][0](part) for solver, part in parts_of(weights, solvers)]
        for places in said[0]["batches"]:  # with one seed, those of each that takes batches
            gradient = gradient_of(weights, settings, inputs[places], target[places])
            for at, (solver, part) in enumerate(parts_of(gradient, solvers)):
                step, states[at] = methods[solver][1](part, states[at])
                weights[at * len(part) : (at + 1) * len(part)] += np.asarray(step)
    np.testing.assert_allclose(
        in_a_row([each["end"] for each in said]), weights, rtol=1e-6, atol=1e-6
    )


@pytest.fixture(scope="module")
def methods():
    """How each of gradum's solvers begins and steps."""
    made = {}
    for name in SOLVERS:
        method = replace(FIRST_ORDER[name], learning_rate=RATES[name]).transformation()
        made[name] = method.init, jax.jit(method.update)
    return made


def parts_of(numbers, solvers):
    """The equal parts of numbers [s, p], one a solver."""
    return zip(solvers, np.split(numbers, len(solvers)), strict=True)


def test_first_step_on_one_row_is_the_worked_step(inputs):
    row = inputs[:1]
    choices = list(itertools.product(ACTIVATIONS, LOSSES))
    settings = [settings_of(*each, "gd", hidden=[3, 2]) for each in choices]
    targets = {loss: target_of(loss) for loss in LOSSES}
    given = {
        "inputs": row.tolist(),
        "target": {loss: target[:1].tolist() for loss, (target, _) in targets.items()},
        "outputs": {loss: outputs for loss, (_, outputs) in targets.items()},
        "settings": settings,
        "steps": 1,
    }
    said = answered_by(("mathematics/losses.js", "mathematics/training.js"), TRAIN, given)
    for (activation, loss), set_to, found in zip(choices, settings, said, strict=True):
        target, outputs = targets[loss]
        network = Network(WIDTHS[0], outputs, (3, 2), activation)
        problem = Problem(network, LOSSES[loss], PENALTIES[set_to["penalty"]])
        step = explain_step(
            as_params(found["begin"]), problem, {"dense": row}, target[0], learning_rate=RATES["gd"]
        )
        for level, layer in enumerate(step.layers):
            np.testing.assert_allclose(found["deltas"][level], layer.delta, rtol=1e-9, atol=1e-12)
            gradient = np.reshape(found["gradient"][level]["weight"], layer.weight.shape)
            np.testing.assert_allclose(gradient, layer.weight_gradient, rtol=1e-9, atol=1e-12)
        for after, expected in zip(found["end"], step.after["layers"], strict=True):
            np.testing.assert_allclose(after["weight"], expected["weight"].ravel(), atol=1e-12)
            np.testing.assert_allclose(after["bias"], expected["bias"], atol=1e-12)


WALK = """
const { Training } = $training, inputs = Float64Array.from(given.inputs.flat());
const rows = { inputs, target: Float64Array.from(given.target) };
const machine = new Training(given.settings, 3, rows, rows), answer = { same: [], spacing: 0 };
const text = () => JSON.stringify(machine.params, asLists);
const seen = [];
for (let step = 0; step < 300; step++) {
  seen.push(text());
  machine.finishStep();
}
const end = text();
for (const step of [299, 0, 150, 151, 149, 7]) {
  machine.goTo(step);
  answer.same.push(text() === seen[step]);
}
machine.goTo(7);
const count = machine.operations.length;
for (let done = 0; done < count; done++) machine.operate();
answer.same.push(text() === seen[8], machine.state.step === 7);
machine.operate();
answer.same.push(machine.state.step === 8, machine.cursor === 1);
for (let done = 0; done < count; done++) machine.undo();
answer.same.push(machine.state.step === 7, text() !== seen[8]);
machine.goTo(300);
answer.same.push(text() === end);
answer.spacing = machine.spacing;
answer.kept = machine.snapshots.length;
"""


def test_every_earlier_state_is_found_again_to_the_bit(inputs):
    settings = settings_of("tanh", "log_loss", "adam", dropout=0.3)
    given = {
        "settings": settings,
        "inputs": inputs.tolist(),
        "target": target_of("log_loss")[0].tolist(),
    }
    found = answered_by(["mathematics/training.js"], WALK, given)
    assert all(found["same"]), found["same"]
    assert found["spacing"] > 1
    assert found["kept"] < 100


def test_one_seed_gives_the_same_numbers_and_uniform_ones():
    program = """
      const draw = (seed, ...names) => {
        const stream = new $random.Stream(seed, ...names);
        return Array.from({ length: 4000 }, () => stream.uniform());
      };
      const order = new $random.Stream(3, "order", 1).order(50);
      const [first, again, other] = [draw(1, "a"), draw(1, "a"), draw(2, "a")];
      const answer = { first, again, other, name: draw(1, "b"), order };
    """
    found = answered_by(["mathematics/random.js"], program)
    assert found["first"] == found["again"]
    assert sorted(found["order"]) == list(range(50))
    assert found["order"] != list(range(50))
    for left, right in itertools.combinations((found["first"], found["other"], found["name"]), 2):
        assert abs(np.corrcoef(left, right)[0, 1]) < 4 / math.sqrt(4000)
    for drawn in (found["first"], found["other"], found["name"]):
        counts = np.histogram(drawn, 20, (0, 1))[0]
        assert ((counts - 200) ** 2 / 200).sum() < 19 + 4 * math.sqrt(2 * 19)


SURFACE = """
const { Training } = $training, inputs = Float64Array.from(given.inputs);
const rows = { inputs, target: Float64Array.from(given.target) };
const answer = given.hidden.map((hidden) => {
  const machine = new Training({ ...given.settings, hidden }, 1, rows, rows);
  for (let step = 0; step < 20; step++) machine.finishStep();
  const snapshots = machine.snapshots.map(({ params }) => params);
  return { ...$surface.surfaceOf(machine), snapshots };
});
"""


def test_surfaces_hold_the_loss_and_the_share_of_the_path():
    x = np.random.default_rng(5).normal(size=ROWS)
    settings = settings_of("tanh", "squared_error", "sgd", penalty="none")
    given = {"inputs": x.tolist(), "target": (3 * x + 2).tolist(), "hidden": [[], [4]]}
    modules = ["mathematics/surface.js"]
    exact, plane = answered_by(modules, SURFACE, given | {"settings": settings})
    size = exact["size"]
    middles = [
        low + (np.arange(size) + 0.5) / size * (high - low)
        for low, high in zip(exact["low"], exact["high"], strict=True)
    ]
    weight, bias = np.meshgrid(middles[0], middles[1][::-1])
    losses = ((weight[..., None] * x + bias[..., None] - 3 * x - 2) ** 2).mean(axis=2)
    np.testing.assert_allclose(exact["values"], losses.ravel(), rtol=1e-6)
    assert (exact["exact"], exact["share"]) == (True, 1)
    assert exact["path"][0] == [0, 0]
    flat = [
        np.concatenate([np.concatenate([each["weight"], each["bias"]]) for each in params])
        for params in plane["snapshots"]
    ]
    ways = np.array(flat[:-1]) - flat[-1]
    _, sizes, directions = np.linalg.svd(ways, full_matrices=False)
    assert plane["share"] == pytest.approx((sizes[:2] ** 2).sum() / (sizes**2).sum(), rel=1e-9)
    found, expected = np.array(plane["path"])[:-1], ways @ directions[:2].T
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-6)


PLAYED = """
const table = given, { pace } = $state.DEFAULTS, data = $table.encoded(table, "log_loss");
const settings = { ...$state.DEFAULTS, ...$lab.FIRST.moons, loss: "log_loss" };
const [trains, held] = [data.training, data.heldOut].map((rows) => $training.taken(data, rows));
const machine = new $training.Training(settings, 1, trains, held);
const right = [5, 10].map((seconds) => {
  while (machine.epoch < pace * seconds) machine.finishEpoch();
  const logits = $training.logitsOf(machine.network, machine.params, held.inputs);
  const hits = held.target.filter((label, at) => logits[at] > 0 === (label === 1));
  return hits.length / held.target.length;
});
const answer = { pace, right };
"""


def test_two_moons_are_solved_within_seconds_of_play():
    modules = ["state.js", "table.js", "mathematics/training.js", "lab.js"]
    found = answered_by(modules, PLAYED, plain(built_in()[0]))
    assert found["pace"] >= 20
    assert found["right"] == [1, 1]
