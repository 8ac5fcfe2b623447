"""The report on a game that was learned: what is computed for it, and the page."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gradum.games import GAMES
from gradum.games.played import Played
from gradum.games.policy_model import ACTION, states
from gradum.messages import say
from gradum.randomness import stream
from gradum.ship.forms.javascript.file import document_of, module
from gradum.ship.play_folder import PlaySpec
from gradum.ship.recording.model import recorded_model
from gradum.study.explanation.effects import effects_of
from gradum.study.explanation.explain import explain
from gradum.study.explanation.learned import BACKGROUND_ROWS, drawn_rows
from gradum.study.explanation.overall import overall
from gradum.study.properties.result import Verification
from gradum.waiting import tell

if TYPE_CHECKING:
    from gradum.show.game.report import PolicyExplanation

MOST_EXPLAINED = 100  # states
MOST_CURVES = 4
MOST_ANSWERS = 200_000  # of the network for a state, where there are many observations


def game_report(
    played: Played,
    spec: PlaySpec,
    *,
    cache: Path | None = None,
    verified: Verification | None = None,
) -> str:
    """Return the report on a game that was learned, as one self-contained HTML page.

    Parameters
    ----------
    spec : PlaySpec
        What was asked.
    cache : path, optional
        A folder that keeps the charts' script for later reports.
    verified : Verification, optional
        Properties of the network that were asked for.
    """
    from gradum.show.game.report import game_report_html  # loads charts

    tell(say("report: why it acts so"))
    explanation = _explanation(played)
    tell(say("report: charts"))
    is_played_on = played.environment.name in GAMES
    return game_report_html(
        played,
        explanation,
        _command(spec),
        module=_module(played) if is_played_on else "",
        verified=verified,
        cache=cache,
    )


def _explanation(played: Played) -> PolicyExplanation:
    """Explain the network's answers in states that judged episodes went through."""
    from gradum.show.game.report import PolicyExplanation

    fitted, rung = played.fitted, played.policy.name
    visited = states(played.environment, played.episodes).drop(ACTION)
    background = drawn_rows(visited, BACKGROUND_ROWS, stream(played.seed, "report background"))
    rows = drawn_rows(visited, MOST_EXPLAINED, stream(played.seed, "report states"))
    found = overall(
        explain(
            fitted,
            rows,
            background,
            numbers=np.arange(len(rows)) + 1,
            rung=rung,
            most_answers=MOST_ANSWERS,
        )
    )
    foremost = [column.column for column in found.columns[:MOST_CURVES]]
    return PolicyExplanation(found, effects_of(fitted, background, columns=foremost, rung=rung))


def _module(played: Played) -> str:
    return module(document_of(recorded_model(played.fitted, played.policy.name))).decode()


def _command(spec: PlaySpec) -> str:
    words = ["gradum", "play", spec.game, "--seed", f"{spec.seed}"]
    if spec.steps is not None:
        words += ["--steps", f"{spec.steps}"]
    for text in spec.properties:
        words += ["--property", text]
    return shlex.join(words)
