"""``gradum fit``: from a table to a judged model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gradum.app.cli import options
from gradum.app.cli.carry_out import begin
from gradum.errors import SpecError
from gradum.tables.paths import STANDARD_INPUT, absolute


def command(
    data: Annotated[str, typer.Argument(metavar="TABLE", help=options.TABLE)],
    target: Annotated[str, typer.Option("--target", "-t", metavar="COL", help="What to predict.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Default: runs/DATE-NAME.")
    ] = None,
    force: options.Force = False,
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="ladder, linear, mlp or pack.")
    ] = "ladder",
    effort: options.Effort = "standard",
    time_limit: options.TimeLimit = None,
    task: options.Task = None,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric", metavar="NAME", help="What the verdict compares and the pack is chosen by."
        ),
    ] = None,
    test: Annotated[
        str | None, typer.Option("--test", metavar="TABLE", help="Judge on the rows of this file.")
    ] = None,
    cv: Annotated[
        int | None, typer.Option("--cv", metavar="K", help="Judge by K-fold cross-validation.")
    ] = None,
    numeric: options.Numeric = None,
    categorical: options.Categorical = None,
    text: options.Text = None,
    date: options.Date = None,
    drop: options.Drop = None,
    weight: options.Weight = None,
    group: options.Group = None,
    time: options.Time = None,
    schema: Annotated[
        Path | None, typer.Option("--schema", metavar="FILE", help="An edited schema.json.")
    ] = None,
    class_weight: Annotated[
        str | None,
        typer.Option(
            "--class-weight",
            metavar="HOW",
            help="balanced: rare classes are learned and labelled as if all were equally common; "
            "probabilities stay the table's.",
        ),
    ] = None,
    drop_rare_classes: options.DropRareClasses = False,
    log_target: options.LogTarget = False,
    slices: options.Slice = None,
    cost: options.Cost = None,
    rows: options.Rows = True,
    learning_curve: Annotated[
        bool | None,
        typer.Option(
            "--learning-curve/--no-learning-curve",
            help="Tell what more rows would bring. Default: where that is quicker than training.",
        ),
    ] = None,
    refit: Annotated[
        bool, typer.Option("--refit", help="After the verdict, refit the rung in use on all rows.")
    ] = False,
    max_memory: options.MaxMemory = None,
    blocks: options.Blocks = None,
    max_epochs: Annotated[
        int | None,
        typer.Option("--max-epochs", metavar="N", help="Train the MLP for at most N epochs."),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Decides every random choice.")
    ] = 0,
    checkpoint_every: options.CheckpointEvery = options.CHECKPOINT_SECONDS,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Fit and judge models of one column of a table.

    Reads the table, says what it understood of it, climbs the ladder baseline, linear, MLP, pack,
    and says which rung is enough. Leaves a run folder with the model, a report, scores and
    predictions.
    """
    from gradum.fitting.options import make_spec
    from gradum.ship.run_spec import RunSpec

    if data == test == STANDARD_INPUT:
        raise SpecError(
            "Standard input cannot be both the table and the test file.", "Give one as a file."
        )
    spec = make_spec(
        target,
        model=model,
        effort=effort,
        time_limit=time_limit,
        task=task,
        metric=metric,
        cv=cv,
        class_weight=class_weight,
        drop_rare_classes=drop_rare_classes,
        log_target=log_target,
        refit=refit,
        max_memory=max_memory,
        blocks=blocks,
        max_epochs=max_epochs,
        seed=seed,
        numeric=numeric,
        categorical=categorical,
        text=text,
        date=date,
        drop=drop,
        weight=weight,
        group=group,
        time=time,
        slices=slices,
        cost=cost,
        rows=rows,
        learning_curve=learning_curve,
    )
    run_spec = RunSpec(
        absolute(data),
        spec,
        test=None if test is None else absolute(test),
        schema=None if schema is None else absolute(schema),
    )
    begin(run_spec, out, every=checkpoint_every, force=force, as_json=as_json, quiet=quiet)
