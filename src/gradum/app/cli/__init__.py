"""The command line: ``gradum COMMAND …``.

Nothing heavy is imported before a command runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import typer

import gradum
from gradum.app.cli import (
    compare,
    compare_solvers,
    compress,
    console,
    evaluate,
    explain_step,
    export,
    failures,
    fit,
    infer,
    inspect,
    lab,
    language,
    mcp,
    play,
    predict,
    report,
    rerun,
    resume,
    serve,
    streams,
    trust,
    verify,
)
from gradum.app.cli.help_groups import GroupedCommands, GroupedOptions
from gradum.app.cli.question import command_of
from gradum.errors import GradumError
from gradum.messages import marked
from gradum.questions import QUESTIONS
from gradum.questions.statement import ASK, TRUST

app = typer.Typer(
    name="gradum",
    cls=GroupedCommands,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_ASKED: dict[str, dict[str, Any]] = {ASK: {}, TRUST: {}}
for statement in QUESTIONS:
    _ASKED[statement.group][statement.name] = command_of(statement)
LEARN = {
    "inspect": inspect.command,
    "fit": fit.command,
    "resume": resume.command,
    "rerun": rerun.command,
    "compress": compress.command,
    "play": play.command,
}
USE = {
    "predict": predict.command,
    "export": export.command,
    "serve": serve.command,
    "mcp": mcp.command,
}
ABOUT_ANSWERS = {**_ASKED[ASK], "infer": infer.command}
ABOUT_TRUST = {
    "evaluate": evaluate.command,
    "trust": trust.command,
    "report": report.command,
    "compare": compare.command,
    **_ASKED[TRUST],
    "verify": verify.command,
}
UNDERSTAND = {
    "lab": lab.command,
    "explain-step": explain_step.command,
    "compare-solvers": compare_solvers.command,
}
GROUPS: dict[str, dict[str, Any]] = {
    marked("Learn"): LEARN,
    marked("Use"): USE,
    ASK: ABOUT_ANSWERS,
    TRUST: ABOUT_TRUST,
    marked("Understand"): UNDERSTAND,
}
"""Heading of the help -> its commands by name."""
COMMANDS = {name: command for group in GROUPS.values() for name, command in group.items()}
for heading, group in GROUPS.items():
    for name, command in group.items():
        app.command(name, cls=GroupedOptions, rich_help_panel=heading)(command)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"gradum {gradum.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
    _: str = typer.Option(
        "",
        language.OPTION,
        metavar="CODE",
        help="Speak en or zh (中文), not the locale's language.",
    ),
) -> None:
    """Neural models for tables that their users can trust.

    Exit codes: 0 done; 1 the machine failed (a full disk, say); 2 something given cannot be used;
    3 rerun found other weights, watch raised an alarm, verify found a counterexample, trust found
    a failure, or a compressed model errs more than its budget allows; 4 verify decided nothing;
    130 interrupted.
    """
    if context.invoked_subcommand is None:
        from gradum.app.cli.next_steps import next_steps

        typer.echo(next_steps(Path.cwd()))
        raise typer.Exit(2)


def main() -> None:
    """Run the command line; what goes wrong ends in one line and its exit code."""
    output = streams.lasting()
    try:
        with failures.explained():
            words = language.choose_language(sys.argv[1:], os.environ)
            command = language.translated(typer.main.get_command(app))
            code = command(words, prog_name="gradum", standalone_mode=False)
        output.check()
    except GradumError as error:
        console.refuse(error)
    except console.UsageError as error:
        from gradum.app.cli.misuse import misused

        console.refuse(misused(error))
    sys.exit(code)
