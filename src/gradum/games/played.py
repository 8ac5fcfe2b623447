"""A game that was learned: the policy as a model, its judgement, and the judged episodes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
import polars as pl

from gradum.core.models.network import Network
from gradum.games.environment import Environment
from gradum.games.episode import Episode, play
from gradum.games.judging import EPISODES, PURPOSE, PolicyJudgement, judge
from gradum.games.learning import Learned
from gradum.games.policy_model import policy_model, policy_of, probabilities, rung_of, states
from gradum.games.ppo.compiled import in_units
from gradum.games.ppo.learner import PPO, Steps
from gradum.games.simple_policies import ThresholdPolicy, best_linear, best_threshold, by_chance
from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.rungs.rung import Rung
from gradum.solvers.solution import Status
from gradum.waiting import tell


@dataclass(frozen=True)
class Played:
    """A game that was learned."""

    environment: Environment
    """What was played."""
    method: PPO
    """What was learned by, with its settings."""
    fitted: Fitted
    """The policy as a model: ``mlp``, and ``linear`` beside it."""
    judgement: PolicyJudgement
    """The returns of all policies."""
    threshold: ThresholdPolicy
    """The best rule of one threshold."""
    episodes: tuple[Episode, ...]
    """The network's, in the order of their first states."""
    learned: Learned
    """The learning curve, and the state from which learning can go on."""
    seed: int
    interrupted: bool
    """Whether learning was stopped before all steps were done."""

    @property
    def policy(self) -> Rung:
        """The network's rung."""
        return self.fitted.rung("mlp")


def judged(
    environment: Environment,
    method: PPO,
    learned: Learned,
    *,
    seed: int,
    status: Status = Status.COMPLETED,
) -> Played:
    """Judge what was learned beside simpler policies, and make a model of it.

    ``status`` says how learning ended.
    """
    began = perf_counter()
    rung = network_of(environment, method, learned, status)
    tell(say("judging: episodes of the network"))
    episodes = tuple(
        _explained(episode, rung, environment, learned)
        for episode in play(environment, policy_of(rung, environment), EPISODES, seed, PURPOSE)
    )
    tell(say("judging: thresholds"))
    threshold = best_threshold(environment, seed)
    tell(say("judging: linear policies"))
    linear = _linear(environment, method, *_standard(learned), seed)
    tell(say("judging: simpler policies"))
    judgement = judge(
        environment,
        [
            ("random", by_chance(environment, seed)),
            ("threshold", threshold),
            ("linear", policy_of(linear, environment)),
        ],
        np.array([episode.total for episode in episodes]),
        seed,
    )
    fitted = policy_model(
        environment,
        [linear, rung],
        states(environment, episodes),
        seed=seed,
        seconds=learned.seconds + perf_counter() - began,
        data={"game": environment.name},
        mean_return=judgement.network.mean,
    )
    interrupted = status is Status.INTERRUPTED
    return Played(
        environment, method, fitted, judgement, threshold, episodes, learned, seed, interrupted
    )


def unjudged(
    environment: Environment, method: PPO, learned: Learned, steps: Steps, seed: int
) -> Fitted:
    """Return what was learned as a model of its last steps, which judge nothing."""
    rung = network_of(environment, method, learned, Status.INTERRUPTED)
    seen = steps.seen.reshape(-1, steps.seen.shape[-1])
    drawn = Episode(seen, steps.actions.reshape(-1), steps.rewards.reshape(-1), False)
    taken = replace(drawn, actions=np.asarray(in_units(environment.bounds, drawn.actions)))
    return policy_model(
        environment,
        [rung],
        states(environment, [taken]),
        seed=seed,
        seconds=learned.seconds,
        data={"game": environment.name},
        mean_return=None,
    )


def untried(environment: Environment, method: PPO, learned: Learned, seed: int) -> Fitted:
    """Return the network as a model of states of random play: what a property may be about."""
    chance = by_chance(environment, seed)
    return policy_model(
        environment,
        [network_of(environment, method, learned, Status.INTERRUPTED)],
        states(environment, play(environment, chance, 8, seed, "random play")),
        seed=seed,
        seconds=0.0,
        data={"game": environment.name},
        mean_return=None,
    )


def network_of(environment: Environment, method: PPO, learned: Learned, status: Status) -> Rung:
    """Return the policy's network as a rung."""
    return rung_of(
        "mlp",
        environment,
        method.policy,
        learned.learner.params["policy"],
        *_standard(learned),
        status=status,
        iterations=learned.updates,
        seconds=learned.seconds,
    )


def _standard(learned: Learned) -> tuple[np.ndarray, np.ndarray]:
    """Return centre and scale of each observation (d,), as learning has measured them."""
    seen = learned.learner.seen
    return np.asarray(seen.mean, np.float64), np.asarray(seen.scale, np.float64)


def _linear(
    environment: Environment, method: PPO, centre: np.ndarray, scale: np.ndarray, seed: int
) -> Rung:
    """Return the best linear policy that a search finds, as a rung."""
    began, outputs = perf_counter(), method.distribution.outputs
    weight, bias = best_linear(environment, centre, scale, outputs, seed)
    layer = {"weight": weight, "bias": bias}
    network = Network(len(environment.observations), outputs)
    known = {"status": Status.COMPLETED, "settings": {"alpha": 0.0}}  # no penalty
    rung = rung_of("linear", environment, network, {"layers": [layer]}, centre, scale, **known)
    return replace(rung, seconds=perf_counter() - began)


def _explained(episode: Episode, rung: Rung, environment: Environment, learned: Learned) -> Episode:
    """Return an episode with what the policy held likely, and how unsure it was."""
    known = probabilities(rung, environment, episode.observations)
    if known is not None:
        return replace(episode, probabilities=known, uncertainty=1 - known.max(axis=1))
    low, high = environment.bounds
    deviation = float(np.exp(learned.learner.params["log_deviation"])) * (high - low) / 2
    return replace(episode, uncertainty=np.full(len(episode.actions), deviation))


def episode_table(played: Played) -> pl.DataFrame:
    """Return the judged episodes as a table: episode, step, what was seen and done, the reward."""
    lengths = [len(episode.actions) for episode in played.episodes]
    beside = {
        "episode": np.repeat(np.arange(1, len(lengths) + 1), lengths),
        "step": np.concatenate([np.arange(1, length + 1) for length in lengths]),
        "reward": np.concatenate([episode.rewards for episode in played.episodes]),
        "uncertainty": np.concatenate(
            [np.asarray(episode.uncertainty) for episode in played.episodes]
        ),
    }
    frame = states(played.environment, played.episodes)
    return frame.with_columns(
        pl.Series(name, values) for name, values in beside.items() if name not in frame.columns
    )
