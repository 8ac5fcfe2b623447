"""The report on a game that was learned: one page, in which episodes are played offline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gradum.games.played import Played
from gradum.messages import say
from gradum.show.answers.verification import VERDICTS, explained, stated
from gradum.show.document.document import Section
from gradum.show.game.pictures import learning_picture, returns_picture, states_picture
from gradum.show.game.policy_ladder import (
    enough_in_words,
    headline,
    ladder_table,
    remarks,
    threshold_in_words,
)
from gradum.show.game.recordings import Recordings
from gradum.show.page.bundle import script, source
from gradum.show.page.charted_page import charted_page
from gradum.show.pictures.contributions import contribution_bars, contribution_swarm
from gradum.show.pictures.effects import effect_picture
from gradum.show.pictures.picture import Picture
from gradum.study.explanation.effects import Effects
from gradum.study.explanation.overall import Overall
from gradum.study.properties.result import Verification

PLAYER = "show/game/page/main.js"
SHARE = 0.9  # of the visited states, below the region of the property that is proposed


@dataclass(frozen=True)
class PolicyExplanation:
    """Which observations move the network's answers, and how; over visited states."""

    overall: Overall
    effects: Effects

    @property
    def foremost(self) -> tuple[str, ...]:
        """The observations, those first that move the answers most."""
        return tuple(column.column for column in self.overall.columns)


def game_report_html(
    played: Played,
    explanation: PolicyExplanation,
    command: str,
    *,
    module: str = "",
    verified: Verification | None = None,
    cache: Path | None = None,
) -> str:
    """Render a game that was learned.

    Parameters
    ----------
    command : str
        The command that repeats the run.
    module : str
        The network as a module of JavaScript, with which readers play on; empty where the page has
        not the game's dynamics.
    verified : Verification, optional
        Properties of the network that were asked for.
    cache : path, optional
        A folder that keeps the charts' script for the next report.
    """
    recordings = Recordings(played, explanation.foremost, module)
    return charted_page(
        "played.html",
        _sections(played, explanation),
        cache,
        heading=say("{game}: a policy learned by trying", game=played.environment.name),
        played=played,
        ladder=ladder_table(played.judgement),
        headline=(headline(played), enough_in_words(played.judgement), threshold_in_words(played)),
        remarks=remarks(played),
        recordings=recordings,
        player_script=script(PLAYER),
        game_style=source("show/game/page/game.css"),
        verified=[
            (each, say(VERDICTS[each.verdict]), stated(each), explained(each))
            for each in verified.properties
        ]
        if verified
        else [],
        property=property_to_try(played, explanation.foremost[0]),
        command=command,
        fitted=played.fitted,
    )


def _sections(played: Played, explanation: PolicyExplanation) -> list[Section]:
    foremost, overall = explanation.foremost, explanation.overall
    first, *others = foremost
    states = states_picture(played, (first, others[0])) if others else None
    labels = [str(label) for label in explanation.effects.answers]
    answer = labels.index(overall.answer) if overall.answer in labels else 0
    curves = [effect_picture(explanation.effects, e, answer) for e in explanation.effects.effects]
    return [
        Section("result", say("Result"), pictures=[returns_picture(played)]),
        Section("learning", say("How did it learn?"), pictures=_some(learning_picture(played))),
        Section(
            "states",
            say("Where is it unsure?")
            if played.environment.actions
            else say("What does it do where?"),
            pictures=_some(states),
        ),
        Section(
            "explanations",
            say("Why does it act so?"),
            pictures=[contribution_bars(overall), *_some(contribution_swarm(overall)), *curves],
            answer=say("Most of all because of {column}.", column=first),
        ),
        Section("proof", say("What can be proved of it?")),
        Section("repeat", say("How is it repeated?")),
    ]


def _some(picture: Picture | None) -> tuple[Picture, ...]:
    return () if picture is None else (picture,)


def property_to_try(played: Played, column: str) -> str:
    """Return a property about the tenth of the visited states where an observation is greatest.

    It is that the network never takes the action that it took least there; or that its number stays
    in the half of the range in which it was on average.
    """
    environment = played.environment
    place = environment.observations.index(column)
    seen = np.concatenate([episode.observations[:, place] for episode in played.episodes])
    acted = np.concatenate([episode.actions for episode in played.episodes])
    least = float(f"{np.quantile(seen, SHARE):.2g}")
    most = max(float(f"{seen.max():.2g}"), least)
    there = acted[(seen >= least) & (seen <= most)]
    region = f"{column} {least:g}..{most:g}"
    if not environment.actions:
        low, high = environment.bounds
        middle = (low + high) / 2
        ends = (low, middle) if there.mean() < middle else (middle, high)
        return f"range {ends[0]:g}..{ends[1]:g} where {region}"
    times = np.bincount(there.astype(int), minlength=len(environment.actions))
    return f"never {environment.actions[int(times.argmin())]} where {region}"
