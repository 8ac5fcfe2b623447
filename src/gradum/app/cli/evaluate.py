"""``gradum evaluate``: a model held against rows with a known target."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gradum.app.cli import options
from gradum.app.cli.console import load_model, write, write_json
from gradum.app.cli.waiting import waiting
from gradum.messages import say
from gradum.run.options.option_table import READING


@options.taking(*READING, "max_memory")
def command(
    model: options.Model,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="TABLE",
            help=f"{options.TABLE} It holds the target as well. Default, with --by: the rows that "
            "judged the run.",
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="COL", help="Score by the groups of a column as well."),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The metric for the groups. Default: the run's."),
    ] = None,
    on: options.On = None,
    *,
    as_json: options.Json = False,
    **asked: Any,
) -> None:
    """Score every model of a run on rows that it has not seen.

    The run's own scores stand beside them. What has become worse comes first, and so do rows that
    the model was trained on. With --by, each group is compared with all other rows, by intervals
    that are right for all groups at once.
    """
    loaded = load_model(model)
    with waiting(shown=not as_json):
        evaluation = loaded.evaluate(data, by=by or (), metric=metric, on=on, **asked)
    if as_json:
        write_json(evaluation)
        return
    from gradum.show.answers.groups import group_parts
    from gradum.show.text import change_parts, class_parts, verdict_parts

    groups = () if evaluation.groups is None else group_parts(evaluation.groups)
    if data is None:
        write(*groups)
        return
    write(*(say("note: {sentence}", sentence=sentence) for sentence in evaluation.differences))
    write(*change_parts(evaluation))
    verdict = verdict_parts(evaluation.judgement, predicts=loaded.fitted.used)
    write(*verdict, *class_parts(evaluation.judgement), *groups)
