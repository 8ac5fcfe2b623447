"""Options of the command line: those in the table of options, and others that commands share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from gradum.messages import marked
from gradum.questions.statement import TABLE
from gradum.run.options.option_table import (
    HEADINGS,
    OPTIONS,
    TYPES,
    either,
    flag,
    signature_with_options,
)
from gradum.rungs.names import EVERY

FOREMOST = marked("Most used")
"""The heading of the options that most people need."""
ON_COMMAND_LINE = tuple(name for name, option in OPTIONS.items() if option.on_command_line)


def option(name: str, heading: str | None = None) -> Any:
    """Return an option of the table in the form that typer takes, under a heading of the help."""
    entry, word = OPTIONS[name], f"--{flag(name)}"
    if type_of(name) == bool | None and entry.default is not False:
        word = f"{word}/--no-{flag(name)}"
    return typer.Option(
        word, metavar=entry.metavar or None, help=entry.help, rich_help_panel=heading
    )


def taking(
    *names: str, foremost: Collection[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a command take options of the table as ``**options``, each shown in its help.

    They come before the command's keyword-only parameters; the ``foremost`` under `FOREMOST`, the
    others under their own headings.
    """

    def decorate(command: Any) -> Callable[..., None]:
        types = {
            name: Annotated[
                type_of(name), option(name, FOREMOST if name in foremost else HEADINGS.get(name))
            ]
            for name in sorted(names, key=lambda name: name not in foremost)
        }
        command.__signature__ = signature_with_options(command, types)
        command.__annotations__ = {
            name: parameter.annotation
            for name, parameter in command.__signature__.parameters.items()
        }
        return command

    return decorate


def type_of(name: str) -> Any:
    """Return the type in which the command line reads an option, of all types that Python takes.

    Text, such as sizes and costs, is parsed when the spec is built.
    """
    types = get_args(TYPES[name]) or (TYPES[name],)
    if Iterable[str] in types:
        return list[str] | None
    plain = [kind for kind in (bool, int, float) if kind in types and str not in types]
    return (plain[0] if plain else str) | None


Model = Annotated[
    Path, typer.Argument(metavar="RUN_OR_MODEL", help="A run folder or a model file.")
]
Table = Annotated[str, typer.Argument(metavar="TABLE", help=TABLE)]
Rung = Annotated[
    str | None,
    typer.Option(
        "--rung", metavar="NAME", help=f"{either((*EVERY, 'enough'))}. Default: the best."
    ),
]
Interval = Annotated[
    float | None,
    typer.Option(
        "--interval",
        metavar="SHARE",
        help="Add an interval, or a set of classes, that holds the target in this share of the "
        "rows.",
    ),
]
Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="ADDRESS",
        help="The run's table, if it lies on another machine: it is read again only when named.",
    ),
]
MovedTable = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="TABLE",
        help="Where the run's table lies now, if moved; its address, if on another machine.",
    ),
]
Against = Annotated[
    list[str] | None,
    typer.Option(
        "--against",
        metavar="RIVAL",
        help="Judge the run's rivals again, or others: no run folder makes gradum import any.",
    ),
]
On = Annotated[str | None, option("on")]
Page = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="A page: .html.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one event a line.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
CHECKPOINT_SECONDS = 30.0
CheckpointEvery = Annotated[
    float,
    typer.Option(
        "--checkpoint-every",
        metavar="SECONDS",
        help="How often to save a checkpoint for gradum resume. Default: 30. 0: never.",
    ),
]
Replace = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]
Force = Annotated[bool, typer.Option("--force", help="Write into a folder that is not empty.")]
