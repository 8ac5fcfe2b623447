"""The command and the Python code that repeat a run."""

from __future__ import annotations

import shlex
from operator import attrgetter
from typing import Any

from msgspec import structs

from gradum.run.fitted import Fitted
from gradum.run.options.option_table import OPTIONS, flag
from gradum.run.options.options import decides_nothing
from gradum.run.spec.spec import Spec


def command(spec: Spec, source: str, *, test: str | None = None) -> str:
    """Return ``gradum fit …`` with every option that is not the default."""
    words = ["gradum", "fit", source, *_option("target", spec.target)]
    if test is not None:
        words += _option("test", test)
    for name, value in _asked(spec).items():
        match value:
            case bool():
                words.append(f"--{'' if value else 'no-'}{flag(name)}")
            case tuple():
                words += [word for item in value for word in _option(flag(name), item)]
            case _:
                words += _option(flag(name), value)
    return shlex.join(words)


def python(spec: Spec, source: str | None, *, test: str | None = None) -> str:
    """Return ``model = gradum.fit(…)`` with every option that is not the default.

    A source of None is a table in memory, named ``table``.
    """
    words = [repr(source) if source else "table", f"target={spec.target!r}"]
    if test is not None:
        words.append(f"test={test!r}")
    asked = {**_asked(spec), **_parts(spec)}
    words += [f"{name}={_literal(value)}" for name, value in asked.items()]
    lines = "".join(f"    {word},\n" for word in words)
    return f"import gradum\n\nmodel = gradum.fit(\n{lines})"


def _option(name: str, value: Any) -> list[str]:
    """Write an option, as one word if its value could be mistaken for an option."""
    text = str(value)
    return [f"--{name}={text}"] if text.startswith("-") else [f"--{name}", text]


def only_python(spec: Spec) -> bool:
    """Whether the run asked for something that the command line has no option for."""
    return bool(_parts(spec))


def teacher(fitted: Fitted) -> str | None:
    """Return the name of a rung's teacher, which no spec holds."""
    return next(
        filter(None, (rung.settings.get("teacher") for rung in fitted.rungs.values())), None
    )


def _asked(spec: Spec) -> dict[str, Any]:
    """Return the command-line options that are not the default."""
    plain, asked = Spec(spec.target), {}
    for name, option in OPTIONS.items():
        if option.field is None or not option.on_command_line or decides_nothing(name, spec):
            continue
        held = attrgetter(option.field)
        if held(spec) != held(plain):
            asked[name] = option.write(held(spec))
    return {name: value for name, value in asked.items() if value is not None}


def _parts(spec: Spec) -> dict[str, dict[str, Any]]:
    """Return the fields of the spec's parts that are not the default and that no option sets.

    A part that is absent by default is returned even if no field differs.
    """
    plain, parts = Spec(spec.target), {}
    set_by_options = {option.field for option in OPTIONS.values()}
    for name, option in OPTIONS.items():
        part = None if option.on_command_line else getattr(spec, name)
        if part is None:
            continue
        defaults = type(part)()
        fields = {
            field: value
            for field, value in structs.asdict(part).items()
            if value != getattr(defaults, field) and f"{name}.{field}" not in set_by_options
        }
        if fields or getattr(plain, name) is None:
            parts[name] = fields
    return parts


def _literal(value: Any) -> str:
    """Write a value as Python code, sequences as lists."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_literal(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_literal(entry) for entry in value) + "]"
    return repr(value)
