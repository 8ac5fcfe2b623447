"""stable-baselines3's PPO until its mean return reaches a bar: ``games_peer GAME BAR SEED``.

It runs in an environment of its own, and prints one line of JSON. The settings are those that
rl-baselines3-zoo publishes (hyperparams/ppo.yml); networks are the library's own, two layers of 64.
"""

from __future__ import annotations

import json
import sys
from time import process_time

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecNormalize

EPISODES = 100
PUBLISHED = {
    "CartPole-v1": {
        "lanes": 8,
        "steps": 100_000,
        "n_steps": 32,
        "batch_size": 256,
        "gae_lambda": 0.8,
        "gamma": 0.98,
        "n_epochs": 20,
        "ent_coef": 0.0,
        "learning_rate": lambda left: 0.001 * left,
        "clip_range": lambda left: 0.2 * left,
    },
    "Acrobot-v1": {
        "lanes": 16,
        "steps": 1_000_000,
        "normalised": True,
        "n_steps": 256,
        "gae_lambda": 0.94,
        "gamma": 0.99,
        "n_epochs": 4,
        "ent_coef": 0.0,
    },
    "Pendulum-v1": {
        "lanes": 4,
        "steps": 100_000,
        "n_steps": 1024,
        "gae_lambda": 0.95,
        "gamma": 0.9,
        "n_epochs": 10,
        "ent_coef": 0.0,
        "learning_rate": 1e-3,
        "clip_range": 0.2,
        "use_sde": True,
        "sde_sample_freq": 4,
    },
}


class UntilReturn(BaseCallback):
    """Ends learning once the last episodes' mean return reaches a bar."""

    def __init__(self, bar: float) -> None:
        super().__init__()
        self._bar, self.reached = bar, False

    def _on_step(self) -> bool:
        recent = self.model.ep_info_buffer
        if recent is not None and len(recent) >= EPISODES:
            self.reached = sum(each["r"] for each in recent) / len(recent) >= self._bar
        return not self.reached


def main(game: str, bar: str, seed: str) -> None:
    """Learn, and print the processor seconds and the steps until then."""
    torch.set_num_threads(1)  # with more, threads wait for products so small
    settings = dict(PUBLISHED[game])
    lanes, steps = settings.pop("lanes"), settings.pop("steps")
    normalised = settings.pop("normalised", False)
    began = process_time()
    environment = make_vec_env(game, n_envs=lanes, seed=int(seed))
    if normalised:
        environment = VecNormalize(environment)
    model = PPO("MlpPolicy", environment, seed=int(seed), device="cpu", **settings)
    until = UntilReturn(float(bar))
    model.learn(steps, callback=until)
    spent = process_time() - began
    print(
        json.dumps(
            {
                "seconds": spent if until.reached else None,
                "steps": model.num_timesteps,
                "all": spent,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
