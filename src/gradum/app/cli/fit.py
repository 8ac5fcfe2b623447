"""``gradum fit``: from a table to a judged model."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.cache import cache_directory
from gradum.app.cli.console import INTERRUPTED, Interrupt, compile_once, say, say_json
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
        str, typer.Option("--model", metavar="NAME", help="ladder, linear or mlp.")
    ] = "ladder",
    task: options.Task = None,
    metric: Annotated[
        str | None, typer.Option("--metric", metavar="NAME", help="What the verdict compares.")
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
        typer.Option("--class-weight", metavar="HOW", help="balanced: classes weigh the same."),
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
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Decides every random choice.")
    ] = 0,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Fit and judge models of one column of a table.

    Reads the table, says what it understood of it, climbs the ladder baseline, linear, MLP, and
    says which rung is enough. Leaves a run folder with the model, a report, scores and
    predictions.
    """
    from gradum.api import make_spec
    from gradum.ship.run_folder import RunSpec

    if data == test == STANDARD_INPUT:
        raise SpecError(
            "Standard input cannot be both the table and the test file.", "Give one as a file."
        )
    spec = make_spec(
        target,
        model=model,
        task=task,
        metric=metric,
        cv=cv,
        class_weight=class_weight,
        drop_rare_classes=drop_rare_classes,
        log_target=log_target,
        refit=refit,
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
    fit_into(run_spec, out, force=force, as_json=as_json, quiet=quiet)


def fit_into(run_spec: Any, out: Path | None, *, force: bool, as_json: bool, quiet: bool) -> Any:
    """Run a spec and leave its folder; returns the model, or exits with 130 if interrupted."""
    compile_once()
    from msgspec import structs

    from gradum.api import fit_spec, save_run
    from gradum.app.cli.progress import choose
    from gradum.files.atomic import claim_folder
    from gradum.ship.run_folder import default_folder, hash_files, read_schema
    from gradum.tables.read import read

    table = read(run_spec.data)
    test = None if run_spec.test is None else read(run_spec.test)
    schema = None if run_spec.schema is None else read_schema(Path(run_spec.schema))
    run_spec = structs.replace(run_spec, sha256=hash_files(run_spec))
    folder = out or default_folder(run_spec.data)
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    claim_folder(folder, force=force)
    interrupt, progress = Interrupt(), choose(as_json=as_json, quiet=quiet)
    with interrupt.listening():
        try:
            model = fit_spec(
                run_spec.spec, table, test=test, schema=schema, on_event=progress, stop=interrupt
            )
        except BaseException:
            progress.close()
            _remove(made)
            raise
        progress.reporting()
        save_run(model, folder, run_spec, cache=cache_directory(), stop=interrupt)
        progress.close()
    _farewell(model, folder, as_json=as_json, quiet=quiet)
    if model.run is not None and model.run.interrupted:
        sys.exit(INTERRUPTED)
    return model


def _remove(made: list[Path]) -> None:
    """Take back the folders that were made for a run that came to nothing."""
    for folder in made:
        with suppress(OSError):
            folder.rmdir()


def _farewell(model: Any, folder: Path, *, as_json: bool, quiet: bool) -> None:
    from gradum.ship import run_folder

    if as_json:
        say_json(
            {"event": "written", "folder": str(folder), "used": model.used, "enough": model.enough}
        )
    elif not quiet:
        written = [name for name in run_folder.FILES if (folder / name).exists()]
        say(
            "",
            f"Written to {folder}: {', '.join(written)}",
            f"Next: open {folder / run_folder.REPORT} in a browser; "
            f"gradum predict {folder} NEW_TABLE.csv -o predictions.parquet",
        )
