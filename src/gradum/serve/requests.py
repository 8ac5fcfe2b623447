"""Bodies of requests in JSON, as types that say what is wrong where."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from gradum.messages import listed, say
from gradum.serve.refusal import CANNOT_BE_USED, Refused
from gradum.tables.wording import shortened

BINARY = "application/octet-stream"
TYPES = ("application/json", BINARY)
"""Of bodies. A page elsewhere cannot make a browser send them unasked, as it could others."""

NOT_JSON = 400
LONGEST_NAME = 200
BASE64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"


class Content(Struct, forbid_unknown_fields=True):
    """The bytes of a picture or a sound, in base64."""

    base64: Annotated[bytes, Meta(extra_json_schema={"pattern": BASE64})]


Value = None | bool | int | float | str | Content
Record = dict[str, Value]
Coverage = Annotated[float, Meta(gt=0, lt=1)]


class PredictRequest(Struct, forbid_unknown_fields=True):
    """What is asked of a model.

    Parameters
    ----------
    records : list of dict
        Rows: a value for each column, null where it is missing.
    id : str, optional
        The column that says what each row is called when its outcome is told to ``/labels``.
    rung : str, optional
        Another model of the same run, such as ``linear``.
    coverage : float, optional
        Asks for intervals of numbers, or sets of classes, that hold so often.
    explain : bool
        Asks for the share of every column in each answer.
    favourable : str, optional
        Asks for the columns that speak most against this answer: a class, ``high`` or ``low``.
    """

    records: list[Record]
    id: str | None = None
    rung: str | None = None
    coverage: Coverage | None = None
    explain: bool = False
    favourable: str | None = None

    @property
    def names(self) -> list[str | None]:
        """What each row is called; None for a row without a name."""
        values = (None if self.id is None else record.get(self.id) for record in self.records)
        return [None if value is None else str(value)[:LONGEST_NAME] for value in values]

    @property
    def is_explained(self) -> bool:
        """Whether rows are explained, which takes long."""
        return self.explain or self.favourable is not None


class Outcome(Struct, forbid_unknown_fields=True):
    """What came of a row."""

    id: str
    label: bool | int | float | str


class Outcomes(Struct, forbid_unknown_fields=True):
    """What came of rows that were predicted before."""

    labels: list[Outcome]


T = TypeVar("T", bound=Struct)


def decoded(body: bytes, kind: type[T]) -> T:
    """Return a body as a type.

    Raises
    ------
    Refused
        It is no JSON, or something in it is of another type; the message says what, and where.
    """
    try:
        return _decoder(kind).decode(body)
    except msgspec.ValidationError as error:
        _refuse_cells(body)
        raise Refused(CANNOT_BE_USED, _sentence(error), _fields_of(kind)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = say("The body is no JSON: {cause}.", cause=str(error).rstrip("."))
        raise Refused(NOT_JSON, message) from None
    except RecursionError:
        raise Refused(NOT_JSON, say("The body is nested too deeply.")) from None


_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {}


def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    if kind not in _DECODERS:
        _DECODERS[kind] = msgspec.json.Decoder(kind)
    return _DECODERS[kind]


def _refuse_cells(body: bytes) -> None:
    """Refuse the first value that is no cell of a table, by its column, which msgspec leaves out.

    Raises
    ------
    Refused
    """
    try:
        found = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        return
    for number, name, cell in _cells(found):
        if not _is_cell(cell):
            raise no_cell(number, name, cell)


def no_cell(number: int, name: str, value: Any) -> Refused:
    """Refuse a value that is no cell of a table."""
    text = value if isinstance(value, Decimal) else json.dumps(value, default=str)
    return Refused(
        CANNOT_BE_USED,
        say(
            "Record {number:,} has {value} in column {name!r}, which no column can hold.",
            number=number,
            value=shortened(text),
            name=shortened(name),
        ),
        say("Give a number, a text, true, false or null."),
    )


def _cells(body: Any) -> Iterator[tuple[int, str, Any]]:
    """Yield the values of records, and of tensors: the number of the row, the column, the value."""
    match body:
        case {"records": [*records]}:
            for number, record in enumerate(records, 1):
                if isinstance(record, dict):
                    yield from ((number, name, cell) for name, cell in record.items())
        case {"inputs": [*tensors]}:
            for tensor in tensors:
                match tensor:
                    case {"name": str(name), "data": [*cells]}:
                        yield from (
                            (number, name, alone(cell)) for number, cell in enumerate(cells, 1)
                        )


def alone(value: Any) -> Any:
    """Return what a row of a tensor of shape [n, 1] holds, or of shape [n]."""
    return value[0] if type(value) is list and len(value) == 1 else value


def _is_cell(value: Any) -> bool:
    match value:
        case {"base64": str()}:
            return len(value) == 1
        case bool() | str() | None:
            return True
        case int() | Decimal():
            return abs(value) <= sys.float_info.max
        case _:
            return False


def _fields_of(kind: type[Struct]) -> str:
    fields = listed(kind.__struct_fields__)
    return say("A body has {fields}; see /openapi.json.", fields=fields)


def _sentence(error: Exception) -> str:
    return say("The body cannot be used: {cause}.", cause=str(error).rstrip("."))
