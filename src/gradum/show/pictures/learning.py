"""The course of training: the network's epochs and the linear rung's penalties."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt

from gradum.messages import listed, marked, say, sentences
from gradum.run.fitted import Fitted
from gradum.rungs.registry import KINDS
from gradum.rungs.rung import Rung
from gradum.scores.figures import figure
from gradum.show.pictures.picture import (
    COLOURS,
    DASHES,
    FAINT,
    FIRST,
    Chart,
    Picture,
    data,
    quantitative,
    tooltips,
)

CURVES = {
    "objective": marked("training: loss and penalty"),
    "validation_loss": marked("validation: loss"),
}


def learning(fitted: Fitted) -> list[Picture]:
    """Draw what was recorded during training; nothing for rungs that were not trained."""
    pictures = []
    for rung in reversed(fitted.rungs.values()):
        course = KINDS[rung.name].course
        if "epoch" in course and rung.history:
            pictures.append(_epochs(rung))
        elif "alpha" in course and len(rung.history) > 1:
            pictures.append(_penalties(rung))
    return pictures


def _epochs(rung: Rung) -> Picture:
    history, best = rung.history, rung.certificate.best_epoch
    simplest = next(kind.name for kind in KINDS.values() if "epoch" in kind.course)
    curves = [name for name in CURVES if any(entry.get(name) is not None for entry in history)]
    rows = [
        {"epoch": entry["epoch"], "curve": say(CURVES[name]), "loss": entry[name]}
        for entry in history
        for name in curves
        if entry.get(name) is not None
    ]
    colour = alt.Color("curve:N", title=None, scale=alt.Scale(range=COLOURS))
    chart = (
        Chart(data(rows))
        .mark_line(interpolate="monotone")
        .encode(
            x=alt.X(**quantitative("epoch", say("epoch")), axis=alt.Axis(tickMinStep=1)),
            y=alt.Y(**quantitative("loss", say("loss"))),
            color=colour,
            strokeDash=alt.StrokeDash("curve:N", title=None, scale=alt.Scale(range=DASHES)),
            tooltip=tooltips("curve:N", "epoch:Q", "loss:Q"),
        )
    )
    if best is not None:
        rule = Chart(data([{"epoch": best}])).mark_rule(color=FAINT, strokeWidth=2)
        chart = rule.encode(x=alt.X("epoch:Q")) + chart
    return Picture(
        "epochs" if rung.name == simplest else f"epochs-{rung.name}",
        say("Learning curves of {rung}", rung=say(KINDS[rung.name].in_words)),
        chart.properties(width="container", height=240),
        sentences(_course(rung)),
        rung.advice,
        (say("epoch"), *(say(CURVES[name]) for name in curves)),
        tuple(
            (f"{entry['epoch']:g}", *(figure(entry.get(name)) for name in curves))
            for entry in history
        ),
    )


def _course(rung: Rung) -> list[str]:
    """Say how long the training took, and what was kept."""
    epochs, settings, best = len(rung.history), rung.settings, rung.certificate.best_epoch
    if "members" in settings:
        parts = [
            say(
                "Each of the {members} members was trained for {epochs} epochs on all folds but "
                "one; the curve is the mean loss on the folds left out. Each member was kept as "
                "it was at its best epoch, and {kept} of them make up the network ensemble.",
                members=settings["members"],
                epochs=epochs,
                kept=settings["kept"],
            )
        ]
        if pairs := settings.get("pairs"):
            parts.append(
                say(
                    "Besides each column, the members see {pairs}, in standard units: an "
                    "additive model showed that these columns act together.",
                    pairs=listed(pairs),
                )
            )
    else:
        parts = [say("The network was trained for {epochs} epochs.", epochs=epochs)]
    if best is not None:
        parts.append(
            say(
                "The weights of epoch {epoch} were kept, where the validation loss was lowest.",
                epoch=best,
            )
        )
    return parts


def _penalties(rung: Rung) -> Picture:
    rows = [
        {"alpha": entry["alpha"], "loss": entry["validation_loss"]}
        for entry in rung.history
        if entry.get("validation_loss") is not None
    ]
    chosen = rung.settings["alpha"]
    line = (
        Chart(data(rows))
        .mark_line(point=True, color=FIRST)
        .encode(
            x=alt.X(
                "alpha:Q",
                title=say("penalty alpha"),
                scale=alt.Scale(type="log"),
                axis=alt.Axis(values=_powers_of_ten([row["alpha"] for row in rows])),
            ),
            y=alt.Y(**quantitative("loss", say("held-out loss"))),
            tooltip=tooltips("alpha:Q", "loss:Q"),
        )
    )
    rule = Chart(data([{"alpha": chosen}])).mark_rule(color=FAINT, strokeWidth=2)
    return Picture(
        "penalties",
        say("The linear model's penalty"),
        (rule.encode(x=alt.X("alpha:Q")) + line).properties(width="container", height=220),
        say(
            "Of {number} strengths of the penalty, alpha = {alpha} had the lowest held-out loss "
            "and was chosen.",
            number=len(rows),
            alpha=figure(chosen),
        ),
        rung.certificate.sentence,
        ("alpha", say("held-out loss")),
        tuple((figure(row["alpha"]), figure(row["loss"])) for row in rows),
    )


def _powers_of_ten(values: Sequence[float]) -> list[float]:
    """Return the powers of ten from the least value to the greatest."""
    ends = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0**power for power in range(ends[0], ends[1] + 1)]
