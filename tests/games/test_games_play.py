"""A game is learned, judged and written; its policy is a model like any other."""

import json

import gymnasium
import numpy as np
import polars as pl
import pytest
from msgspec import structs

import gradum
from command_line import run
from gradum.api.play import play, play_in_folder
from gradum.app.cli.play import _farewell
from gradum.errors import PropertyError, SpecError
from gradum.games import simple_policies
from gradum.games.policy_model import policy_of
from gradum.ship import play_folder
from gradum.ship.layout import LEARNING, PLAY_FILES
from gradum.ship.play_folder import PlaySpec

OWN = """
import numpy as np

class Space:
    n = 2

class Line:
    '''A walk along a line; its right end is worth going to.'''
    action_space, action_names, observation_names = Space(), ("back", "forth"), ("place",)
    def reset(self, *, seed=None, options=None):
        self.place, self.steps = 0.0, 0
        return np.array([self.place]), {}
    def step(self, action):
        self.place, self.steps = self.place + (0.1 if action == 1 else -0.1), self.steps + 1
        return np.array([self.place]), -1.0, self.place > 0.45, self.steps >= 30, {}

class Raises(Line):
    def step(self, action):
        raise RuntimeError("a wheel\\ncame off")

class Later(Line):
    steps_of_all = 0
    def step(self, action):
        Later.steps_of_all += 1
        if Later.steps_of_all > 20_000:
            raise RuntimeError("worn out")
        return super().step(action)

class Nowhere(Line):
    def step(self, action):
        return np.array([np.nan]), *super().step(action)[1:]

class Image(Line):
    def reset(self, *, seed=None, options=None):
        return np.zeros((8, 8, 3)), {}

class Grows(Line):
    def step(self, action):
        return np.zeros(2), *super().step(action)[1:]

class Named(Line):
    action_space = {"left": 1}

class Worthless(Line):
    def step(self, action):
        return np.zeros(1), float("nan"), False, False, {}

class Endless(Line):
    def step(self, action):
        return np.zeros(1), 1.0, False, False, {}
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "own.py"
    path.write_text(OWN)
    return path


def test_it_learns_and_is_judged_beside_simpler_policies(cartpole):
    judgement = cartpole.played.judgement
    means = {score.policy: score.mean.value for score in judgement.scores}
    assert list(means) == ["random", "threshold", "linear", "mlp"]
    assert means["random"] < 40 < 100 < means["threshold"] < 400 < means["linear"]
    assert means["mlp"] > 200
    assert judgement.enough in ("linear", "mlp")
    for score in judgement.scores:
        assert score.mean.low <= np.mean(score.returns) <= score.mean.high
        assert len(score.returns) == 100
    course = cartpole.played.learned.course
    assert course[-1].steps == 65_536
    assert course[-1].done == 1
    assert course[-1].mean_return > 3 * course[0].mean_return


def test_its_files_say_what_was_found(cartpole):
    assert {path.name for path in cartpole.folder.iterdir()} == {*PLAY_FILES}
    metrics = json.loads((cartpole.folder / "metrics.json").read_text())
    assert metrics["return"]["value"] == cartpole.played.judgement.network.mean.value
    assert metrics["ladder"]["mlp"]["return"] == metrics["return"]
    assert metrics["threshold"]["observation"] in cartpole.played.environment.observations
    rows = pl.read_parquet(cartpole.folder / "episodes.parquet")
    of_each = rows.group_by("episode").agg(pl.col("reward").sum()).sort("episode")
    assert of_each["reward"].to_list() == metrics["ladder"]["mlp"]["returns"]
    history = (cartpole.folder / "history.jsonl").read_text().splitlines()
    assert len(history) == len(cartpole.played.learned.course)


def test_the_policy_is_a_model_whose_answers_are_what_was_played(cartpole):
    model = gradum.load(cartpole.folder / "policy.gradum")
    rows = pl.read_parquet(cartpole.folder / "episodes.parquet").head(500)
    assert model.predict(rows).tolist() == rows["action"].to_list()
    chances = np.asarray(model.predict_proba(rows))
    np.testing.assert_allclose(1 - chances.max(axis=1), rows["uncertainty"], atol=1e-9)
    episode = cartpole.played.episodes[0]
    assert episode.probabilities.shape == (len(episode.actions), 2)
    assert (episode.probabilities.argmax(axis=1) == episode.actions).all()
    assert "mean return" in model.summary()


def test_it_plays_gymnasiums_own_game_as_well(cartpole):
    """Ten episodes of Gymnasium's CartPole, with the policy that was learned from our dynamics."""
    act, made = policy_of(cartpole.played.policy, cartpole.played.environment), gymnasium.make
    twin, totals = made(cartpole.played.environment.game.twin), []
    for seed in range(10):
        seen, _ = twin.reset(seed=seed)
        done, total = False, 0.0
        while not done:
            seen, reward, terminated, cut, _ = twin.step(int(act(seen[None])[0]))
            done, total = terminated or cut, total + reward
        totals.append(total)
    returns = cartpole.played.judgement.network.returns
    error = np.hypot(np.std(totals) / np.sqrt(10), np.std(returns) / 10)
    assert abs(np.mean(totals) - np.mean(returns)) < 4 * error + 5


def test_one_property_of_the_network_is_proved_and_one_refuted(cartpole):
    """Of the network, for every state of the region, and not of the game that it plays."""
    model = gradum.load(cartpole.folder / "policy.gradum")
    proved, refuted = json.loads((cartpole.folder / "metrics.json").read_text())["properties"]
    assert (proved["verdict"], refuted["verdict"]) == ("proved", "refuted")
    assert model.predict(refuted["counterexample"]["rows"]).tolist() == ["left"]
    page = (cartpole.folder / "report.html").read_text()
    assert "<p>proved: never left, where angle 0.1..0.2" in page
    assert "<p>refuted: never left</p>" in page
    rng = np.random.default_rng(0)
    low, high = np.array([[-0.5, 0.5], [-0.5, 0.5], [0.1, 0.2], [1.0, 2.0]]).T
    drawn = pl.DataFrame(rng.uniform(low, high, (2000, 4)), schema=list(model.features))
    assert set(model.predict(drawn)) == {"right"}


def test_the_command_tells_the_verdicts(cartpole, capsys):
    _farewell(cartpole.played, cartpole.verified, cartpole.folder, as_json=False, quiet=False)
    words = capsys.readouterr().out.splitlines()
    (place,) = (line for line, said in enumerate(words) if said.startswith("refuted: never left"))
    assert words[place - 1].startswith("proved: never left, where angle 0.1..0.2")
    assert "the answer is 'left'" in words[place + 1]


def test_a_property_that_cannot_be_read_is_refused_before_anything_is_learned(tmp_path):
    spec = PlaySpec("cartpole", properties=("never up",))
    with pytest.raises(PropertyError, match="up"):
        play_in_folder(tmp_path, spec, on_chunk=lambda learned: pytest.fail("it learns"))


@pytest.mark.slow
def test_learning_that_was_stopped_goes_on_to_the_bit(cartpole, tmp_path, monkeypatch):
    monkeypatch.setattr(simple_policies, "QUICK", simple_policies.Effort(2, 1, 2))
    monkeypatch.setattr("gradum.games.played.EPISODES", 10)
    calls = iter([False, True])
    spec = structs.replace(cartpole.spec, properties=())
    first, _ = play_in_folder(tmp_path, spec, stop=lambda: next(calls))
    assert first.interrupted
    assert (tmp_path / LEARNING).exists()
    second, _ = play_in_folder(tmp_path, spec)
    assert not (tmp_path / LEARNING).exists()
    whole = cartpole.played
    for one, other in zip(
        second.policy.params["layers"], whole.policy.params["layers"], strict=True
    ):
        np.testing.assert_array_equal(one["weight"], other["weight"])
        np.testing.assert_array_equal(one["bias"], other["bias"])
    np.testing.assert_array_equal(second.policy.input_layer.centre, whole.policy.input_layer.centre)
    returns = second.judgement.network.returns
    assert len(returns) == 10
    points = [(point.steps, point.mean_return) for point in second.learned.course]
    assert points == [(point.steps, point.mean_return) for point in whole.learned.course]


def test_a_game_that_is_learned_has_nothing_left_to_do(cartpole, tmp_path):
    play_folder.write(tmp_path, cartpole.spec, cartpole.played)
    ended = run("resume", tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert "is finished" in ended.out
    assert run("resume", tmp_path, "--data", "t.csv").code == 2


def test_no_file_makes_gradum_run_code(cartpole, own, tmp_path):
    """A kept state names its game; resuming takes only built-in ones from it."""
    spec = PlaySpec(f"{own}:Raises")
    play_folder.keep(tmp_path, spec, cartpole.played.learned)
    ended = run("resume", tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "which is not built in" in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.slow
def test_an_environment_of_the_users_own_is_learned(own, tmp_path):
    spec = PlaySpec(f"{own}:Line", steps=16_384)
    played, _ = play_in_folder(tmp_path, spec)
    assert played.judgement.network.mean.value == -5
    assert played.judgement.enough == "threshold"
    assert not played.judgement.network.mean.known  # nothing tells how bad a return may be
    model = gradum.load(tmp_path / "policy.gradum")
    assert model.predict([{"place": 0.1}]).tolist() == ["forth"]


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("Raises", "step raises RuntimeError: a wheel came off"),
        ("Nowhere", "step shows nan as place"),
        ("Image", "an array of shape (8, 8, 3)"),
        ("Grows", "step shows 2 numbers"),
        ("Named", "its actions are {'left': 1}"),
        ("Worthless", "the reward nan"),
        ("Lines", "has no class 'Lines'. Did you mean 'Line'?"),
    ],
)
def test_what_cannot_be_learned_is_refused_in_one_line(own, name, cause):
    with pytest.raises(SpecError) as refused:
        play(f"{own}:{name}", steps=10)
    assert cause in str(refused.value)
    assert "\n" not in str(refused.value)


def test_names_of_no_game_are_refused_with_the_nearest(tmp_path):
    for name, close in (("cartpol", "'cartpole'"), (f"{tmp_path}/no.py:Env", "no.py")):
        with pytest.raises(SpecError, match=close):
            play(name)


def test_what_was_learned_before_an_environment_fails_is_kept(own, tmp_path):
    with pytest.raises(SpecError, match=r"worn out.*policy\.gradum"):
        play_in_folder(tmp_path, PlaySpec(f"{own}:Later", steps=100_000))
    model = gradum.load(tmp_path / "policy.gradum")
    assert model.predict([{"place": 0.1}])[0] in ("back", "forth")


def test_an_endless_episode_is_cut_off(own, monkeypatch):
    from gradum.games import python_environment
    from gradum.games.episode import play as episodes
    from gradum.games.python_environment import of_file

    monkeypatch.setattr(python_environment, "LIMIT", 25)
    found = episodes(of_file(own, "Endless"), lambda seen: np.zeros(len(seen), int), 3, 0, "test")
    assert [episode.total for episode in found] == [25.0] * 3
    assert not any(episode.terminated for episode in found)
