"""The returns of the policies of a game, as lines and a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import RenderableType

from gradum.games.judging import PolicyJudgement
from gradum.games.played import Played
from gradum.messages import marked, say
from gradum.scores.figures import figure, with_interval
from gradum.show.document.document import Shown, TextTable, laid_out, lines, notes
from gradum.solvers.solution import Status

TITLES = {
    "random": marked("random"),
    "threshold": marked("one threshold"),
    "linear": marked("linear"),
    "mlp": marked("MLP"),
}
"""What each policy of the ladder is called in tables."""

IN_WORDS = {
    "random": marked("the random policy"),
    "threshold": marked("the rule of one threshold"),
    "linear": marked("the linear policy"),
    "mlp": marked("the MLP"),
}
"""What each policy of the ladder is called in sentences."""


@dataclass(frozen=True)
class PolicyLadder(Shown):
    """The ladder of policies of a game that was learned."""

    played: Played

    def _parts(self) -> Iterator[RenderableType]:
        judgement = self.played.judgement
        last = len(judgement.scores) - 1
        yield from lines([headline(self.played)], "bold")
        yield laid_out(ladder_table(judgement), bold=[last])
        yield from lines([enough_in_words(judgement)])
        yield from lines([threshold_in_words(self.played)])
        yield from notes(remarks(self.played))


def headline(played: Played) -> str:
    """Say how well the network plays."""
    return say(
        "The MLP's mean return over {count} fresh episodes of {game} is {value}.",
        count=len(played.episodes),
        game=played.environment.name,
        value=with_interval(played.judgement.network.mean),
    )


def ladder_table(judgement: PolicyJudgement) -> TextTable:
    """Return the policies with their mean returns, and how far each is behind the network."""
    header = (say("policy"), say("mean return"), say("behind the MLP by"))
    rows = [
        (
            say(TITLES[score.policy]),
            with_interval(score.mean),
            "" if score.behind is None else with_interval(score.behind),
        )
        for score in judgement.scores
    ]
    return TextTable(header, rows)


def enough_in_words(judgement: PolicyJudgement) -> str:
    """Say which policy is enough."""
    if judgement.enough == judgement.network.policy:
        return say("No simpler policy does as well as the MLP.")
    return say(
        "As far as these episodes show, {policy} does as well: it is enough.",
        policy=say(IN_WORDS[judgement.enough]),
    )


def threshold_in_words(played: Played) -> str:
    """State the best rule of one threshold."""
    rule, names = played.threshold, played.environment.actions
    above, below = (
        names[int(action)] if names else figure(action) for action in (rule.above, rule.below)
    )
    return say(
        "The best rule of one threshold: {above} where {observation} is above {threshold}, else "
        "{below}.",
        above=above,
        below=below,
        observation=played.environment.observations[rule.observation],
        threshold=figure(rule.threshold),
    )


def remarks(played: Played) -> tuple[str, ...]:
    """Say what a reader must know of the intervals and of how learning ended."""
    judgement = played.judgement
    if judgement.bounds is None:
        how = say(
            "Nobody knows the bounds of a return here: the intervals are Student's, which hold for "
            "many episodes, and a few very bad ones may be missing."
        )
    else:
        how = say(
            "Returns lie between {low} and {high}; the 95% intervals are valid for any "
            "distribution between them.",
            low=figure(judgement.bounds[0]),
            high=figure(judgement.bounds[1]),
        )
    limit, ended = "", ""
    if not played.environment.limit_is_own:
        limit = say(
            "The environment states no limit of steps: an episode is cut off after {limit:,}.",
            limit=played.environment.limit,
        )
    if played.policy.status is not Status.COMPLETED:
        ended = say(
            "Learning ended after {done:.0%} of its steps; the policy is the one of that moment.",
            done=played.learned.course[-1].done,
        )
    return tuple(filter(None, (how, limit, ended)))
