"""Words that explanations and reason codes share: answers, and values with their errors."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from gradum.fitting.fitted import Fitted
from gradum.messages import say
from gradum.scores.figures import figure, percent
from gradum.scores.interval import NORMAL_95
from gradum.show.visible import visible
from gradum.study.explanation.explain import Explanations
from gradum.tables.wording import shortened, value_text


def heading(found: Explanations, fitted: Fitted, place: int, chosen: int) -> str:
    """Say what one answer for a row is, and what it is over the background rows."""
    part = found.parts[place]
    written = partial(percent, decimals=1) if found.scale == "probability" else figure
    places: dict[str, Any] = {
        "row": int(found.rows[place]),
        "output": written(float(part.output[chosen])),
        "base": written(float(part.base[chosen])),
        "rows": found.background,
    }
    if found.scale == "target":
        return visible(
            say(
                "Row {row}: {target} {output}; over {rows:,} background rows {base} on average.",
                target=fitted.spec.target,
                **places,
            )
        )
    label = repr(shortened(found.answers[chosen]))
    if found.scale == "probability":
        return visible(
            say(
                "Row {row}: the probability of {label} is {output}; over {rows:,} background rows "
                "{base} on average.",
                label=label,
                **places,
            )
        )
    return visible(
        say(
            "Row {row}: the log-odds of {label} are {output}; over {rows:,} background rows {base} "
            "on average.",
            label=label,
            **places,
        )
    )


def with_error(value: float, error: float) -> str:
    """Write a value with the half-width of its 95% interval, if that is known."""
    written = figure(value, digits=3, sign=True)
    if np.isnan(error):
        return written
    return f"{written} ± {figure(NORMAL_95 * error, digits=2)}"


def value_words(value: Any) -> str:
    """Write a value of a table as it stands in a sentence, a text in quotes."""
    if value is None:
        return say("missing")
    return repr(shortened(value)) if isinstance(value, str) else value_text(value)
