"""Steps that calibrate: optima, known distortions undone, order kept, weights as repetition."""

import msgspec
import numpy as np
import pytest
import scipy.optimize
import scipy.special

from gradum.rungs.calibration import (
    HeldOutLogits,
    MatrixScaling,
    QuadraticScaling,
    TemperatureScaling,
)
from gradum.rungs.post import AnyPostStep

RNG = np.random.default_rng


def drawn(logits, seed=0):
    """Classes drawn from the probabilities of logits (n, k)."""
    whole = np.insert(logits, 0, 0, axis=1) if logits.shape[1] == 1 else logits
    shares = scipy.special.softmax(whole, axis=1).cumsum(axis=1)
    return (RNG(seed).random((len(logits), 1)) > shares[:, :-1]).sum(axis=1)


def held_out(logits, target, weight=None):
    return HeldOutLogits(logits, target, np.ones(len(target)) if weight is None else weight)


def normal(rows, outputs, seed=1):
    return RNG(seed).normal(0, 2, (rows, outputs))


TWO = normal(500, 1)
FOUR = normal(800, 4)
FITS = [
    (TemperatureScaling, TWO),
    (QuadraticScaling, TWO),
    (TemperatureScaling, FOUR),
    (MatrixScaling, FOUR),
]
STEPS = [
    TemperatureScaling(1.7),
    QuadraticScaling(-2.5, 3.1, 0.4, 1.9, -0.7),
    MatrixScaling(((1.2, -0.1, 0.3), (0.1, 0.7, 0.2), (0.0, 0.3, 1.4)), (0.2, -0.5, 0.1)),
]


def penalised(way, held, one_row, numbers):
    """The objective of a fit, written out; numbers are what the step is made of."""
    if way is TemperatureScaling:
        step, penalty = TemperatureScaling(float(numbers[0])), 0.0
    elif way is QuadraticScaling:
        heat = TemperatureScaling.fit(held, one_row).temperature
        ends = float(held.logits.min()), float(held.logits.max())
        step = QuadraticScaling(*ends, *numbers.tolist())
        penalty = 2 * (numbers[2] ** 2 + ((heat * numbers[:2] - 1) ** 2).sum())
    else:
        heat, classes = TemperatureScaling.fit(held, one_row).temperature, held.classes
        matrix = numbers.reshape(classes, classes + 1)
        weight, bias = matrix[:, :-1], matrix[:, -1]
        step = MatrixScaling(tuple(map(tuple, weight.tolist())), tuple(bias.tolist()))
        off = np.square(heat * weight - np.eye(classes))
        itself = np.diag(off).sum()
        penalty = classes * ((bias**2).sum() + itself + (classes - 1) * (off.sum() - itself))
    logits = step(held.logits)
    whole = np.insert(logits, 0, 0, axis=1) if logits.shape[1] == 1 else logits
    logs = scipy.special.log_softmax(whole, axis=1)
    true = (1 - one_row) * logs[np.arange(len(logs)), held.target] + one_row * logs.mean(axis=1)
    return -np.average(true, weights=held.weight) + one_row * penalty


def numbers_of(step):
    if isinstance(step, TemperatureScaling):
        return np.array([step.temperature])
    if isinstance(step, QuadraticScaling):
        return np.array([step.slope_low, step.slope_high, step.intercept])
    return np.column_stack([step.weight, step.bias]).ravel()


@pytest.mark.parametrize(("way", "logits"), FITS)
def test_a_fit_ends_where_the_written_out_objective_is_flat_and_least(way, logits):
    weight = RNG(2).uniform(0.5, 2, len(logits))
    held = held_out(logits, drawn(0.6 * logits + 0.2), weight)
    at = numbers_of(way.fit(held, 0.01))

    def objective(numbers):
        return penalised(way, held, 0.01, numbers)

    slopes = scipy.optimize.approx_fprime(at, objective, 1e-6)
    np.testing.assert_allclose(slopes, 0, atol=3e-6)
    for move in RNG(3).normal(0, 0.05, (20, len(at))):
        assert objective(at + move) > objective(at)


@pytest.mark.parametrize(("way", "logits"), FITS)
def test_a_weight_of_two_is_a_row_twice(way, logits):
    target, weight = drawn(logits), RNG(4).integers(1, 4, len(logits)).astype(float)
    repeated = np.repeat(np.arange(len(logits)), weight.astype(int))
    weighted = way.fit(held_out(logits, target, weight), 0.01)
    several = way.fit(held_out(logits[repeated], target[repeated]), 0.01)
    np.testing.assert_allclose(numbers_of(weighted), numbers_of(several), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("way", [TemperatureScaling, QuadraticScaling])
def test_calibrated_log_odds_stay_what_they_are(way):
    logits = normal(100_000, 1)
    held = held_out(logits, drawn(logits))
    at = np.linspace(-4, 4, 9)[:, None]
    np.testing.assert_allclose(way.fit(held, held.one_row)(at), at, atol=0.15)


def test_calibrated_logits_of_more_classes_stay_what_they_are():
    logits = normal(20_000, 3)
    held = held_out(logits, drawn(logits))
    probability = scipy.special.softmax(MatrixScaling.fit(held, held.one_row)(logits), axis=1)
    assert np.abs(probability - scipy.special.softmax(logits, axis=1)).max() < 0.03


def test_log_odds_that_are_twice_too_sure_are_halved():
    logits = normal(100_000, 1)
    step = TemperatureScaling.fit(held_out(2 * logits, drawn(logits)), 0.0)
    assert step.temperature == pytest.approx(2, rel=0.02)


def test_few_rows_without_a_mistake_make_no_model_as_sure_as_can_be():
    """200 rows, all right: the loss would fall on and on as logits grow, but for one row more."""
    logits = np.abs(normal(200, 1)) + 2
    target = drawn(np.zeros((200, 1)))
    held = held_out(np.where(target[:, None] == 1, logits, -logits), target)
    sharper = TemperatureScaling.fit(held, 0.0)
    assert sharper.temperature == pytest.approx(0.2, rel=1e-3)
    assert 0.4 < TemperatureScaling.fit(held, held.one_row).temperature < 2


def test_log_odds_that_are_bent_are_straightened():
    logits = RNG(5).uniform(-2, 2, (50_000, 1))
    true = 0.25 * logits**2 + 1.5 * logits + 0.5
    held = held_out(logits, drawn(true))
    step = QuadraticScaling.fit(held, held.one_row)
    probability = scipy.special.expit(step(logits))
    assert np.abs(probability - scipy.special.expit(true)).max() < 0.02
    straight = TemperatureScaling.fit(held, 0.0)(logits)
    assert np.abs(scipy.special.expit(straight) - scipy.special.expit(true)).max() > 0.1


def test_classes_that_were_mixed_up_are_told_apart_again():
    true = normal(20_000, 3)
    true -= true.mean(axis=1, keepdims=True)
    mix = np.array([[1.5, 0.3, -0.2], [0.1, 0.8, 0.2], [-0.4, 0.2, 1.1]])
    held = held_out(true @ mix.T + [0.5, -0.2, -0.3], drawn(true))
    step = MatrixScaling.fit(held, held.one_row)
    probability = scipy.special.softmax(step(held.logits), axis=1)
    assert np.abs(probability - scipy.special.softmax(true, axis=1)).max() < 0.04


def test_a_quadratic_is_one_between_its_ends_and_a_line_beyond():
    step = QuadraticScaling(-2.0, 3.0, 0.5, 1.5, 0.25)
    inside = np.linspace(-2, 3, 11)[:, None]
    a = (1.5 - 0.5) / 10
    b = 0.5 + 2 * a * 2.0
    np.testing.assert_allclose(step(inside), a * inside**2 + b * inside + 0.25, rtol=1e-12)
    beyond = step(np.array([[-12.0], [-7.0], [-2.0], [3.0], [8.0], [13.0]]))[:, 0]
    np.testing.assert_allclose(np.diff(beyond)[[0, 1, 3, 4]], [2.5, 2.5, 7.5, 7.5], rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_rows_keep_their_order_whatever_two_classes_are(seed):
    """Even of labels that fall where log-odds rise."""
    logits = RNG(seed).standard_cauchy((300, 1))
    target = RNG(seed).integers(0, 2, 300) if seed else (logits[:, 0] < 0).astype(int)
    step = QuadraticScaling.fit(held_out(logits, target), 1 / 300)
    assert step.is_sound(1)
    wide = np.sort(np.concatenate([logits[:, 0], np.linspace(-1e4, 1e4, 500)]))[:, None]
    assert (np.diff(step(wide)[:, 0])[np.diff(wide[:, 0]) > 0] > 0).all()


def test_one_logit_of_two_classes_is_two_logits():
    target = drawn(0.7 * TWO)
    one = TemperatureScaling.fit(held_out(TWO, target), 0.0)
    two = TemperatureScaling.fit(held_out(np.insert(TWO, 0, 0, axis=1), target), 0.0)
    assert one.temperature == pytest.approx(two.temperature, rel=1e-6)


def test_a_matrix_of_two_classes_is_a_line_of_their_log_odds():
    """The line by SciPy, of the loss written out, beside a matrix that is hardly penalised."""
    target = drawn(0.7 * TWO + 0.4)
    pairs = np.concatenate([-TWO / 2, TWO / 2], axis=1)
    step = MatrixScaling.fit(held_out(pairs, target), 1e-9)
    log_odds = np.diff(step(pairs), axis=1)
    line = scipy.optimize.minimize(
        lambda at: np.logaddexp(0, np.where(target, -1, 1) * (at[0] * TWO[:, 0] + at[1])).mean(),
        [1.0, 0.0],
        tol=1e-10,
    ).x
    np.testing.assert_allclose(log_odds, line[0] * TWO + line[1], atol=1e-3)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_the_same_to_the_last_bit_after_json(step):
    again = msgspec.json.decode(msgspec.json.encode(step), type=AnyPostStep)
    logits = normal(50, len(getattr(step, "bias", [0])))
    assert again(logits).tobytes() == step(logits).tobytes()
    assert again == step


@pytest.mark.parametrize("step", STEPS)
def test_a_step_says_of_one_row_what_it_says_of_many(step):
    logits = normal(50, len(getattr(step, "bias", [0])))
    rows = np.concatenate([step(row[None]) for row in logits])
    np.testing.assert_allclose(step(logits), rows, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize(
    ("step", "outputs"),
    [
        (TemperatureScaling(0.0), 1),
        (TemperatureScaling(float("nan")), 1),
        (TemperatureScaling(-1.0), 3),
        (QuadraticScaling(1.0, 1.0, 1.0, 1.0, 0.0), 1),
        (QuadraticScaling(-1.0, 1.0, 0.0, 1.0, 0.0), 1),
        (QuadraticScaling(-1.0, float("inf"), 1.0, 1.0, 0.0), 1),
        (QuadraticScaling(-1.0, 1.0, 1.0, 1.0, 0.0), 3),
        (MatrixScaling(((1.0, 0.0), (0.0, 1.0)), (0.0, 0.0)), 3),
        (MatrixScaling(((1.0, 0.0), (0.0,)), (0.0, 0.0)), 2),
        (MatrixScaling(((1.0, 0.0), (0.0, float("nan"))), (0.0, 0.0)), 2),
        (MatrixScaling(((1.0,),), (0.0,)), 1),
    ],
)
def test_what_is_no_calibration_says_so(step, outputs):
    assert not step.is_sound(outputs)


@pytest.mark.parametrize("step", STEPS)
def test_what_is_one_says_so(step):
    assert step.is_sound(len(getattr(step, "bias", [0])))
