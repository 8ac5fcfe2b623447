"""The answers that stay: their share against how far columns may move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import altair as alt
import numpy as np

from gradum.messages import say
from gradum.scores.figures import figure, percent
from gradum.show.pictures.picture import FIRST, SECOND, Picture, data, quantitative, tooltips
from gradum.show.stress_words import AXES, attack_sentences, curve_cells, curve_header
from gradum.study.stress.result import Attack


def kept_answers(attack: Attack) -> Picture:
    """Draw the shares of rows whose answers the attack left as they are, and that are proved to.

    Between the two nobody knows.
    """
    kinds = [say("not changed by the attack"), say("proved to stay")]
    radii = [row.radius for row in attack.rows]
    lines = list(_steps(radii, attack.full, kinds[0]))
    certified = [row.certified_radius for row in attack.rows]
    shown = kinds[:1]
    if any(radius is not None for radius in certified):
        shown = kinds
        proved = [0.0 if radius is None else radius for radius in certified]
        lines += _steps(proved, attack.full, kinds[1])
    x = alt.X(**quantitative("value", say(AXES[attack.budget]), domain=[0, attack.full]))
    chart = (
        alt.Chart(data(lines))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=x,
            y=alt.Y(
                "share:Q",
                title=say("share of answers"),
                axis=alt.Axis(format="%"),
                scale=alt.Scale(domain=[0, 1]),
            ),
            color=alt.Color(
                "what:N",
                title=None,
                sort=shown,
                scale=alt.Scale(domain=shown, range=[FIRST, SECOND][: len(shown)]),
            ),
            tooltip=tooltips("what:N", "value:Q", "share:Q", share=".1%"),
        )
        .properties(width="container", height=260)
    )
    stays = attack.curve[-1].attacked.value
    description = say(
        "Where columns may move by {size}, at most {share} of the answers stay.",
        size=figure(attack.full),
        share=percent(stays),
    )
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


def _steps(
    radii: Sequence[float | None], full: float, what: str
) -> Iterator[Mapping[str, float | str]]:
    """Yield the share of rows whose radius is larger, from 0 to the full budget."""
    known = np.sort([np.inf if radius is None else radius for radius in radii])
    ends = np.unique(np.concatenate([[0.0], known[known < full], [full]]))
    for end in ends:
        share = float(np.mean(known > end))
        yield {"value": float(end), "share": share, "what": what}
