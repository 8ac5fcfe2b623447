"""``gradum inspect``: what a table is understood to be, before anything is fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.console import print_json, write, write_json
from gradum.errors import SpecError
from gradum.run.options.option_table import OVERRIDES, READING

if TYPE_CHECKING:
    from gradum.tables.schema.schema import Schema
    from gradum.tables.table import Table


FORECAST = ("horizon", "series", "known", "holidays")


@options.taking(*READING, "task", *OVERRIDES, "log_target", *FORECAST)
def command(
    data: options.Table,
    target: Annotated[
        str | None, typer.Option("--target", "-t", metavar="COL", help="What to predict.")
    ] = None,
    plan: Annotated[
        bool,
        typer.Option("--plan", help="Say how many rows show a gap between models of the target."),
    ] = False,
    points: Annotated[
        float | None,
        typer.Option(
            metavar="NUMBER",
            help="With --plan: the gap, and the width of an interval, in points. Default: 5.",
        ),
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the schema as JSON, to edit and give to fit.")
    ] = False,
    **asked: Any,
) -> None:
    """Say what each column of a table is taken for, and why.

    With --plan, says how many rows it takes. The plan is made from the target alone, before any
    fit: how many judged rows tell two models apart and make an interval as narrow as wanted, and
    what this table's rows can show.

    With --horizon, say what series there are, how often they are read, and what rows a forecast
    learns from.
    """
    from gradum.run.options.options import make_overrides, make_reading
    from gradum.show.text import schema_parts
    from gradum.tables.doubts.totals import without_totals
    from gradum.tables.schema.schema import infer
    from gradum.tables.sources.read import read

    task, log_target = asked.pop("task"), asked.pop("log_target")
    forecast = {name: asked.pop(name) for name in FORECAST}
    reading = make_reading(**{name: asked.pop(name) for name in READING})
    table = without_totals(read(data, reading))
    if any(value is not None and value != [] for value in forecast.values()):
        _refuse_plan(plan=plan)
        table, schema = _of_series(
            table, target, task=task, log_target=log_target, **forecast, **asked
        )
    else:
        overrides = make_overrides(**asked)
        schema = infer(table, target=target, task=task, overrides=overrides, log_target=log_target)
    if plan:
        _tell_plan(table, schema, 5.0 if points is None else points, as_json=as_json)
        return
    if points is not None:
        raise SpecError("--points has no effect without --plan.", "Give --plan, or leave it out.")
    if as_json:
        print_json(schema.to_json())
    else:
        write(*schema_parts(schema, (*table.notes, *table.left_out)))


def _refuse_plan(*, plan: bool) -> None:
    if plan:
        raise SpecError(
            "A plan counts rows of a table, and the rows of a forecast overlap.",
            "Leave out --plan, or --horizon.",
        )


def _of_series(table: Table, target: str | None, **asked: Any) -> tuple[Table, Schema]:
    """Return the rows that a forecast of these options would learn from, and what they are."""
    from gradum.run.forecast.rows_of_series import series_as_asked
    from gradum.run.options.options import make_spec

    if target is None:
        raise SpecError("A forecast needs a column to forecast.", "Give --target COL.")
    spec = make_spec(target, **asked)
    spec.refuse_beside_forecast()
    learned = series_as_asked(spec, table)
    return learned.table, learned.schema


def _tell_plan(table: Table, schema: Schema, points: float, *, as_json: bool) -> None:
    """Say how many rows the target takes."""
    from gradum.run.dataset import labelled
    from gradum.show.answers.rows_needed import plan_parts
    from gradum.study.rows_needed import rows_needed

    if schema.target is None:
        raise SpecError("A plan needs to know what is predicted.", "Give --target COL.")
    needed = rows_needed(labelled(table, schema), points / 100)
    if as_json:
        write_json(needed)
    else:
        write(*plan_parts(needed))
