"""The shares of answers that stay and that change, by how far columns may move."""

from __future__ import annotations

import altair as alt
import numpy as np

from gradum.messages import say, sentences
from gradum.questions.stress.result import Attack
from gradum.questions.stress.words import AXES, attack_sentences, curve_table, kept_sentence
from gradum.scores.figures import percent
from gradum.show.pictures.picture import (
    FAINT,
    SECOND,
    THIRD,
    Chart,
    Picture,
    data,
    quantitative,
    tooltips,
)


def kept_answers(attack: Attack) -> Picture:
    """Draw the shares of answers that are proved to stay, that change, and those between the two.

    The shares are stacked, each in the colour of what it means.
    """
    description, curve = _description(attack), curve_table(attack)
    return Picture(
        "kept-answers",
        say("Answers that stay"),
        _bands(attack).properties(width="container", height=260),
        next(attack_sentences(attack), description),
        description,
        tuple(curve.header),
        [tuple(row) for row in curve.rows],
        wide=True,
    )


def _bands(attack: Attack) -> alt.Chart:
    """Stack the shares by how far columns move: proved, undecided, changed."""
    end, sizes = _end(attack), _sizes(attack)
    known = np.concatenate(sizes)
    places = np.unique([0.0, *known[known < end], end])
    # The ends of the bands, from the bottom up: the shares proved to stay, and left unchanged.
    ends = [0.0, *sizes[::-1], 1.0]
    colours = {say("proved to stay"): THIRD, say("undecided"): FAINT, say("changed"): SECOND}
    if not attack.is_certified:
        colours = {say("not changed by the attack"): FAINT, say("changed"): SECOND}
    rows = [
        {"value": float(at), "low": _share(low, at), "high": _share(high, at), "what": what}
        for what, low, high in zip(colours, ends, ends[1:], strict=False)
        for at in places
    ]
    axis = {"title": say("share of answers"), "axis": alt.Axis(format="%")}
    return (
        Chart(data(rows))
        .mark_area(interpolate="step-after", opacity=0.75)
        .transform_calculate(share="datum.high - datum.low")
        .encode(
            x=alt.X(**quantitative("value", say(AXES[attack.budget]), domain=[0, end])),
            y=alt.Y("low:Q", scale=alt.Scale(domain=[0, 1]), **axis),
            y2=alt.Y2("high:Q"),
            color=alt.Color(
                "what:N",
                title=None,
                sort=list(colours),
                scale=alt.Scale(domain=list(colours), range=list(colours.values())),
            ),
            tooltip=tooltips("what:N", "value:Q", "share:Q", share=".1%"),
        )
    )


def _end(attack: Attack) -> float:
    """Return the end of the axis: the largest radius if all answers change, else the full size."""
    changed = [row.radius for row in attack.rows if row.radius is not None]
    return max(changed) if changed and len(changed) == len(attack.rows) else attack.full


def _sizes(attack: Attack) -> list[np.ndarray]:
    """Return the sizes up to which each answer was not changed and, if asked, is proved to stay."""
    sizes = [np.array([np.inf if row.radius is None else row.radius for row in attack.rows])]
    if attack.is_certified:
        proved = np.array([row.certified_radius or 0.0 for row in attack.rows])
        sizes.append(np.where(proved >= attack.full, np.inf, proved))
    return sizes


def _description(attack: Attack) -> str:
    """Say how many answers stay if columns move within the full budget."""
    last = attack.curve[-1]
    description = kept_sentence(attack)
    if last.certified is None:
        return description
    known = say(
        "At least {share} are proved to stay the same; those in between, shown in grey, are "
        "undecided.",
        share=percent(last.certified),
    )
    return sentences((description, known))


def _share(sizes: np.ndarray | float, at: float) -> float:
    """Return the share of the sizes (n,) that lie beyond a given point; a share is itself."""
    return sizes if isinstance(sizes, float) else float(np.mean(sizes > at))
