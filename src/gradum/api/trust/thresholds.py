"""The thresholds of all parts of a trust report, as TOML that explains itself."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from functools import partial
from textwrap import wrap
from typing import Annotated, Any, get_args, get_type_hints

import msgspec
import tomli_w
from msgspec import Meta, structs

from gradum.api.trust.part import PartThresholds, TrustPart
from gradum.api.trust.parts import PARTS
from gradum.errors import SpecError
from gradum.files.bounded import parsed_toml, read_text
from gradum.messages import marked, say
from gradum.tables.wording import nearest

WIDTH = 98

Error = Annotated[
    float,
    Meta(
        gt=0,
        le=0.05,
        description=marked(
            "The share of reports of a correct model, on rows without shift, in which any line "
            "may fail by chance (for all lines that are tests together, by Holm's procedure; at "
            "most 0.05). A gate that fails one sound model in thirty is still believed when it "
            "fails."
        ),
    ),
]

# A table for each part that has demands, and the lines that must have been checked.
Thresholds: Any = msgspec.defstruct(
    "Thresholds",
    [
        ("require", tuple[str, ...], ()),
        ("error", Error, 0.03),
        *(
            (part.name, part.thresholds, part.thresholds())
            for part in PARTS
            if part.thresholds is not PartThresholds
        ),
    ],
    frozen=True,
    forbid_unknown_fields=True,
)


def of_part(thresholds: Any, part: TrustPart) -> PartThresholds:
    """Return the thresholds of a part."""
    return getattr(thresholds, part.name, PartThresholds())


def thresholds_of(given: str | os.PathLike | Mapping[str, Any] | None) -> Any:
    """Return the thresholds of a TOML file, or of an equivalent dict; the defaults without either.

    Raises
    ------
    SpecError
        The file cannot be read, or holds names or values that no part knows.
    """
    if given is None:
        return Thresholds()
    if isinstance(given, Mapping):
        name, decode = say("The thresholds"), partial(msgspec.convert, given, Thresholds)
    else:
        remedy = say("Write one by gradum trust --write-thresholds FILE.")
        text = read_text(given, SpecError, remedy)
        name, decode = str(given), partial(parsed_toml, text, Thresholds)
    try:
        thresholds = decode()
    except (ValueError, RecursionError) as error:
        raise SpecError(
            "{path} cannot be used: {cause}.",
            "gradum trust --write-thresholds FILE writes every name with its meaning.",
            path=name,
            cause=error,
        ) from None
    _refuse_unknown(thresholds.require, name)
    for metric, bound in thresholds.scores.bounds.items():
        if not math.isfinite(bound):
            raise SpecError(
                "{path} cannot be used: the bound of {metric} is {bound}.",
                "Give a finite number, or leave the bound out.",
                path=name,
                metric=metric,
                bound=bound,
            )
    return thresholds


def _refuse_unknown(required: tuple[str, ...], name: str) -> None:
    """Refuse a part or a line that does not exist."""
    known = [word for part in PARTS for word in (part.name, *(line.name for line in part.lines))]
    for word in required:
        if word not in known:
            raise SpecError(
                say(
                    "{path} requires {name!r}, which is no part of the report.",
                    path=name,
                    name=word,
                ),
                nearest(word, known, say("parts")),
            )


def thresholds_toml() -> str:
    """Return every threshold with its default, meaning, unit and reason, as TOML."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from _comment(
        say(
            "What gradum trust asks of a model. Each line is the default, and may be left out. A "
            "line that fails ends the command with exit code 3."
        )
    )
    yield ""
    yield from _comment(
        say(
            'What must have been checked: lines, such as "scores.table", and parts, such as '
            '"stress", for which one checked line suffices. Anything named here that was not '
            "checked counts as failed; anything else may go unchecked, and the report says so."
        )
    )
    yield tomli_w.dumps({"require": []}).rstrip()
    (meta,) = get_args(Error)[1:]
    yield from _comment(say(meta.description))
    yield tomli_w.dumps({"error": Thresholds().error}).rstrip()
    for part in PARTS:
        yield from _table(part)


def _table(part: TrustPart) -> Iterator[str]:
    fields = structs.fields(part.thresholds)
    hints = get_type_hints(part.thresholds, include_extras=True)
    if fields:
        yield ""
        yield f"[{part.name}]"
    for field in fields:
        (meta,) = hints[field.name].__metadata__
        default = getattr(part.thresholds(), field.name)
        yield from _comment(say(meta.description))
        if isinstance(default, dict):
            yield f"[{part.name}.{field.name}]"
        else:
            yield tomli_w.dumps({field.name: default}).rstrip()


def _comment(text: str) -> Iterator[str]:
    yield from (f"# {line}" for line in wrap(text, WIDTH))
