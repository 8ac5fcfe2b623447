"""Pictures of a policy: returns beside simpler ones, the learning curve, and a map of states."""

from __future__ import annotations

import altair as alt
import numpy as np

from gradum.games.judging import PolicyJudgement
from gradum.games.played import Played
from gradum.messages import say, sentences
from gradum.scores.figures import figure, percent, with_interval
from gradum.show.game.policy_ladder import TITLES, remarks
from gradum.show.pictures.picture import (
    FAINT,
    FIRST,
    SECOND,
    AnyChart,
    Chart,
    Picture,
    bounds,
    by,
    data,
    limits,
    quantitative,
    tooltips,
)

ACROSS, UP = 32, 24  # cells of a map
MOST_POINTS = 200  # of a curve's table
PLACES: tuple[dict, dict] = (
    {"align": "right", "baseline": "top", "x": "width", "y": "height", "dy": 24},
    {"align": "left", "baseline": "bottom", "x": 0, "y": 0, "dy": -6},
)
"""Where the names of a map's axes stand: below on the right, and above on the left."""


def returns_picture(played: Played) -> Picture:
    """Draw the return of each judged episode, and the mean with its interval, for every policy."""
    judgement = played.judgement
    chart = (_each(judgement) + _means(judgement)).properties(width="container", height=190)
    return Picture(
        "returns",
        say("What the policies earn"),
        chart,
        _beside(judgement),
        sentences(
            [
                say(
                    "A line is an episode, a dot the mean return over {count} episodes with its "
                    "95% interval. All policies begin in the same first states.",
                    count=len(played.episodes),
                ),
                remarks(played)[0],
            ]
        ),
        (say("policy"), say("mean return"), say("from"), say("to")),
        tuple((say(TITLES[score.policy]), *limits(score.mean)) for score in judgement.scores),
    )


def _each(judgement: PolicyJudgement) -> alt.Chart:
    """Draw a line for each return; of equal ones, one."""
    rows = [
        {"policy": say(TITLES[score.policy]), "place": place, "return": value}
        for place, score in enumerate(judgement.scores)
        for value in sorted(set(score.returns))
    ]
    axis = alt.X(**quantitative("return", say("return"), padding=8))
    return (
        Chart(data(rows))
        .mark_tick(color=FAINT, thickness=1.5, size=22)
        .encode(x=axis, y=alt.Y("policy:N", sort=by("place"), title=None))
    )


def _means(judgement: PolicyJudgement) -> AnyChart:
    rows = [
        {"policy": say(TITLES[score.policy]), "place": place, **bounds(score.mean)}
        for place, score in enumerate(judgement.scores)
    ]
    base = Chart(data(rows)).encode(
        y=alt.Y("policy:N", sort=by("place"), title=None),
        tooltip=tooltips("policy:N", "value:Q", "low:Q", "high:Q"),
    )
    interval = base.mark_rule(color=FIRST, strokeWidth=3).encode(
        x=alt.X("low:Q"), x2=alt.X2("high:Q")
    )
    return interval + base.mark_point(color=FIRST, size=110).encode(x=alt.X("value:Q"))


def _beside(judgement: PolicyJudgement) -> str:
    found = [
        say("{policy} {value}", policy=say(TITLES[score.policy]), value=with_interval(score.mean))
        for score in judgement.scores
    ]
    return say("Mean returns: {means}.", means=say("; ").join(found))


def learning_picture(played: Played) -> Picture | None:
    """Draw the mean return of the episodes that ended, by steps in the game."""
    course = [point for point in played.learned.course if point.mean_return is not None]
    if len(course) < 2:
        return None
    rows = [
        {"steps": point.steps, "return": point.mean_return, "episodes": point.episodes}
        for point in course
    ]
    judged = data([{"return": played.judgement.network.mean.value}])
    line = (
        Chart(data(rows))
        .mark_line(color=FIRST, point=alt.OverlayMarkDef(color=FIRST, size=24))
        .encode(
            x=alt.X(**quantitative("steps", say("steps in the game"), zero=True, nice=False)),
            y=alt.Y(**quantitative("return", say("mean return"))),
            tooltip=tooltips("steps:Q", "return:Q", "episodes:Q", steps=",", episodes=","),
        )
    )
    rule = Chart(judged).mark_rule(color=SECOND, strokeDash=[6, 3]).encode(y=alt.Y("return:Q"))
    return Picture(
        "learning",
        say("How it learned"),
        (rule + line).properties(width="container", height=260),
        say(
            "The mean return went from {first} to {last} in {steps:,} steps, {seconds} s.",
            first=figure(course[0].mean_return),
            last=figure(course[-1].mean_return),
            steps=course[-1].steps,
            seconds=figure(played.learned.seconds, digits=3),
        ),
        say(
            "A point is the mean return of the episodes that ended since the point before, with "
            "actions drawn by chance, as it learns. The dashed line is the judged mean return, "
            "where it takes the likeliest action."
        ),
        (say("steps"), say("episodes"), say("mean return")),
        tuple(
            (f"{point.steps:,}", f"{point.episodes:,}", figure(point.mean_return))
            for point in course[:: -(-len(course) // MOST_POINTS)]
        ),
        wide=True,
    )


def states_picture(played: Played, columns: tuple[str, str]) -> Picture:
    """Draw the visited states over two observations: where it is unsure, or which number it gives.

    Shapes: n visited states.
    """
    environment = played.environment
    seen = np.concatenate([episode.observations for episode in played.episodes])
    x, y = (seen[:, environment.observations.index(name)] for name in columns)
    if environment.actions:
        unsure = [np.asarray(episode.uncertainty) for episode in played.episodes]
        return _map(played, columns, x, y, np.concatenate(unsure))
    acted = np.concatenate([episode.actions for episode in played.episodes])
    return _map(played, columns, x, y, np.asarray(acted, np.float64))


def _map(
    played: Played, columns: tuple[str, str], x: np.ndarray, y: np.ndarray, values: np.ndarray
) -> Picture:
    ends = [np.linspace(v.min(), v.max(), n + 1) for v, n in ((x, ACROSS), (y, UP))]
    counts = np.histogram2d(x, y, ends)[0]
    sums = np.histogram2d(x, y, ends, weights=values)[0]
    filled = np.argwhere(counts > 0)
    named, (low, high) = bool(played.environment.actions), played.environment.bounds
    middle, reach = (0.0, values.max()) if named else ((low + high) / 2, (high - low) / 2)
    cells = [
        {
            "x": ends[0][i],
            "x2": ends[0][i + 1],
            "y": ends[1][j],
            "y2": ends[1][j + 1],
            "states": int(counts[i, j]),
            "mean": mean,
            "strength": abs(mean - middle) / max(reach, np.finfo(float).tiny),
            "colour": SECOND if mean > middle else FIRST,
        }
        for i, j in filled
        for mean in [float(sums[i, j] / counts[i, j])]
    ]
    return Picture(
        "states",
        say("Where it is unsure") if named else say("What it does where"),
        _cells(cells, columns),
        _summary(played, x, y, values, columns),
        sentences(
            [
                say(
                    "A tile holds states that judged episodes went through; where there is none, "
                    "nobody was. {first} runs from left to right, {second} upwards: the two "
                    "observations that move the answers most.",
                    first=columns[0],
                    second=columns[1],
                ),
                say(
                    "The stronger the orange, the more probable are other actions than the one "
                    "taken, up to {most}.",
                    most=percent(float(values.max()), decimals=1),
                )
                if named
                else say(
                    "Orange tiles are above {middle}, blue ones below; the strongest colours are "
                    "{low} and {high}.",
                    middle=figure(middle),
                    low=figure(low),
                    high=figure(high),
                ),
            ]
        ),
        wide=True,
    )


def _cells(cells: list[dict], columns: tuple[str, str]) -> AnyChart:
    """Draw tiles, a faint ground below each one's colour."""
    base = Chart(data(cells)).encode(
        x=alt.X(**quantitative("x", None, nice=False)),  # type: ignore[arg-type]
        x2=alt.X2("x2"),
        y=alt.Y(**quantitative("y", None, nice=False)),  # type: ignore[arg-type]
        y2=alt.Y2("y2"),
        tooltip=tooltips("mean:Q", "states:Q", states=","),
    )
    strength = alt.Opacity("strength:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None)
    ground = base.mark_rect(color=FAINT, opacity=0.35, stroke=None)
    shade = base.mark_rect(stroke=None).encode(
        color=alt.Color("colour:N", scale=None), opacity=strength
    )
    # Names are data, since the title of an axis would be an expression.
    named = [
        Chart(data([{"name": name}])).mark_text(**place).encode(text=alt.Text("name:N"))
        for name, place in zip(columns, PLACES, strict=True)
    ]
    return alt.layer(ground, shade, *named).properties(width="container", height=340)


def _summary(
    played: Played, x: np.ndarray, y: np.ndarray, values: np.ndarray, columns: tuple[str, str]
) -> str:
    """Say where it is most unsure: the middle of the tenth of the states that are most so."""
    if not played.environment.actions:
        (unsure,) = {float(np.asarray(each.uncertainty)[0]) for each in played.episodes[:1]}
        return say(
            "While it learned, it tried numbers around its own with a standard deviation of "
            "{deviation}, in all states alike.",
            deviation=figure(unsure, digits=3),
        )
    most = values >= np.quantile(values, 0.9)
    return say(
        "Its own action has a probability of {typical} in the middle state; in the tenth of the "
        "states where it is least sure, of {least} or less, with {first} about {x} and {second} "
        "about {y}.",
        typical=percent(1 - float(np.median(values)), decimals=1),
        least=percent(1 - float(values[most].min()), decimals=1),
        first=columns[0],
        x=figure(float(np.median(x[most])), digits=2),
        second=columns[1],
        y=figure(float(np.median(y[most])), digits=2),
    )
