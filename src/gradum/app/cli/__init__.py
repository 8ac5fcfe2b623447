"""The command line: ``gradum COMMAND …``.

Nothing heavy is imported before a command runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys

import typer

import gradum
from gradum.app.cli import console, evaluate, fit, inspect, predict, rerun
from gradum.errors import GradumError

app = typer.Typer(
    name="gradum",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (fit, predict, evaluate, inspect, rerun):
    app.command(command.__name__.rpartition(".")[2])(command.command)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"gradum {gradum.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Neural models for tables that their users can trust."""


def main() -> None:
    """Run the command line; a user's mistake ends in one line and exit code 2."""
    try:
        app()
    except GradumError as error:
        console.refuse(error)
    except BrokenPipeError:
        # The reader of our output has gone (gradum … | head); that is no error.
        sys.stderr.close()
        sys.exit(0)
