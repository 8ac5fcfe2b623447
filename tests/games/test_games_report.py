"""The report of a learned game: dynamics in JavaScript, recordings, and the page as a file."""

import json
import re
import subprocess
from dataclasses import replace
from types import SimpleNamespace

import jax
import numpy as np

from gradum.games import GAMES
from gradum.show.game.recordings import Recordings
from gradum.show.page.bundle import script
from node import NODE, needs_node

HAN = re.compile("[\u4e00-\u9fff]")


def by_node(entry, program, given):
    """What ``answer`` is after a program over a module of the page."""
    lines = f"{script(entry)}const given = {json.dumps(given)};\n{program}\n"
    lines += "process.stdout.write(JSON.stringify(answer));"
    ended = subprocess.run([NODE, "-"], input=lines, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


STEPPED = """
const answer = given.map(({ name, uniform, states, actions }) => {
  const game = $games.games[name];
  return {
    first: game.reset(uniform), seen: states.map(game.observe),
    steps: states.map((state, at) => game.step(state, actions[at])),
  };
});"""


@needs_node
def test_the_dynamics_in_the_page_are_pythons():
    rng, given = np.random.default_rng(3), []
    reach = {"cartpole": 3.0, "acrobot": 6.0, "pendulum": 8.0, "mountaincar": [1.2, 0.07]}
    for name, game in GAMES.items():
        size = len(game.reset(np.zeros(game.draws, np.float32)))
        states = rng.uniform(-1, 1, (500, size)) * reach[name]
        if name == "mountaincar":
            states[:2] = [[-1.2, -0.05], [0.49, 0.06]]  # the wall and the goal
        actions = rng.integers(len(game.actions), size=500) if game.actions else states[:, 0]
        uniform = rng.random(game.draws)
        each = {"uniform": uniform, "states": states, "actions": actions}
        given.append({"name": name, **{key: value.tolist() for key, value in each.items()}})
    found = by_node("show/game/page/games.js", STEPPED, given)
    for asked, answer in zip(given, found, strict=True):
        game = GAMES[asked["name"]]
        with jax.enable_x64(True):
            states, actions = np.array(asked["states"]), np.array(asked["actions"])
            first = jax.jit(game.reset)(np.array(asked["uniform"]))
            seen = jax.jit(jax.vmap(game.observe))(states)
            after, rewards, ended = jax.jit(jax.vmap(game.step))(states, actions)
        np.testing.assert_allclose(answer["first"], first, rtol=0, atol=1e-12)
        np.testing.assert_allclose(answer["seen"], seen, rtol=0, atol=1e-12)
        columns = [[step[key] for step in answer["steps"]] for key in ("state", "reward", "ended")]
        np.testing.assert_allclose(columns[0], after, rtol=0, atol=1e-9)
        np.testing.assert_allclose(columns[1], rewards, rtol=0, atol=1e-9)
        assert columns[2] == ended.tolist()


def test_every_built_in_game_has_a_picture():
    assert re.search(r"const games = \{ (.*) \};", script("show/game/page/games.js"))[1].split(
        ", "
    ) == sorted(GAMES)


def test_recordings_are_the_middle_and_the_worst_of_the_judged_episodes(cartpole):
    played = cartpole.played
    recordings = Recordings(played, played.environment.observations)
    totals = sorted(episode.total for episode in played.episodes)
    data = json.loads(recordings.data)
    middle, worst = data["recordings"]
    assert worst["totals"][-1] == totals[0]
    assert middle["totals"][-1] == totals[len(totals) // 2 - 1]
    episode = recordings.chosen[1][1]
    assert worst["actions"] == episode.actions.tolist()
    np.testing.assert_allclose(np.transpose(worst["seen"]), episode.observations, rtol=1e-4)
    np.testing.assert_allclose(
        np.transpose(worst["probabilities"]), episode.probabilities, rtol=1e-4
    )


def test_the_page_is_whole_and_small_in_both_languages(pages):
    english, chinese = ((pages / f"{code}.html").read_text() for code in ("en", "zh"))
    assert len(english.encode()) < 1_500_000
    without_scripts = re.sub(r"<script.*?</script>", "", english, flags=re.DOTALL)
    assert not HAN.search(without_scripts)
    assert "default-src 'none'" in english
    assert re.search(r"never (left|right) where \w+ \S+\.\.\S+", english)
    heading = re.search("<h1>(.*)</h1>", chinese)[1]
    assert HAN.search(heading)


def test_other_games_are_drawn_as_lines_and_not_played_on(cartpole):
    """Names of observations may be markup: they end no script."""
    known = cartpole.played.environment
    names = ("</script><b>", *known.observations[1:])
    other = SimpleNamespace(
        name="walk.py:Walk",
        observations=names,
        actions=known.actions,
        bounds=known.bounds,
        limit=known.limit,
    )
    recordings = Recordings(replace(cartpole.played, environment=other), names)
    assert "<" not in recordings.data
    data = json.loads(recordings.data)
    assert data["game"] is None
    assert data["observations"] == list(names)
    assert len(data["recordings"][0]["seen"]) == 4


def test_of_a_long_episode_every_few_steps_are_shown(cartpole):
    """The return so far is that of all steps."""
    episode, times = cartpole.played.episodes[0], 60
    long = replace(
        episode,
        **{
            name: np.concatenate([getattr(episode, name)] * times)
            for name in ("observations", "actions", "rewards", "probabilities", "uncertainty")
        },
    )
    played = replace(cartpole.played, episodes=(long,))
    recordings = Recordings(played, played.environment.observations)
    (shown,) = json.loads(recordings.data)["recordings"]
    stride = recordings.thinned
    assert stride > 1
    assert len(shown["actions"]) == -(-len(long.actions) // stride)
    assert shown["totals"][1] == long.rewards[: stride + 1].sum()
