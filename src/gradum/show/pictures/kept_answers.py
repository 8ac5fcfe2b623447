"""The share of answers that stay, by how far columns may move."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from gradum.messages import say, sentences
from gradum.scores.figures import percent
from gradum.show.pictures.picture import FAINT, FIRST, SECOND, Picture, data, quantitative, tooltips
from gradum.show.stress_words import AXES, attack_sentences, curve_table, size_text
from gradum.study.stress.result import Attack


def kept_answers(attack: Attack) -> Picture:
    """Draw the shares of rows whose answers the attack left unchanged, and are proved to stay.

    The gap between the two is shaded; these rows are undecided.
    """
    end, sizes = _end(attack), _sizes(attack)
    places = [np.unique([0.0, *known[known < end], end]) for known in sizes]
    x = alt.X(**quantitative("value", say(AXES[attack.budget]), domain=[0, end]))
    chart = _curves(sizes, places, x)
    if attack.is_certified:
        chart = alt.layer(_between(sizes, places, x), chart)
    description, curve = _description(attack), curve_table(attack)
    return Picture(
        "kept-answers",
        say("Answers that stay"),
        chart.properties(width="container", height=260),
        next(attack_sentences(attack), description),
        description,
        tuple(curve.header),
        [tuple(row) for row in curve.rows],
        wide=True,
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


def _share_axis() -> dict[str, Any]:
    return {
        "title": say("share of answers"),
        "axis": alt.Axis(format="%"),
        "scale": alt.Scale(domain=[0, 1]),
    }


def _curves(sizes: list[np.ndarray], places: list[np.ndarray], x: alt.X) -> alt.Chart:
    """Draw a falling line for each kind of size."""
    kinds = [say("not changed by the attack"), say("proved to stay")][: len(sizes)]
    lines = [
        {"value": float(at), "share": _share(known, at), "what": what}
        for known, ends, what in zip(sizes, places, kinds, strict=True)
        for at in ends
    ]
    colours = alt.Scale(domain=kinds, range=[FIRST, SECOND][: len(kinds)])
    return (
        alt.Chart(data(lines))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=x,
            y=alt.Y("share:Q", **_share_axis()),
            color=alt.Color("what:N", title=None, sort=kinds, scale=colours),
            tooltip=tooltips("what:N", "value:Q", "share:Q", share=".1%"),
        )
    )


def _between(sizes: list[np.ndarray], places: list[np.ndarray], x: alt.X) -> alt.Chart:
    """Shade the gap between the shares left by the attack and proved."""
    gap = [
        {"value": float(at), "low": _share(sizes[-1], at), "high": _share(sizes[0], at)}
        for at in np.unique(np.concatenate(places))
    ]
    return (
        alt.Chart(data(gap))
        .mark_area(interpolate="step-after", color=FAINT)
        .encode(x=x, y=alt.Y("low:Q", **_share_axis()), y2="high:Q")
    )


def _description(attack: Attack) -> str:
    """Say how many answers stay if columns move within the full budget."""
    last = attack.curve[-1]
    description = say(
        "Where columns may move by {size}, at most {share} of the answers stay.",
        size=size_text(attack.budget, attack.full),
        share=percent(last.attacked.value),
    )
    if last.certified is None:
        return description
    known = say(
        "At least {share} are proved to stay; it is not known which of the answers between, in "
        "the shaded area, do.",
        share=percent(last.certified),
    )
    return sentences((description, known))


def _share(sizes: np.ndarray, at: float) -> float:
    """Return the share of the sizes (n,) that lie beyond a given point."""
    return float(np.mean(sizes > at))
