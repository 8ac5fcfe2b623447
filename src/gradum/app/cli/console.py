"""Printing for all commands: words, JSON, and errors in one line."""

from __future__ import annotations

import codecs
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from gradum.errors import GradumError
from gradum.messages import as_text, say
from gradum.show.words.visible import visible

if TYPE_CHECKING:
    from rich.console import RenderableType

UsageError: Any = typer.BadParameter.__base__  # typer exposes only its subclasses


def write(*parts: RenderableType) -> None:
    """Print for people to standard output, as wide as the terminal (130 columns elsewhere)."""
    from gradum.show.words.terminal import Terminal

    width = None if sys.stdout.isatty() else 130
    # No markup: a column may well be called "bill [mm]" or ":smile:".
    console = Terminal(highlight=False, markup=False, emoji=False, width=width)
    for part in parts:
        console.print(part)


def write_json(value: Any) -> None:
    """Print one value as one line of JSON."""
    import msgspec

    print_json(msgspec.json.encode(value, enc_hook=as_text).decode())


def print_json(text: str) -> None:
    """Print JSON; where the output is not UTF-8, letters beyond ASCII are JSON escapes."""
    if codecs.lookup(sys.stdout.encoding or "utf-8").name != "utf-8":
        text = re.sub(r"[^\x00-\x7f]", lambda letter: json.dumps(letter[0])[1:-1], text)
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def refuse(error: GradumError) -> NoReturn:
    """Exit with the error in one line and its exit code."""
    message = " ".join(str(error).split())
    sys.stderr.write(visible(say("error: {message}", message=message)) + "\n")
    sys.exit(error.exit_code)


def compile_once() -> None:
    """Keep JAX's compiled programs in the user's cache directory, however quickly they compiled."""
    import jax

    from gradum.app.cli.cache import cache_directory
    from gradum.files.private import private_folder

    folder = cache_directory()
    programs = private_folder(folder / "xla") if folder is not None else None
    if programs is None and (chosen := os.environ.get("GRADUM_CACHE_DIR")):
        note = say(
            "note: nothing is kept in {folder}: it cannot be written, or is not closed to others. "
            "Choose a folder of your own.",
            folder=chosen,
        )
        sys.stderr.write(f"{visible(note)}\n")
    if programs is not None:
        jax.config.update("jax_compilation_cache_dir", str(programs))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def load_model(run_or_model: Path) -> Any:
    """Read the model of a run folder, or a model file, which knows its run if it lies in one."""
    from gradum.api import load
    from gradum.questions.rows.run_rows import run_of
    from gradum.ship.run_folder import locate_model

    model = load(locate_model(run_or_model))
    model.folder = run_of(run_or_model, model.fitted)
    return model
