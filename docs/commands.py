"""Writes commands.md from the command line itself: ``python docs/commands.py``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typer

from gradum.app.cli import app

HEAD = """# The commands

Written by `python docs/commands.py` from the commands themselves. `gradum COMMAND --help` says the
same in a terminal. `--lang zh` or `--lang en`, anywhere in a command, chooses its language; without
it the locale does.

| exit code | what it means |
|---|---|
| 0 | done |
| 1 | the machine failed: a full disk, say; no half-written file is left |
| 2 | the command, the table or a file cannot be used; one line says why and what to do |
| 3 | `rerun` found other weights, `watch` an alarm, `verify` a counterexample, `trust` a failure; \
or a compressed model errs more than its budget allows |
| 4 | `verify` decided nothing |
| 130 | interrupted by Ctrl-C; what was done by then is written, and marked so |
"""


def reference() -> str:
    """Return commands.md."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return HEAD + "".join(_section(name, command) for name, command in commands.items())


def _section(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    words = " ".join(each.metavar for each in arguments)
    rows = [(f"`{each.metavar}`", each.help or "") for each in arguments]
    rows += [(_option(each), _help(each)) for each in options]
    table = "".join(f"| {left} | {right} |\n" for left, right in rows)
    prose = re.sub(r"[ \t]*\n[ \t]*", "\n", (command.help or "").strip())
    return (
        f"\n## gradum {name}\n\n```\ngradum {name} {words} [OPTIONS]\n```\n\n{prose}\n\n"
        f"| | |\n|---|---|\n{table}"
    )


def _option(option: Any) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    value = "" if option.is_flag else f" {option.metavar}"
    return f"`{names}{value}`"


def _help(option: Any) -> str:
    text = (option.help or "").strip()
    if option.required:
        return f"{text} Required."
    return f"{text} Can be given several times." if option.multiple else text


if __name__ == "__main__":
    Path(__file__).with_name("commands.md").write_text(reference(), encoding="utf-8")
