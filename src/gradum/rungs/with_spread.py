"""The spread of a rung: which rows it is fitted to, and which part of it a refit keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradum.rungs.context import Context
from gradum.rungs.rows import Rows
from gradum.rungs.rung import Rung
from gradum.rungs.spread.fit import HeldOutResiduals, fit_spread
from gradum.solvers.threads import one_thread
from gradum.tables.kinds.design import Layout

FEWEST_ROWS, MOST_ROWS = 2, 6000


def with_spread(
    rung: Rung,
    rows: Rows,
    context: Context,
    places: np.ndarray | None = None,
    predicted: np.ndarray | None = None,
) -> Rung:
    """Return the rung with a spread fitted to rows that it has not learned from.

    Classes, several quantiles and predictions that are not finite get none.

    Parameters
    ----------
    places : ndarray of shape (m,), optional
        Which of the rows these are; all if not given. If they are many, a sample is drawn.
    predicted : ndarray of shape (m,), optional
        What models like the rung that have not learned from these rows predict for them, on its
        scale; the rung's own predictions if not given.
    """
    scale, places = rung.target_scale, np.arange(len(rows)) if places is None else places
    one_number = scale is not None and rung.network.outputs == 1
    if not (context.spreads and one_number and len(places) >= FEWEST_ROWS):
        return rung
    assert scale is not None
    rng = context.random("spread", rung.name)
    if len(places) > MOST_ROWS:
        drawn = np.sort(rng.choice(len(places), MOST_ROWS, replace=False))
        places, predicted = places[drawn], None if predicted is None else predicted[drawn]
    rows = rows.take(places)
    design = rows.design.encoded()
    with np.errstate(over="ignore", invalid="ignore"):  # from weights that grew without bound
        logits = rung.logits(design)[:, 0] if predicted is None else predicted
    if not np.isfinite(logits).all():
        return rung
    missed = scale.forward(rows.target) - rung.learned_by.inverse_link(logits[:, None])
    residuals = HeldOutResiduals(
        rung.features(design, logits),
        missed if rows.exposure is None else missed * np.sqrt(rows.exposure),
        rows.weight if rows.exposure is None else rows.weight / rows.exposure,
        rows.groups,
        rows.time,
    )
    with one_thread():
        return replace(rung, spread=fit_spread(residuals, rng))


def with_spread_of(rung: Rung, judged: Rung, layout: Layout, of_judged: Layout) -> Rung:
    """Return a refitted rung with the spread of the one that was judged.

    Its rows have inputs of the layout, which may be others than those of the judged rung: a level
    more, or a column with missing values. What depends on dense inputs that it lacks is left out.
    """
    if judged.spread is None or judged.target_scale is None or rung.target_scale is None:
        return rung
    spread = judged.spread.times(judged.target_scale.scale / rung.target_scale.scale)
    places = {name: place for place, name in enumerate(_dense_inputs(rung, layout), 1)}
    before = enumerate(_dense_inputs(judged, of_judged), 1)
    moved = {place: places[name] for place, name in before if name in places}
    return replace(rung, spread=spread.of_inputs(moved))


def _dense_inputs(rung: Rung, layout: Layout) -> list[tuple[str, ...]]:
    """Name each dense input of a rung: a feature, or a level of a coded column."""
    if rung.input_layer is None:
        return []
    names: list[tuple[str, ...]] = [(feature.name,) for feature in layout.dense]
    for column, treatment in zip(layout.codes, rung.input_layer.treatments, strict=True):
        if treatment == "one_hot":
            names += [(column.source, level) for level in column.levels]
        elif treatment == "sign":
            names.append((column.source, *column.levels))
    return names
