"""Makes a spec from the options of `gradum.fit` and of the command line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from types import NoneType
from typing import Any, Unpack, get_args, get_type_hints

from msgspec import ValidationError, convert, structs

from gradum.errors import SpecError
from gradum.messages import listed, say
from gradum.run.options.option_table import OPTIONS, Columns, Options, flag
from gradum.run.spec.spec import Spec
from gradum.rungs.names import LADDER
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.schema.schema import Overrides


def make_spec(target: str, **options: Unpack[Options]) -> Spec:
    """Build a spec from the options that `fit` and the command line share.

    Raises
    ------
    SpecError
        An option is unknown, or its value makes no sense.
    """
    _refuse_unknown(options)
    plain, fields = Spec(target), _parts(options)
    for part, values in _values(options).items():
        if part:
            fields[part] = structs.replace(fields.get(part, getattr(plain, part)), **values)
        else:
            fields |= values
    spec = Spec(target, **fields)
    _refuse_what_decides_nothing(options, spec)
    return spec


def make_overrides(**columns: Columns) -> Overrides:
    """Return the user's decisions about columns, from the options of these names."""
    return Overrides(**_values(columns)["overrides"])


def make_reading(**reading: Any) -> ReadingOptions:
    """Return what the user says about where a table lies, from the options of these names."""
    return ReadingOptions(**_values(reading)["reading"])


def _refuse_unknown(options: Mapping[str, Any]) -> None:
    known = {name for name, option in OPTIONS.items() if option.field is not None}
    unknown = sorted(set(options) - known)
    if unknown:
        raise SpecError(
            "gradum.fit has no option {option!r}.",
            "Choose among {names}.",
            option=unknown[0],
            names=listed(sorted(OPTIONS)),
        )


def decides_nothing(name: str, spec: Spec) -> bool:
    """Whether an option is a setting of a rung that is not fitted, and may do harm."""
    rung = _rung_of(name)
    return rung not in ("", *spec.rungs) and not OPTIONS[name].harmless


def _rung_of(name: str) -> str:
    """Return the rung that an option is a setting of; "" for any other option."""
    part, _, field = (OPTIONS[name].field or "").partition(".")
    return part if field and part in LADDER else ""


def _refuse_what_decides_nothing(options: Mapping[str, Any], spec: Spec) -> None:
    for name, value in options.items():
        if value is not None and decides_nothing(name, spec):
            from gradum.rungs.registry import KINDS  # with JAX, not needed to look at a table

            rung = KINDS[_rung_of(name)]
            raise SpecError(
                say(
                    "--{flag} is for {rung}, and --model {model} trains none.",
                    flag=flag(name),
                    rung=say(rung.in_words),
                    model=spec.model,
                ),
                say("Give --model {rung}, or leave --model out.", rung=rung.name),
            )


def _values(options: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the given values, by the part of the spec and the field that hold them."""
    values: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, value in options.items():
        option = OPTIONS[name]
        if value is not None and option.field is not None and option.on_command_line:
            part, _, field = option.field.rpartition(".")
            values[part][field] = option.read(value)
    return values


def _parts(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given parts of the spec, as they are or as mappings of their fields."""
    return {
        name: _part(name, value)
        for name, value in options.items()
        if value is not None and not OPTIONS[name].on_command_line
    }


@cache
def _fields_of_spec() -> dict[str, Any]:
    return get_type_hints(Spec)


def _part(name: str, value: Any) -> Any:
    declared = _fields_of_spec()[name]
    (kind,) = {*(get_args(declared) or (declared,))} - {NoneType}
    try:
        return value if isinstance(value, kind) else convert(value, kind)
    except ValidationError as error:
        raise SpecError(
            "The option {name} cannot be used: {error}.", "Correct it.", name=name, error=error
        ) from error
