"""The command of a question, made of its statement: ``gradum NAME RUN_OR_MODEL …``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args

import typer

from gradum.app.cli import options
from gradum.questions.statement import Knob, Statement
from gradum.run.options.option_table import HEADINGS, READING

ANY_FILE = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="FILE", help="A .parquet, .csv or .json file, or .html, a page."
    ),
]


def command_of(statement: Statement) -> Callable[..., None]:
    """Return the command of a question, with the knobs of its statement as options."""

    def command(
        model: Path, *, as_json: bool, quiet: bool, out: Path | None = None, **typed: Any
    ) -> None:
        from gradum.app.cli.console import load_model
        from gradum.app.cli.pages import is_page, print_result
        from gradum.app.cli.waiting import waiting

        force, silent = typed.pop("force", False), as_json or quiet
        _check(out, statement, force=force)
        loaded = load_model(model)
        given = _read(statement, typed, loaded.features)
        if statement.refuse_page is not None and out is not None and is_page(out):
            statement.refuse_page(given)
        with waiting(shown=not silent):
            answer = statement.answer(loaded, **given)
            shown = "" if silent else answer.__rich__()  # some of which may take a moment
            if out is not None:
                _write(answer, out, force=force)
        print_result(shown, answer.records(), out, as_json=as_json, quiet=quiet)
        if statement.finish is not None:
            statement.finish(answer, given)
        if answer.exit_code:
            raise typer.Exit(answer.exit_code)

    command.__doc__ = statement.prose
    shaped: Any = command
    shaped.__signature__ = inspect.Signature(list(_parameters(statement)))
    shaped.__annotations__ = {
        name: each.annotation for name, each in shaped.__signature__.parameters.items()
    }
    return command


def _parameters(statement: Statement) -> Iterator[inspect.Parameter]:
    """Yield the command's parameters in the order of its help."""
    yield _parameter("model", options.Model)
    for name, stated in statement.parameters.items():
        kind, knob = get_args(stated.annotation)
        typed = knob.typed or _typed(kind)
        if stated.kind != stated.KEYWORD_ONLY:
            info: Any = typer.Argument(metavar=knob.metavar, help=knob.help)
        else:
            flag = knob.flag or name.replace("_", "-")
            info = typer.Option(f"--{flag}", metavar=knob.metavar or None, help=knob.help)
        default = stated.default
        if default in (None, ()):
            typed, default = typed | None, None
        yield _parameter(name, Annotated[typed, info, knob], default)
    if statement.page or statement.frame:
        yield _parameter("out", ANY_FILE if statement.frame else options.Page, None)
    if statement.reads:
        for name in READING:
            kind = Annotated[options.type_of(name), options.option(name, HEADINGS[name])]
            yield _parameter(name, kind, None)
    if statement.frame:
        yield _parameter("force", options.Replace, False)
    yield _parameter("as_json", options.Json, False)
    yield _parameter("quiet", options.Quiet, False)


def _parameter(name: str, kind: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)


def _typed(kind: Any) -> Any:
    """Return the type in which the command line reads a value, without None."""
    (typed,) = [one for one in get_args(kind) or (kind,) if one is not NoneType]
    return typed


def _read(statement: Statement, typed: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Read what was typed; what was not is left to the function's own defaults."""
    knobs = {name: get_args(stated.annotation)[1] for name, stated in statement.parameters.items()}
    given = {}
    for name, value in typed.items():
        knob: Knob | None = knobs.get(name)
        if value is not None:
            read = None if knob is None else knob.read
            given[name] = value if read is None else read(value, names)
    return given


def _check(out: Path | None, statement: Statement, *, force: bool) -> None:
    """Refuse a file that cannot be written, before anything is computed."""
    from gradum.app.cli.pages import PAGES, check_page, is_page

    if out is None:
        return
    if is_page(out) or not statement.frame:
        check_page(out)
    else:
        from gradum.ship.prediction_files import check_frame_format

        check_frame_format(out, force=force, also=PAGES[:1])


def _write(answer: Any, out: Path, *, force: bool) -> None:
    """Write the answer's page, or its frame."""
    from gradum.app.cli.cache import cache_directory
    from gradum.app.cli.pages import is_page
    from gradum.files.atomic import write_text
    from gradum.ship.prediction_files import write_frame

    if is_page(out):
        write_text(out, answer.page(cache_directory()))
    else:
        write_frame(out, answer.frame, force=force)
