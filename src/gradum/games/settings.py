"""The settings with which an environment is learned that has none of its own."""

from __future__ import annotations

from gradum.games.ppo.settings import PPOSettings

OUTSIDE = PPOSettings(steps=200_000, lanes=16, horizon=128, learning_rate=1e-3)
"""Fewer steps than for a built-in game, as each takes longer, and smaller ones in learning."""
