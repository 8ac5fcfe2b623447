"""Charts as SVG, drawn by Altair; no script and nothing from the network in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import polars as pl
import vl_convert

from gradum.fitting.fitted import Fitted

# Okabe and Ito's colours, told apart with any colour vision; no other order.
COLOURS = ["#0072B2", "#D55E00"]
CURVES = {
    "objective": "training rows: loss and penalty",
    "validation_loss": "validation rows: loss",
}


def learning_curves(fitted: Fitted) -> str | None:
    """Draw the MLP's training and validation loss by epoch; None if it was not trained."""
    rung = fitted.rungs.get("mlp")
    if rung is None or not rung.history:
        return None
    frame = _long(rung.history)
    curves = (
        alt.Chart(frame)
        .mark_line()
        .encode(
            x=alt.X("epoch:Q", title="epoch"),
            y=alt.Y("loss:Q", title="loss", scale=alt.Scale(zero=False)),
            color=alt.Color("curve:N", title=None, scale=alt.Scale(range=COLOURS)),
        )
    )
    best = rung.certificate.best_epoch
    if best is not None:
        rule = alt.Chart(pl.DataFrame({"epoch": [best]})).mark_rule(strokeDash=[4, 4])
        curves = curves + rule.encode(x="epoch:Q")
    return svg(curves.properties(width=560, height=240))


def penalty_path(fitted: Fitted) -> str | None:
    """Draw the linear rung's held-out loss by penalty; None if no path was walked."""
    rung = fitted.rungs.get("linear")
    if rung is None or len(rung.history) < 2:
        return None
    frame = pl.DataFrame([dict(entry) for entry in rung.history])
    path = (
        alt.Chart(frame)
        .mark_line(point=True, color=COLOURS[0])
        .encode(
            x=alt.X("alpha:Q", scale=alt.Scale(type="log"), title="penalty alpha"),
            y=alt.Y("validation_loss:Q", title="held-out loss", scale=alt.Scale(zero=False)),
        )
    )
    return svg(path.properties(width=560, height=200))


def svg(chart: alt.LayerChart | alt.FacetChart | alt.Chart) -> str:
    """Render a chart; transparent, so that it stands on light and on dark."""
    return vl_convert.vegalite_to_svg(chart.configure(background="transparent").to_json())


def _long(history: Sequence[Mapping[str, float]]) -> pl.DataFrame:
    rows = [
        {"epoch": entry["epoch"], "curve": title, "loss": entry[name]}
        for entry in history
        for name, title in CURVES.items()
        if entry.get(name) is not None
    ]
    return pl.DataFrame(rows)
