"""The settings with which a game is learned; those of built-in games lie in their folders."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PPOSettings:
    """How proximal policy optimisation learns."""

    steps: int
    """The steps in the game, of all lanes together, before learning ends."""
    lanes: int = 32
    horizon: int = 64
    """How many games are played at once, N, and for how many steps between updates, T."""
    epochs: int = 4
    batches: int = 4
    """How often an update goes through the N T steps, and in how many mini-batches each time."""
    learning_rate: float = 2.5e-3
    """Adam's, at the beginning; it falls in a straight line to 0."""
    discount: float = 0.99
    """γ: what a reward is worth one step later."""
    trace: float = 0.95
    """λ of generalised advantage estimation."""
    clip: float = 0.2
    """ε: by how much an update may change the probability of an action, as a share."""
    entropy: float = 0.0
    """What a nat of the policy's entropy is worth."""
    hidden: tuple[int, ...] = (32, 32)
    """The width of each hidden layer, of the policy's network and of the value's."""
    activation: str = "tanh"
    """A name in `gradum.core.models.activations.ACTIVATIONS`."""

    @property
    def per_update(self) -> int:
        """The steps between two updates, N T."""
        return self.lanes * self.horizon

    @property
    def updates(self) -> int:
        """How many updates there are in all."""
        return max(1, -(-self.steps // self.per_update))


OUTSIDE = PPOSettings(steps=200_000, lanes=16, horizon=128, learning_rate=1e-3)
"""Fewer steps than for a built-in game, as each takes longer, and smaller ones in learning."""
