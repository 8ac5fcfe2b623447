"""Rows, and packs so small that their fit takes a moment."""

import numpy as np
import polars as pl

from gradum.rungs.context import Context
from gradum.rungs.pack.fit import fit_pack
from gradum.rungs.rows import Rows
from gradum.tables.check.check import check
from gradum.tables.check.role_values import target_values
from gradum.tables.encode import Encoder
from gradum.tables.schema.schema import Overrides, infer
from gradum.tables.table import Table
from synthetic import FEW as TINY


def rows_of(frame, target, *, weight=None, groups=None, time=None, **overrides):
    """Encode a frame as a whole run would."""
    table = Table(frame, "synthetic")
    schema = infer(table, target=target, overrides=Overrides(**overrides))
    checked = check(table, schema)
    design = Encoder.fit(checked.frame, schema).transform(checked.frame)
    weight = np.ones(len(frame)) if weight is None else weight
    classes = len(schema.target.classes) or None
    return Rows(design, target_values(checked), weight, classes, groups, time)


def numbers(rows=600, seed=0, columns=3):
    """Three independent normal columns, and a number, a flag and a grade made of them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns))
    y = x[:, 0] * x[:, 1] + 0.5 * x[:, 2] + 0.2 * rng.normal(size=rows)
    frame = pl.DataFrame({f"x{k}": x[:, k] for k in range(columns)})
    return frame.with_columns(
        y=y,
        flag=pl.Series(np.where(y > 0, "yes", "no")),
        grade=pl.Series(np.array(["low", "middle", "high"])[np.digitize(y, [-0.7, 0.7])]),
    )


def only(target, rows=600, seed=0):
    """The columns and one of the three targets."""
    return rows_of(numbers(rows, seed).select("x0", "x1", "x2", target), target)


def fitted(rows, spec=TINY, *, seed=0, stop=lambda: False, **options):
    """Fit a pack; a fifth of the rows would judge it, were no folds possible."""
    validation = np.arange(len(rows)) % 5 == 0
    options = {"log_target": False, "seconds": None} | options
    return fit_pack(rows, validation, spec, Context(seed, stop=stop), **options)
