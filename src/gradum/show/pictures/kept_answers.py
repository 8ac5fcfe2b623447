"""The answers that stay: their share against how far columns may move."""

from __future__ import annotations

import altair as alt
import numpy as np

from gradum.messages import say, sentences
from gradum.scores.figures import percent
from gradum.show.pictures.picture import FAINT, FIRST, SECOND, Picture, data, quantitative, tooltips
from gradum.show.stress_words import AXES, attack_sentences, curve_cells, curve_header, size_text
from gradum.study.stress.result import Attack


def kept_answers(attack: Attack) -> Picture:
    """Draw the shares of rows whose answers the attack left as they are, and that are proved to.

    What lies between the two is shaded: of these rows nobody knows.
    """
    kinds = [say("not changed by the attack"), say("proved to stay")]
    radii = [row.radius for row in attack.rows]
    # Beyond the last answer that changes nothing is to be seen, unless some stay.
    changed = [radius for radius in radii if radius is not None]
    end = max(changed) if changed and len(changed) == len(radii) else attack.full
    sizes = [np.array([np.inf if radius is None else radius for radius in radii])]
    if attack.is_certified:
        proved = np.array([row.certified_radius or 0.0 for row in attack.rows])
        sizes.append(np.where(proved >= attack.full, np.inf, proved))
    shown = kinds[: len(sizes)]
    places = [np.unique([0.0, *known[known < end], end]) for known in sizes]
    lines = [
        {"value": float(at), "share": _share(known, at), "what": what}
        for known, ends, what in zip(sizes, places, shown, strict=True)
        for at in ends
    ]
    x = alt.X(**quantitative("value", say(AXES[attack.budget]), domain=[0, end]))
    axis = {
        "title": say("share of answers"),
        "axis": alt.Axis(format="%"),
        "scale": alt.Scale(domain=[0, 1]),
    }
    curves = (
        alt.Chart(data(lines))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=x,
            y=alt.Y("share:Q", **axis),
            color=alt.Color(
                "what:N",
                title=None,
                sort=shown,
                scale=alt.Scale(domain=shown, range=[FIRST, SECOND][: len(shown)]),
            ),
            tooltip=tooltips("what:N", "value:Q", "share:Q", share=".1%"),
        )
    )
    chart = curves
    if attack.is_certified:
        gap = [
            {"value": float(at), "low": _share(sizes[-1], at), "high": _share(sizes[0], at)}
            for at in np.unique(np.concatenate(places))
        ]
        between = (
            alt.Chart(data(gap))
            .mark_area(interpolate="step-after", color=FAINT)
            .encode(x=x, y=alt.Y("low:Q", **axis), y2="high:Q")
        )
        chart = alt.layer(between, curves)
    chart = chart.properties(width="container", height=260)
    description = say(
        "Where columns may move by {size}, at most {share} of the answers stay.",
        size=size_text(attack.budget, attack.full),
        share=percent(attack.curve[-1].attacked.value),
    )
    if attack.curve[-1].certified is not None:
        known = say(
            "At least {share} are proved to stay; of what lies between, which is shaded, nobody "
            "knows.",
            share=percent(attack.curve[-1].certified),
        )
        description = sentences((description, known))
    return Picture(
        "kept-answers",
        say("Answers that stay"),
        chart,
        next(attack_sentences(attack), description),
        description,
        curve_header(attack),
        [curve_cells(attack, kept) for kept in attack.curve],
        wide=True,
    )


def _share(sizes: np.ndarray, at: float) -> float:
    """Return the share of sizes (n,) that lie beyond a place."""
    return float(np.mean(sizes > at))
