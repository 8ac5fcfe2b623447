"""``gradum inspect``: what a table is understood to be, before anything is fitted."""

from __future__ import annotations

from typing import Annotated

import typer

from gradum.app.cli import options
from gradum.app.cli.console import print_json, say


def command(
    data: Annotated[str, typer.Argument(metavar="TABLE", help=options.TABLE)],
    target: Annotated[
        str | None, typer.Option("--target", "-t", metavar="COL", help="What to predict.")
    ] = None,
    task: options.Task = None,
    numeric: options.Numeric = None,
    categorical: options.Categorical = None,
    text: options.Text = None,
    date: options.Date = None,
    drop: options.Drop = None,
    weight: options.Weight = None,
    group: options.Group = None,
    time: options.Time = None,
    log_target: options.LogTarget = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the schema as JSON, to edit and give to fit.")
    ] = False,
) -> None:
    """Say what each column of a table is taken for, and why."""
    from gradum.show.text import schema_parts
    from gradum.tables.read import read
    from gradum.tables.schema import Overrides, infer

    overrides = Overrides(
        numeric=tuple(numeric or ()),
        categorical=tuple(categorical or ()),
        text=tuple(text or ()),
        date=tuple(date or ()),
        drop=tuple(drop or ()),
        weight=weight,
        group=group,
        time=time,
    )
    table = read(data)
    schema = infer(table, target=target, task=task, overrides=overrides, log_target=log_target)
    if as_json:
        print_json(schema.to_json())
    else:
        say(*schema_parts(schema, table.notes))
