"""One step of learning against Adam by hand, on slopes of a loss written anew."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from msgspec import structs

from gradum.core import Embedding, LogLoss, SquaredError
from gradum.core.models.pack_network import PackNetwork
from gradum.rungs.pack.program import PackBatches, PackProgram, _kept, folded

M, S, B, D = 3, 3, 16, 4
NUMBER = PackProgram(
    PackNetwork(M, D, 1, (5, 3), (0, 2), 2, "identity", Embedding(7, 1, 2)), SquaredError()
)
CLASSES = PackProgram(PackNetwork(M, D, 3, (5, 3), (0, 2), 2, "logit"), LogLoss())
TWO = PackProgram(PackNetwork(M, D, 1, (5, 3), (0, 2), 2, "logit"), LogLoss())
PROGRAMS = {"number": NUMBER, "classes": CLASSES, "two classes": TWO}
SOURCE = np.array([0, 1, 2, 3, 0, 0, 2, 2, 4, 4], np.int32)  # of the 8 numbers, and the embedding


def parameters(program, seed=0):
    rng, network = np.random.default_rng(seed), program.network
    shapes = network.shapes()

    def draw(name):
        return rng.normal(0, 0.6, shapes[name]).astype(np.float32)

    fixed = {name: draw(name) for name in ("shift", "slope", "wide")}
    fixed["wave"] = np.array([0, 1, 0], np.float32)
    params = {
        "layers": [
            {
                part: draw(f"layers/{level}/{part}")
                for part in ("weight", "bias", "leak")
                if f"layers/{level}/{part}" in shapes
            }
            for level in range(len(network.hidden) + 1)
        ],
        "scale": rng.uniform(0.5, 1.5, (M, network.first)).astype(np.float32),
    }
    if network.embedding:
        params["embedding"] = draw("embedding")
    return params, fixed


def hyper(program, dropout=0.0, column_dropout=0.0):
    return {
        "learning_rate": np.array([0.01, 0.003, 0.02], np.float32),
        "decay": np.array([0.5, 0.0, 2.0], np.float32),
        "embedding_decay": np.array([0.0, 3.0, 9.0], np.float32),
        "dropout": np.full(M, dropout, np.float32),
        "column_dropout": np.full(M, column_dropout, np.float32),
        "label_smoothing": np.array([0.0, 0.1, 0.3], np.float32),
        "source": np.eye(5, dtype=np.float32)[SOURCE[: program.network.first]].T,
    }


def batches(program, seed=1):
    rng, embedding = np.random.default_rng(seed), program.network.embedding
    target = rng.integers(0, 2 if program is TWO else 3, (S, M, B))
    if program is NUMBER:
        target = rng.normal(size=(S, M, B)).astype(np.float32)
    return PackBatches(
        rng.normal(size=(S, M, B, D)).astype(np.float32),
        rng.integers(0, 7, (S, M, B, 1)).astype(np.int32) if embedding else None,
        target,
        rng.uniform(0.2, 2, (S, M, B)).astype(np.float32),
        np.array([0.3, 1.0, 0.6], np.float32),
        np.arange(S, dtype=np.uint32),
    )


def learned(program, params, fixed, chosen, given):
    state, losses = program.learn(program.start(params), fixed, chosen, given)
    return jax.tree.map(np.asarray, state.params), np.asarray(losses)


def loss_of_member(params, fixed, dense, levels, target, weight, smoothing):
    """A member's loss on its batch, written for one member alone."""
    codes = []
    for place, column in enumerate((0, 2)):
        for t in range(2):
            at = fixed["slope"][place, t] * (dense[:, column] - fixed["shift"][place, t])
            ramp = jnp.minimum(jnp.maximum(at, 0), 1) - 0.5
            codes.append(jnp.where(fixed["wave"] == 1, jnp.cos(2 * np.pi * at), ramp))
    x = jnp.concatenate([dense, jnp.stack(codes, axis=1)], axis=1)
    constant = x
    if levels is not None:
        x = jnp.concatenate([x, params["embedding"][levels[:, 0]]], axis=1)
        told = jax.lax.stop_gradient(params["embedding"])[levels[:, 0]]
        constant = jnp.concatenate([constant, told], axis=1)
    z, (one, two, last) = x * params["scale"], params["layers"]
    for layer in (one, two):
        z = z @ layer["weight"] + layer["bias"]
        z = jnp.where(z > layer["leak"] * z, z, layer["leak"] * z)
    logits = z @ last["weight"] + last["bias"] + constant @ fixed["wide"]
    if logits.shape[1] == 1 and jnp.issubdtype(target.dtype, jnp.integer):
        share, yes = (1 - smoothing) * target + smoothing / 2, 1 / (1 + jnp.exp(-logits[:, 0]))
        losses = -share * jnp.log(yes) - (1 - share) * jnp.log(1 - yes)
    elif logits.shape[1] == 1:
        losses = (logits[:, 0] - target) ** 2
    else:
        share = (1 - smoothing) * jnp.eye(3)[target] + smoothing / 3
        losses = (share * (jnp.log(jnp.exp(logits).sum(axis=1))[:, None] - logits)).sum(axis=1)
    return (weight * losses).sum() / B


slopes_of_member = jax.jit(jax.value_and_grad(loss_of_member))


def adam_by_hand(program, params, fixed, chosen, given):
    """All steps of all members in float64, one member and one array after the other."""
    found, losses = [], []
    with jax.enable_x64(True):
        for m in range(M):
            own = jax.tree.map(lambda each, m=m: each[m].astype(np.float64), params)
            still = jax.tree.map(lambda each, m=m: each[m].astype(np.float64), fixed)
            flat, form = jax.tree_util.tree_flatten_with_path(own)
            names = [str(path[-1].key) for path, _ in flat]
            values = [value for _, value in flat]
            first = [np.zeros_like(each) for each in values]
            second = [np.zeros_like(each) for each in values]
            member_losses = []
            for s in range(S):
                levels = None if given.codes is None else given.codes[s, m]
                loss, slopes = slopes_of_member(
                    jax.tree.unflatten(form, values),
                    still,
                    given.dense[s, m].astype(np.float64),
                    levels,
                    given.target[s, m],
                    given.weight[s, m].astype(np.float64),
                    float(chosen["label_smoothing"][m]),
                )
                member_losses.append(float(loss))
                size = float(chosen["learning_rate"][m]) * float(given.rate[s])
                for i, slope in enumerate(jax.tree.leaves(slopes)):
                    g = np.asarray(slope)
                    first[i] = 0.9 * first[i] + 0.1 * g
                    second[i] = 0.97 * second[i] + 0.03 * g * g
                    mean, square = (
                        first[i] / (1 - 0.9 ** (s + 1)),
                        second[i] / (1 - 0.97 ** (s + 1)),
                    )
                    step = size * (6.0 if names[i] == "scale" else 1.0)
                    by = {"weight": "decay", "embedding": "embedding_decay"}.get(names[i])
                    decay = size * float(chosen[by][m]) if by else 0.0
                    values[i] = (
                        values[i] - step * mean / (np.sqrt(square) + 1e-8) - decay * values[i]
                    )
            found.append(jax.tree.unflatten(form, values))
            losses.append(np.mean(member_losses))
    return jax.tree.map(lambda *each: np.stack(each), *found), np.array(losses)


@pytest.mark.parametrize("name", PROGRAMS)
def test_learning_is_adam_with_decoupled_decay(name):
    program = PROGRAMS[name]
    case = (*parameters(program), hyper(program), batches(program))
    said, losses = learned(program, *case)
    expected, by_hand = adam_by_hand(program, *case)
    np.testing.assert_allclose(losses, by_hand, rtol=1e-5)
    jax.tree.map(
        lambda one, other: np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5),
        said,
        expected,
    )
    before = case[0]["layers"][0]["weight"]
    assert (np.abs(said["layers"][0]["weight"] - before).max(axis=(1, 2)) > 1e-3).all()


def unequal(one, other):
    """Members of which any parameter differs."""
    differs = jax.tree.map(lambda a, b: (a != b).reshape(M, -1).any(axis=1), one, other)
    return np.flatnonzero(np.any(jax.tree.leaves(differs), axis=0))


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_member_learns_from_its_own_batch_alone(name, dropout):
    program = PROGRAMS[name]
    params, fixed = parameters(program)
    given, chosen = batches(program), hyper(program, dropout, dropout)
    other = given.dense.copy()
    other[:, 1] += 1
    one, losses = learned(program, params, fixed, chosen, given)
    two, others = learned(program, params, fixed, chosen, given._replace(dense=other))
    np.testing.assert_array_equal(unequal(one, two), [1])
    np.testing.assert_array_equal(np.flatnonzero(losses != others), [1])


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_row_that_weighs_nothing_is_as_good_as_absent(name):
    program = PROGRAMS[name]
    params, fixed = parameters(program)
    given, chosen = batches(program), hyper(program)
    given.weight[:, :, :5] = 0
    dense, target = given.dense.copy(), given.target.copy()
    dense[:, :, :5] += 3
    target[:, :, :5] = 1 - np.clip(target[:, :, :5], 0, 1)
    one, _ = learned(program, params, fixed, chosen, given)
    two, _ = learned(program, params, fixed, chosen, given._replace(dense=dense, target=target))
    assert len(unequal(one, two)) == 0


def test_the_same_seeds_leave_out_the_same():
    params, fixed = parameters(NUMBER)
    given, chosen = batches(NUMBER), hyper(NUMBER, 0.4, 0.4)
    one, _ = learned(NUMBER, params, fixed, chosen, given)
    again, _ = learned(NUMBER, params, fixed, chosen, given)
    assert len(unequal(one, again)) == 0
    other, _ = learned(NUMBER, params, fixed, chosen, given._replace(seed=given.seed + 100))
    np.testing.assert_array_equal(unequal(one, other), range(M))
    whole, _ = learned(NUMBER, params, fixed, hyper(NUMBER), given)
    np.testing.assert_array_equal(unequal(one, whole), range(M))


def test_a_share_is_left_out_and_the_mean_stays():
    share = np.array([0.0, 0.1, 0.4, 0.7], np.float32)
    drawn = jax.jit(lambda seed: _kept((4, 500, 60), jnp.asarray(share), seed, jnp.uint32(0)))
    kept = np.asarray(drawn(jnp.uint32(3)))
    assert kept.shape == (4, 500, 60)
    for each, said in zip(share, kept, strict=True):
        values = np.unique(said)
        expected = [1.0] if each == 0 else [0.0, 1 / (1 - each)]
        np.testing.assert_allclose(values, expected, rtol=1e-6)
        assert np.mean(said == 0) == pytest.approx(each, abs=0.012)
        assert said.mean() == pytest.approx(1, abs=0.03)
        # No row, no column and no neighbour is told by another.
        out = (said == 0) - each
        assert np.abs(out.mean(axis=0)).max() < 0.12
        assert np.abs(out.mean(axis=1)).max() < 0.35
        if each:
            assert abs(np.mean(out[:, 1:] * out[:, :-1])) < 0.012
            assert abs(np.mean(out[1:] * out[:-1])) < 0.012
    other = np.asarray(drawn(jnp.uint32(4)))
    assert np.mean((other == 0) & (kept == 0), axis=(1, 2))[2] == pytest.approx(0.16, abs=0.012)


def test_a_column_is_left_out_with_all_its_codes():
    """Each number before the first layer is a power of two: their sum tells which were kept."""
    network = structs.replace(CLASSES.network, outputs=1, hidden=(1,))
    program, first = PackProgram(network, LogLoss()), network.first
    fixed = {
        "shift": np.zeros((M, 2, 2), np.float32),
        "slope": np.zeros((M, 2, 2), np.float32),
        "wave": np.ones(M, np.float32),  # cos 0 = 1
        "wide": np.zeros((M, first, 1), np.float32),
    }
    weight = np.broadcast_to(2.0 ** np.arange(first)[:, None], (M, first, 1)).astype(np.float32)
    one = np.ones((M, 1, 1), np.float32)
    params = {
        "layers": [
            {"weight": weight, "bias": np.zeros((M, 1)), "leak": np.zeros((M, 1))},
            {"weight": one, "bias": np.zeros((M, 1), np.float32)},
        ],
        "scale": np.ones((M, first), np.float32),
    }
    chosen = hyper(program, 0.0, 0.5)
    batch = PackBatches(np.ones((M, B, D), np.float32), None, None, None, None, jnp.uint32(5))
    logits = np.asarray(jax.jit(program._learning_logits)(params, fixed, chosen, batch))[..., 0]
    kept = (np.rint(logits / 2).astype(int)[..., None] >> np.arange(first)) & 1
    for column in range(4):
        own = kept[..., SOURCE[:first] == column]
        assert (own == own[..., :1]).all()
        assert 0.2 < own.mean() < 0.8
    assert 0 < np.mean(kept[..., 0] == kept[..., 1]) < 1


@pytest.mark.parametrize(("name", "factor"), [("scale", "scale_factor"), ("leak", "leak_factor")])
def test_a_factor_of_0_leaves_out_what_it_multiplies(name, factor):
    params, fixed = parameters(NUMBER)
    start = params["scale"] if name == "scale" else params["layers"][0]["leak"]
    for program, still in ((replace(NUMBER, **{factor: 0.0}), True), (NUMBER, False)):
        state, _ = program.learn(program.start(params), fixed, hyper(NUMBER), batches(NUMBER))
        learned = state.params
        end = learned["scale"] if name == "scale" else learned["layers"][0]["leak"]
        assert np.array_equal(end, start) == still
        assert not np.array_equal(learned["layers"][0]["bias"], params["layers"][0]["bias"])


def test_the_scale_goes_into_the_first_weights():
    params, fixed = parameters(NUMBER)
    plain = folded(params)
    assert "scale" not in plain
    x = np.random.default_rng(0).normal(size=(M, 9, NUMBER.network.first)).astype(np.float32)
    network = NUMBER.network
    wide = {"wide": fixed["wide"]}
    expected = network.logits_of(
        {"layers": params["layers"], **wide}, x * params["scale"][:, None], np
    )
    expected = expected - (x * params["scale"][:, None] - x) @ fixed["wide"]
    np.testing.assert_allclose(
        network.logits_of(plain | wide, x, np), expected, rtol=1e-4, atol=1e-4
    )


def test_judging_is_the_network_without_anything_left_out():
    params, fixed = parameters(NUMBER)
    given = batches(NUMBER)
    dense, codes = given.dense[0], given.codes[0]
    said = np.asarray(NUMBER.judge(params, fixed, dense, codes))
    for m in range(M):
        own = jax.tree.map(lambda each, m=m: each[m : m + 1], folded(params) | fixed)
        own |= {"share": np.ones(1, np.float32), "sharpness": np.ones(1, np.float32)}
        alone = structs.replace(NUMBER.network, members=1)
        expected = alone.forward(own, {"dense": dense[m], "codes": codes[m]})
        np.testing.assert_allclose(said[m], expected, rtol=1e-5, atol=1e-5)
