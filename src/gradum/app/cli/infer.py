"""``gradum infer``: the regression table of a linear model."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.console import write, write_json
from gradum.run.options.option_table import READING


@options.taking(*READING, "numeric", "categorical", "text", "date", "drop", "fold_case")
def command(
    data: options.Table,
    target: Annotated[str, typer.Option("--target", "-t", metavar="COL", help="What to explain.")],
    task: Annotated[str | None, options.option("task")] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="squared_error, log_loss, poisson or gamma. Default: by the target.",
        ),
    ] = None,
    covariance: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="classical; or robust to unequal variances: robust, HC0, HC1, HC2 or HC3.",
        ),
    ] = "classical",
    weight: Annotated[str | None, options.option("weight")] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="frequency: a row of weight w stands for w rows; precision: it is a single row.",
        ),
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="COL", help="Rows of equal COL may depend on each other.")
    ] = None,
    offset: Annotated[
        str | None,
        typer.Option(
            metavar="COL", help="A column that is added to the model's prediction, as it is."
        ),
    ] = None,
    exposure: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="Counts or amounts are modelled per unit of COL: its logarithm is the offset.",
        ),
    ] = None,
    level: Annotated[
        float, typer.Option(metavar="SHARE", help="The level of the intervals.")
    ] = 0.95,
    alpha: Annotated[
        float,
        typer.Option(
            metavar="NUMBER",
            help="Strength of an L2 penalty, at least 0. Default: 0, none.",
        ),
    ] = 0.0,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
    **asked: Any,
) -> None:
    """Say how columns bear on one of them: a regression table.

    Fits a linear model (logistic for classes) to all rows, by default without a penalty. Prints
    coefficients with standard errors, p-values and intervals, and what they assume. Each level of a
    categorical column is compared with its most common level; a level that predicts a class without
    error is left out, with its rows.
    """
    from gradum.api.inference import infer

    summary = infer(
        data,
        target,
        task=task,
        loss=loss,
        covariance=covariance,
        weight=weight,
        weights=weights,
        group=group,
        offset=offset,
        exposure=exposure,
        level=level,
        alpha=alpha,
        **asked,
    )
    if as_json:
        write_json(summary.inference)
    else:
        write(summary)
