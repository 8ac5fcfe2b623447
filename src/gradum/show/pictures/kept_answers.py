"""The answers that stay: their share against how far columns may move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import altair as alt
import numpy as np

from gradum.messages import say
from gradum.scores.figures import percent
from gradum.show.pictures.picture import FIRST, SECOND, Picture, data, quantitative, tooltips
from gradum.show.stress_words import AXES, attack_sentences, curve_cells, curve_header, size_text
from gradum.study.stress.result import Attack


def kept_answers(attack: Attack) -> Picture:
    """Draw the shares of rows whose answers the attack left as they are, and that are proved to.

    Between the two nobody knows.
    """
    kinds = [say("not changed by the attack"), say("proved to stay")]
    radii = [row.radius for row in attack.rows]
    # Beyond the last answer that changes nothing is to be seen, unless some stay.
    changed = [radius for radius in radii if radius is not None]
    end = max(changed) if changed and len(changed) == len(radii) else attack.full
    lines = list(_steps(radii, end, kinds[0]))
    certified = [row.certified_radius for row in attack.rows]
    shown = kinds[:1]
    if any(radius is not None for radius in certified):
        shown = kinds
        proved = [0.0 if radius is None else radius for radius in certified]
        lines += _steps(proved, end, kinds[1])
    x = alt.X(**quantitative("value", say(AXES[attack.budget]), domain=[0, end]))
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
    description = say(
        "Where columns may move by {size}, at most {share} of the answers stay.",
        size=size_text(attack.budget, attack.full),
        share=percent(attack.curve[-1].attacked.value),
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
    radii: Sequence[float | None], last: float, what: str
) -> Iterator[Mapping[str, float | str]]:
    """Yield the share of rows whose radius is larger, from 0 to the last place."""
    known = np.sort([np.inf if radius is None else radius for radius in radii])
    ends = np.unique(np.concatenate([[0.0], known[known < last], [last]]))
    for end in ends:
        share = float(np.mean(known > end))
        yield {"value": float(end), "share": share, "what": what}
