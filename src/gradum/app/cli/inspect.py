"""``gradum inspect``: what a table is understood to be, before anything is fitted."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.console import print_json, write
from gradum.run.options.option_table import OVERRIDES, READING


@options.taking(*READING, "task", *OVERRIDES, "log_target")
def command(
    data: options.Table,
    target: Annotated[
        str | None, typer.Option("--target", "-t", metavar="COL", help="What to predict.")
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the schema as JSON, to edit and give to fit.")
    ] = False,
    **asked: Any,
) -> None:
    """Say what each column of a table is taken for, and why."""
    from gradum.run.options.options import make_overrides, make_reading
    from gradum.show.text import schema_parts
    from gradum.tables.schema import infer
    from gradum.tables.sources.read import read
    from gradum.tables.totals import without_totals

    task, log_target = asked.pop("task"), asked.pop("log_target")
    reading = make_reading(**{name: asked.pop(name) for name in READING})
    overrides = make_overrides(**asked)
    table = without_totals(read(data, reading))
    schema = infer(table, target=target, task=task, overrides=overrides, log_target=log_target)
    if as_json:
        print_json(schema.to_json())
    else:
        write(*schema_parts(schema, (*table.notes, *table.left_out)))
