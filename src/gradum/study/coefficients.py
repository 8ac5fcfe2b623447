"""The linear rung's coefficients, in the units of the table."""

from __future__ import annotations

import numpy as np
import polars as pl

from gradum.errors import SpecError
from gradum.fitting.balance import shift
from gradum.fitting.fitted import Fitted
from gradum.messages import say
from gradum.tables.schema import Label


def coefficients(fitted: Fitted) -> pl.DataFrame:
    """Return one row a coefficient: feature, source, class, coefficient, standardised.

    A coefficient is the change of the output (the target's unit, the logarithm of the target
    under a log target, or the log-odds) for one raw unit of its feature; ``standardised`` is the
    change for one standard deviation of a dense feature, and the same number for a level or an
    n-gram. The feature ``(intercept)`` holds the output where every feature is 0, of the
    classes as common as they are in the table.

    Raises
    ------
    SpecError
        The model has no linear rung.
    """
    if "linear" not in fitted.rungs:
        raise SpecError(
            say("This model has no linear rung."), say("Fit it with model='ladder' or 'linear'.")
        )
    rung, layout = fitted.rungs["linear"], fitted.encoder.layout
    layer = rung.input_layer
    assert layer is not None
    assert fitted.schema.target is not None
    names, sources = layer.columns(layout)
    unit = rung.target_scale.scale if rung.target_scale else 1.0
    standardised = rung.params["layers"][0]["weight"] * unit
    scale = np.ones(len(names))
    scale[: len(layer.scale)] = layer.scale
    raw = standardised / scale[:, None]
    centre = rung.target_scale.centre if rung.target_scale else 0.0
    intercept = rung.params["layers"][0]["bias"] * unit + centre
    intercept = intercept - layer.centre @ raw[: len(layer.centre)]
    if rung.class_weight is not None:
        intercept = intercept - shift(rung.class_weight, len(intercept))
    labels = _output_labels(fitted.schema.target.classes)
    frames = [
        pl.DataFrame(
            {
                "feature": ["(intercept)", *names],
                "source": [None, *sources],
                "class": [label] * (len(names) + 1),
                "coefficient": np.concatenate([intercept[k : k + 1], raw[:, k]]),
                "standardised": np.concatenate([intercept[k : k + 1], standardised[:, k]]),
            },
            schema_overrides={"class": pl.String, "source": pl.String},
        )
        for k, label in enumerate(labels)
    ]
    return pl.concat(frames)


def _output_labels(classes: tuple[Label, ...]) -> list[str | None]:
    """Name the outputs: one for a number, the second of two classes, else every class."""
    if not classes:
        return [None]
    return [str(label) for label in (classes[1:] if len(classes) == 2 else classes)]
