"""Names of answers on each scale, and their numbers as text."""

from __future__ import annotations

from gradum.messages import say
from gradum.scores.figures import DIGITS, figure, percent
from gradum.study.explanation.scale import Scale
from gradum.tables.wording import shortened


def answer_name(scale: Scale, label: object, target: str) -> str:
    """Return an answer's name: its class or, for a number, the target."""
    if scale == "target":
        return target
    label = repr(shortened(label))
    if scale == "probability":
        return say("probability of {label}", label=label)
    return say("log-odds of {label}", label=label)


def scale_title(scale: Scale) -> str:
    """Return the title of an axis of answers on a scale."""
    return {
        "target": say("answer"),
        "probability": say("probability"),
        "log-odds": say("log-odds"),
    }[scale]


def answer_text(scale: Scale, value: float, *, digits: int = DIGITS) -> str:
    """Write an answer, or a difference of answers, with a probability as a percentage."""
    return percent(value, decimals=1) if scale == "probability" else figure(value, digits=digits)
