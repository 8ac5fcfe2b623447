"""The course of training: the network's epochs, the linear rung's penalties."""

from __future__ import annotations

import altair as alt

from gradum.fitting.fitted import Fitted
from gradum.fitting.rung import Rung
from gradum.fitting.rungs import KINDS
from gradum.scores.figures import figure
from gradum.show.pictures.picture import (
    COLOURS,
    DASHES,
    FAINT,
    FIRST,
    Picture,
    data,
    quantitative,
    tooltips,
)

CURVES = {"objective": "training: loss and penalty", "validation_loss": "validation: loss"}


def learning(fitted: Fitted) -> list[Picture]:
    """Draw what was recorded while training; nothing for what was not trained."""
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
    curves = [name for name in CURVES if any(entry.get(name) is not None for entry in history)]
    rows = [
        {"epoch": entry["epoch"], "curve": CURVES[name], "loss": entry[name]}
        for entry in history
        for name in curves
        if entry.get(name) is not None
    ]
    colour = alt.Color("curve:N", title=None, scale=alt.Scale(range=COLOURS))
    chart = (
        alt.Chart(data(rows))
        .mark_line(interpolate="monotone")
        .encode(
            x=alt.X(**quantitative("epoch", "epoch"), axis=alt.Axis(tickMinStep=1)),
            y=alt.Y(**quantitative("loss", "loss")),
            color=colour,
            strokeDash=alt.StrokeDash("curve:N", title=None, scale=alt.Scale(range=DASHES)),
            tooltip=tooltips("curve:N", "epoch:Q", "loss:Q"),
        )
    )
    said = f"The network was trained for {len(history)} epochs."
    if "members" in rung.settings:
        said = (
            f"The {rung.settings['members']} members were trained for {len(history)} epochs, each "
            "without one fold, whose mean loss is shown; each was kept as it was at its own best, "
            f"and {rung.settings['kept']} of them make the pack."
        )
        if pairs := rung.settings.get("pairs"):
            said += (
                f" Besides each column they see {', '.join(pairs)}, in standard units: columns "
                "that act together, as an additive model of them showed."
            )
    if best is not None:
        said += f" The weights of epoch {best} were kept, where the validation loss was least."
        rule = alt.Chart(data([{"epoch": best}])).mark_rule(color=FAINT, strokeWidth=2)
        chart = rule.encode(x=alt.X("epoch:Q")) + chart
    return Picture(
        "epochs" if rung.name == "mlp" else f"epochs-{rung.name}",
        f"Learning curves of {KINDS[rung.name].in_words}",
        chart.properties(width="container", height=240),
        said,
        rung.advice,
        ("epoch", *(CURVES[name] for name in curves)),
        tuple(
            (f"{entry['epoch']:g}", *(figure(entry.get(name)) for name in curves))
            for entry in history
        ),
    )


def _penalties(rung: Rung) -> Picture:
    rows = [
        {"alpha": entry["alpha"], "loss": entry["validation_loss"]}
        for entry in rung.history
        if entry.get("validation_loss") is not None
    ]
    chosen = rung.settings["alpha"]
    line = (
        alt.Chart(data(rows))
        .mark_line(point=True, color=FIRST)
        .encode(
            x=alt.X("alpha:Q", title="penalty alpha", scale=alt.Scale(type="log")),
            y=alt.Y(**quantitative("loss", "held-out loss")),
            tooltip=tooltips("alpha:Q", "loss:Q"),
        )
    )
    rule = alt.Chart(data([{"alpha": chosen}])).mark_rule(color=FAINT, strokeWidth=2)
    return Picture(
        "penalties",
        "The linear rung's penalty",
        (rule.encode(x=alt.X("alpha:Q")) + line).properties(width="container", height=220),
        f"Of {len(rows)} strengths of the penalty, alpha = {figure(chosen)} had the least held-out "
        "loss and was chosen.",
        rung.certificate.sentence,
        ("alpha", "held-out loss"),
        tuple((figure(row["alpha"]), figure(row["loss"])) for row in rows),
    )
