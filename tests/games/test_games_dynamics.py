"""Built-in games step as Gymnasium's do, in both precisions, from equal states."""

import gymnasium
import jax
import numpy as np
import pytest

from gradum.games import GAMES

STEPS = 10_000


def states_of(game, rng):
    """States all over a game as rows (n, s), exact in single precision.

    Acrobot's velocities stay below half of the greatest: beyond, a step of its dynamics enlarges
    the rounding of single precision a thousandfold, in Gymnasium's as in any arithmetic.
    """
    high = {
        "cartpole": [2.4, 3.0, 0.21, 3.0],
        "acrobot": [np.pi, np.pi, 6.0, 12.0],
        "pendulum": [3 * np.pi, 8.0],
        "mountaincar": [0.9, 0.07],
    }[game.name]
    states = rng.uniform(-1, 1, (STEPS, len(high))) * high
    states = states - [0.3, 0.0] if game.name == "mountaincar" else states
    return states.astype(np.float32).astype(np.float64)


@pytest.mark.parametrize("name", GAMES)
def test_ten_thousand_steps_are_gymnasiums(name):
    game, rng = GAMES[name], np.random.default_rng(7)
    states = states_of(game, rng)
    actions = (
        rng.integers(len(game.actions), size=STEPS)
        if game.actions
        else rng.uniform(-3, 3, STEPS)  # beyond the bounds, too
    )
    twin = gymnasium.make(game.twin).unwrapped
    twin.reset(seed=0)
    after, rewards, ended = [], [], []
    for state, action in zip(states, actions, strict=True):
        twin.state = tuple(state) if name == "mountaincar" else state.copy()
        if name == "cartpole":
            twin.steps_beyond_terminated = None
        given = int(action) if game.actions else np.array([action])
        _, reward, terminated, _, _ = twin.step(given)
        after.append(twin.state)
        rewards.append(reward)
        ended.append(terminated)
    step = jax.jit(jax.vmap(game.step))
    with jax.enable_x64(True):
        found = [np.asarray(part) for part in step(states, actions)]
    assert found[0].dtype == np.float64
    np.testing.assert_allclose(found[0], after, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found[1], rewards, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(found[2], ended)
    assert game.actions == () or 0 < np.mean(ended) < 1
    single = [np.asarray(part) for part in step(states.astype(np.float32), actions)]
    assert single[0].dtype == np.float32
    turned = np.abs(single[0] - after)  # an angle near ±π may be on the other side of the circle
    if name == "acrobot":
        turned[:, :2] = np.minimum(turned[:, :2], 2 * np.pi - turned[:, :2])
    scale = np.maximum(1, np.abs(after))
    assert (turned / scale).max() < 1e-5
    far = np.abs(single[1] - rewards) / np.maximum(1, np.abs(rewards))
    assert (far[single[2] == ended] < 1e-5).all()
    assert (single[2] == ended).mean() > 0.999  # a state at the very line may end up on either side


@pytest.mark.parametrize("name", GAMES)
def test_what_is_seen_first_states_and_limits_are_gymnasiums(name):
    game, made = GAMES[name], gymnasium.make(GAMES[name].twin)
    assert made.spec.max_episode_steps == game.limit
    uniform = np.random.default_rng(3).random((2000, game.draws))
    first = np.asarray(jax.vmap(game.reset)(uniform))
    seen = np.asarray(jax.vmap(game.observe)(first))
    assert seen.shape[1] == len(game.observations) == made.observation_space.shape[0]
    drawn = np.array([made.reset(seed=seed)[0] for seed in range(500)])
    np.testing.assert_allclose(seen.min(axis=0), drawn.min(axis=0), atol=0.03)
    np.testing.assert_allclose(seen.max(axis=0), drawn.max(axis=0), atol=0.03)
    if game.actions:
        assert made.action_space.n == len(game.actions)
    else:
        assert (made.action_space.low[0], made.action_space.high[0]) == game.bounds


def test_shaping_is_a_potential_that_is_least_at_the_bottom():
    game = GAMES["mountaincar"]
    at = np.stack([np.linspace(-1.2, 0.5, 200), np.zeros(200)], axis=1)
    heights = np.asarray(jax.vmap(game.potential)(at))
    assert heights.argmin() == np.abs(at[:, 0] + np.pi / 6).argmin()
    assert abs(heights[-1]) < 1e-4
    assert (heights[:-1] < 0).all()
