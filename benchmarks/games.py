"""How soon games are learned, beside stable-baselines3's PPO, and how well.

Each side learns until its last `EPISODES` episodes of learning, whose actions are drawn by chance,
reach a game's return on average, and its processor seconds until then are counted: with what
compiles, and without what is imported. The library has the settings that rl-baselines3-zoo
publishes for each game, and an environment of its own; ``gymnasium`` is gradum on Gymnasium's own
environment, stepped in Python as the library's is.

``games`` learns with the seeds 0 … N − 1 to the end, too, and prints the judged returns. Settings
were chosen with the seeds from 100 on.
"""

from __future__ import annotations

from statistics import median
from time import process_time
from typing import Any

import jax
import numpy as np

from benchmarks.environments import answer_of, python_with, version_in
from benchmarks.sides import Absent
from gradum.games import GAMES
from gradum.games.environment import BuiltIn
from gradum.games.episode import returns
from gradum.games.judging import EPISODES, PURPOSE, mean_return
from gradum.games.learning import (
    Apprentice,
    CompiledApprentice,
    Learned,
    OutsideApprentice,
    learning,
)
from gradum.games.played import network_of
from gradum.games.policy_model import policy_of
from gradum.games.python_environment import of_gymnasium
from gradum.games.settings import OUTSIDE
from gradum.solvers.solution import Status

BARS = {"cartpole": 475.0, "acrobot": -100.0, "pendulum": -200.0}
PEER = "stable-baselines3"


def recent(learned: Learned, episodes: int = EPISODES) -> float:
    """Return the mean return of the last episodes, as far as the learning curve tells."""
    total, count = 0.0, 0
    for point in reversed(learned.course):
        if point.mean_return is not None:
            total, count = total + point.mean_return * point.episodes, count + point.episodes
        if count >= episodes:
            return total / count
    return -np.inf


def to_return(apprentice: Apprentice, bar: float) -> tuple[float | None, int]:
    """Return the processor seconds, and the steps, until a return is reached; None if never."""
    began, steps = process_time(), 0
    for learned in learning(apprentice, apprentice.begin()):
        steps = learned.course[-1].steps
        if recent(learned) >= bar:
            return process_time() - began, steps
    return None, steps


def judged(name: str, seed: int) -> dict[str, Any]:
    """Learn a built-in game to the end, and judge it as ``gradum play`` does."""
    began, environment = process_time(), BuiltIn(GAMES[name])
    apprentice = CompiledApprentice(environment, environment.game.settings, seed)
    *_, learned = learning(apprentice, apprentice.begin())
    seconds = process_time() - began
    rung = network_of(environment, apprentice.method, learned, Status.COMPLETED)
    earned = returns(environment, policy_of(rung, environment), EPISODES, seed, PURPOSE)
    mean = mean_return(earned, environment.returns)
    return {"seconds": seconds, "return": mean.value, "low": mean.low, "high": mean.high}


def main(seeds: str = "3", names: str = ",".join(BARS), sides: str = "judged,gradum,peer") -> None:
    """Print judged returns and the seconds to a return, side by side."""
    wanted = sides.split(",")
    for name in names.split(","):
        bar, game = BARS[name], GAMES[name]
        for seed in range(int(seeds)) if "judged" in wanted else ():
            print(name, "judged", seed, judged(name, seed), flush=True)
        seconds: dict[str, list[float]] = {}
        for seed in range(int(seeds)):
            for side in wanted:
                found = _seconds(side, name, bar, seed)
                if found is not None:
                    spent, steps = found
                    print(name, side, seed, spent, steps, flush=True)
                    seconds.setdefault(side, []).append(np.inf if spent is None else spent)
        for side, each in seconds.items():
            print(f"{game.twin} to {bar:g}: {side} {median(each):.1f} s (median of {len(each)})")


def _seconds(side: str, name: str, bar: float, seed: int) -> tuple[float | None, int] | None:
    """Return what a side takes to a return; None for what is no such side, or absent."""
    game = GAMES[name]
    jax.clear_caches()  # each seed compiles, as a first game does
    if side == "gradum":
        return to_return(CompiledApprentice(BuiltIn(game), game.settings, seed), bar)
    if side == "gymnasium":
        return to_return(OutsideApprentice(of_gymnasium(game.twin), OUTSIDE, seed), bar)
    if side != "peer":
        return None
    try:
        python = python_with(PEER, "gymnasium")
        print(PEER, version_in(python, PEER), flush=True)
        found = answer_of(python, "benchmarks.games_peer", game.twin, f"{bar}", f"{seed}")
    except Absent as absent:
        print(name, side, "absent:", absent)
        return None
    return found["seconds"], found["steps"]
