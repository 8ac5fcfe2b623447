"""The linear rung's coefficients, in the units of the table."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from gradum.errors import SpecError
from gradum.messages import listed
from gradum.run.fitted import Fitted
from gradum.rungs.balance import shift
from gradum.rungs.registry import KINDS
from gradum.rungs.rung import Rung
from gradum.study.combinations import Combinations, of_each_column
from gradum.tables.schema.schema import Label


def coefficients(fitted: Fitted) -> pl.DataFrame:
    """Return one row for each coefficient: feature, source, class, coefficient, standardised.

    A coefficient is the change of the output (the target's unit, the logarithm of the target
    under a log target, that of its mean under a loss for counts and amounts, or the log-odds) for
    one raw unit of its feature; ``standardised`` is the change for one standard deviation of a
    dense feature, and the same number for a level or an n-gram. Two levels count as -1 and +1, so
    that their coefficient is half the difference between
    them. The feature ``(intercept)`` holds the output where every feature is 0, with the classes as
    common as they are in the table. For ordered classes, it is the change of the score, and the
    thresholds θ between two classes, such as ``low | mid``, stand in place of the intercept:
    the log-odds of being above one are the score less θ.

    Raises
    ------
    SpecError
        The model has no linear rung.
    """
    rung = linear_rung(fitted)
    layer = rung.input_layer
    assert layer is not None
    combinations = of_each_column(layer, fitted.encoder.layout)
    frame = combined(fitted, combinations)
    if not rung.learned_by.one_score:
        return frame
    return pl.concat([_thresholds(fitted, rung, combinations), frame[1:]])


def combined(fitted: Fitted, combinations: Combinations) -> pl.DataFrame:
    """Return the frame of `coefficients` for linear combinations of the linear rung's weights.

    Raises
    ------
    SpecError
        The model has no linear rung.
    """
    rung = linear_rung(fitted)
    scale, values = rung.target_scale, _values(rung, combinations)
    if rung.learned_by.one_score:
        steps = rung.learned_by.steps(values.shape[1])
        values = (values @ steps / (steps @ steps))[:, None]
    if rung.learned_by.link == "log":
        assert scale is not None
        values[0] += np.log(scale.scale)
    elif scale is not None:
        values = values * scale.scale
        values[0] += scale.centre
    if rung.class_weight is not None:
        values[0] -= shift(rung.class_weight, values.shape[1])
    classes = () if rung.learned_by.one_score else fitted.schema.learned_target.classes
    labels = _output_labels(classes)
    frames = [
        pl.DataFrame(
            {
                "feature": combinations.names,
                "source": combinations.sources,
                "class": [label] * len(combinations),
                "coefficient": values[:, k],
                "standardised": values[:, k] * combinations.deviation,
            },
            schema_overrides={"class": pl.String, "source": pl.String},
        )
        for k, label in enumerate(labels)
    ]
    return pl.concat(frames)


def _values(rung: Rung, combinations: Combinations) -> np.ndarray:
    """Return the combinations of every output's weights and bias (m, k)."""
    layer = rung.params["layers"][0]
    return combinations.matrix @ np.vstack([layer["weight"], layer["bias"]])


def _thresholds(fitted: Fitted, rung: Rung, combinations: Combinations) -> pl.DataFrame:
    """Return the thresholds of ordered classes where every feature is 0, as rows of the frame."""
    names = list(map(str, fitted.schema.learned_target.classes))
    level = -np.diff(_values(rung, combinations)[0])
    rows = {
        "feature": [f"{low} | {high}" for low, high in pairwise(names)],
        "source": None,
        "class": None,
        "coefficient": level,
        "standardised": level,
    }
    return pl.DataFrame(rows, schema_overrides={"class": pl.String, "source": pl.String})


def linear_rung(fitted: Fitted) -> Rung:
    """Return the rung whose coefficients are read.

    Raises
    ------
    SpecError
        The model has no such rung.
    """
    if fitted.linear is None:
        readable = (name for name, kind in KINDS.items() if kind.has_coefficients)
        names = listed([f"'{name}'" for name in ("ladder", *readable)], "or")
        raise SpecError("This file has no linear model.", "Fit it with model={names}.", names=names)
    return fitted.linear


def _output_labels(classes: tuple[Label, ...]) -> list[str | None]:
    """Name the outputs: one for a number, the second of two classes, otherwise every class."""
    if not classes:
        return [None]
    return [str(label) for label in (classes[1:] if len(classes) == 2 else classes)]
