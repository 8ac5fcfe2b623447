"""Bodies of requests in JSON, as types that say what is wrong where."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from gradum.messages import listed, say
from gradum.serve.refusal import CANNOT_BE_USED, Refused

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


def _fields_of(kind: type[Struct]) -> str:
    fields = listed(kind.__struct_fields__)
    return say("A body has {fields}; see /openapi.json.", fields=fields)


def _sentence(error: Exception) -> str:
    return say("The body cannot be used: {cause}.", cause=str(error).rstrip("."))
