"""Games: policies learned by trying, and a folder for each game whose dynamics are built in."""

from __future__ import annotations

from gradum.games.acrobot import GAME as ACROBOT
from gradum.games.cartpole import GAME as CARTPOLE
from gradum.games.game import Game
from gradum.games.mountaincar import GAME as MOUNTAINCAR
from gradum.games.pendulum import GAME as PENDULUM

GAMES: dict[str, Game] = {game.name: game for game in (CARTPOLE, ACROBOT, PENDULUM, MOUNTAINCAR)}
"""Every built-in game by its name."""
