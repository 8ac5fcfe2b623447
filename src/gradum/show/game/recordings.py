"""Judged episodes as a page plays them: the numbers of every step, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradum.games import GAMES
from gradum.games.episode import Episode
from gradum.games.played import Played
from gradum.margins import falling
from gradum.messages import say
from gradum.scores.figures import figure
from gradum.show.page.page import for_script
from gradum.show.words.visible import visible

MOST_OBSERVATIONS = 12
MOST_ACTIONS = 8
MOST_NUMBERS = 15_000
"""In a recording; of a longer episode, every second step is shown, or every third, and so on."""

DIGITS = 5


@dataclass(frozen=True)
class Recordings:
    """Two judged episodes, and what a page needs to play them and to play on."""

    played: Played
    foremost: Sequence[str]
    """The observations, those first that matter most. Of many, the first `MOST_OBSERVATIONS` are
    shown."""
    module: str = ""
    """A module of JavaScript that names the policy its ``model``; empty where nobody plays on."""

    @property
    def names(self) -> tuple[str, ...]:
        """The observations that are shown, in the environment's order."""
        shown = self.foremost[:MOST_OBSERVATIONS]
        return tuple(name for name in self.played.environment.observations if name in shown)

    @property
    def chosen(self) -> tuple[tuple[str, Episode], ...]:
        """The middle one by return and the worst, each with what the page calls it."""
        episodes = self.played.episodes
        order = falling(np.array([episode.total for episode in episodes]))
        middle, worst = episodes[order[len(order) // 2]], episodes[order[-1]]
        titles = [
            say("the middle one: {total}", total=figure(middle.total)),
            say("the worst: {total}", total=figure(worst.total)),
        ]
        pairs = zip(titles, (middle, worst), strict=True)
        return tuple(pairs)[: len(episodes)]

    @property
    def thinned(self) -> int:
        """Every how manieth step of the longer episode is shown."""
        return max(_stride(episode, len(self.names)) for _, episode in self.chosen)

    @property
    def data(self) -> str:
        """All of it, as JSON that may stand in a page."""
        environment = self.played.environment
        taken = self._taken()
        recordings = [self._recorded(episode, taken) for _, episode in self.chosen]
        return for_script(
            {
                "game": environment.name if environment.name in GAMES else None,
                "observations": [visible(name) for name in self.names],
                "actions": list(environment.actions),
                "taken": [environment.actions[action] for action in taken],
                "bounds": environment.bounds,
                "limit": environment.limit,
                "mostUncertain": max(max(each["uncertainty"], default=0) for each in recordings),
                "recordings": recordings,
                "words": {
                    "seen": say("What it sees"),
                    "does": say("What it does"),
                    "earns": say("What it earns"),
                    "action": say("action"),
                    "reward": say("reward"),
                    "total": say("return so far"),
                    "play": say("Play"),
                    "pause": say("Pause"),
                    "step": say("Step {step} of {steps}", step="{step}", steps="{steps}"),
                    "so": say("Step {step}, return {total}", step="{step}", total="{total}"),
                    "ended": say(
                        "Over after {step} steps, with a return of {total}. Play again with Play.",
                        step="{step}",
                        total="{total}",
                    ),
                },
            }
        )

    def _taken(self) -> list[int]:
        """Return the actions that are shown: all, or of many those that are taken most."""
        count = len(self.played.environment.actions)
        if count <= MOST_ACTIONS:
            return list(range(count))
        acted = np.concatenate([episode.actions for episode in self.played.episodes])
        times = np.bincount(acted.astype(int), minlength=count)
        return sorted(falling(times.astype(float))[:MOST_ACTIONS].tolist())

    def _recorded(self, episode: Episode, taken: Sequence[int]) -> dict[str, Any]:
        """Return lists with an entry for each step that is shown."""
        stride = _stride(episode, len(self.names))
        places = [self.played.environment.observations.index(name) for name in self.names]
        known = episode.probabilities
        totals = np.cumsum(episode.rewards, dtype=np.float64)

        def numbers(values: np.ndarray) -> list[float]:
            return [float(f"{value:.{DIGITS}g}") for value in values[::stride].tolist()]

        return {
            "seen": [numbers(episode.observations[:, place]) for place in places],
            "actions": numbers(episode.actions),
            "rewards": numbers(episode.rewards),
            "totals": numbers(totals),
            "probabilities": None if known is None else [numbers(known[:, k]) for k in taken],
            "uncertainty": [] if known is None else numbers(np.asarray(episode.uncertainty)),
            "stride": stride,
        }


def _stride(episode: Episode, shown: int) -> int:
    return -(-len(episode.actions) * (shown + 4) // MOST_NUMBERS)
