"""The command line: ``gradum COMMAND …``.

Nothing heavy is imported before a command runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import sys

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
from gradum.app.cli.question import command_of
from gradum.errors import GradumError
from gradum.questions import QUESTIONS

app = typer.Typer(
    name="gradum",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_ASKED = {statement.name: command_of(statement) for statement in QUESTIONS}
COMMANDS = {
    "fit": fit.command,
    "resume": resume.command,
    "predict": predict.command,
    "evaluate": evaluate.command,
    "trust": trust.command,
    **_ASKED,
    "infer": infer.command,
    "verify": verify.command,
    "inspect": inspect.command,
    "export": export.command,
    "serve": serve.command,
    "mcp": mcp.command,
    "compress": compress.command,
    "report": report.command,
    "compare": compare.command,
    "compare-solvers": compare_solvers.command,
    "explain-step": explain_step.command,
    "lab": lab.command,
    "rerun": rerun.command,
    "play": play.command,
}
for name, command in COMMANDS.items():
    app.command(name)(command)


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
        typer.echo(context.get_help())
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
