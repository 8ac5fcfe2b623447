"""What every command shares: where words go, how errors end, what Ctrl-C does."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from gradum.errors import GradumError, SpecError

if TYPE_CHECKING:
    from rich.console import RenderableType

UsageError: Any = typer.BadParameter.__base__  # typer names only its children
INTERRUPTED = 130


def say(*parts: RenderableType) -> None:
    """Print for people, on standard output, as wide as the terminal (130 columns elsewhere)."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 130
    # No markup: a column may well be called "bill [mm]" or ":smile:".
    console = Console(highlight=False, markup=False, emoji=False, width=width)
    for part in parts:
        console.print(part)


def say_json(value: Any) -> None:
    """Print one value as one line of JSON."""
    import msgspec

    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def refuse(error: GradumError) -> NoReturn:
    """End with the error in one line and its exit code."""
    sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
    sys.exit(error.exit_code)


def misused(error: Any) -> SpecError:
    """Say what was wrong with the command's words as any other mistake is said."""
    command = error.ctx.command_path if error.ctx else "gradum"
    message = error.format_message().partition(", unable to")[0].rstrip(".")
    return SpecError(f"{message}.", f"See {command} --help.")


class Interrupt:
    """Ctrl-C: the first asks the run to end at the next chunk, the second ends it at once."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self) -> bool:
        """Whether the run is to end."""
        return self.asked

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take over the interrupt signal for a while."""
        before = signal.signal(signal.SIGINT, self._handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _handle(self, *_: Any) -> None:
        if self.asked:
            sys.stderr.write("Aborted.\n")
            raise KeyboardInterrupt  # Typer ends with code 130
        self.asked = True
        sys.stderr.write("\nStopping at the next chunk; press Ctrl-C again to abort.\n")


def compile_once() -> None:
    """Keep JAX's compiled programs in the user's cache directory, however quick they compiled."""
    import jax

    from gradum.app.cli.cache import cache_directory

    folder = cache_directory()
    if folder is not None:
        jax.config.update("jax_compilation_cache_dir", str(folder / "xla"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def load_model(run_or_model: Path) -> Any:
    """Read the model of a run folder, or a model file."""
    from gradum.api import load
    from gradum.ship.run_folder import locate_model

    return load(locate_model(run_or_model))
