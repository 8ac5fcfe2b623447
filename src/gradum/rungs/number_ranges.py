"""Ranges of the numbers of a spec, stated in the annotations of its fields.

A field states the range of its number by `msgspec.Meta`. msgspec checks files against it;
`refuse_beyond_ranges` checks what is built in Python or comes from the command line.
"""

from __future__ import annotations

from functools import cache
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

from gradum.errors import SpecError
from gradum.messages import say
from gradum.tables.wording import shortened

MOST = 2**31 - 1
"""The most rows, columns and steps: they are counted in 32 bits."""
LARGEST = 1e30
"""The largest number of a network: it computes in float32, which ends at 3.4e38."""
WIDEST = 2**15
"""The most units of a layer: between two such layers lie 2^30 weights, 4 GB of float32."""

FromOne = Annotated[int, Meta(ge=1, le=MOST)]
FromNone = Annotated[int, Meta(ge=0, le=MOST)]
AtLeastTwo = Annotated[int, Meta(ge=2, le=MOST)]
Epochs = Annotated[int, Meta(ge=1, le=100_000)]  # the length of every step is known beforehand
Lanes = Annotated[int, Meta(ge=1, le=1_000)]
Width = Annotated[int, Meta(ge=1, le=WIDEST)]
Factor = Annotated[float, Meta(ge=0.0, le=LARGEST)]
AboveZero = Annotated[float, Meta(gt=0.0, le=LARGEST)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
ShareBelowOne = Annotated[float, Meta(ge=0.0, lt=1.0)]
ProperShare = Annotated[float, Meta(gt=0.0, lt=1.0)]


class NumberRange(NamedTuple):
    """What the number of a field may be."""

    whole: bool
    """Whether it is a whole number."""
    meta: Meta
    """The range, and a ``title`` if users know the number by another name."""
    several: bool = False
    """Whether the field holds a tuple of such numbers."""
    optional: bool = False
    """Whether it may be None."""

    def holds(self, value: Any) -> bool:
        """Whether a value is a number of this range."""
        meta, number = self.meta, isinstance(value, Integral if self.whole else Real)
        return (
            number
            and not isinstance(value, bool)
            and (meta.ge is None or value >= meta.ge)
            and (meta.gt is None or value > meta.gt)
            and (meta.le is None or value <= meta.le)
            and (meta.lt is None or value < meta.lt)
        )

    def refuse(self, name: str, value: Any) -> None:
        """Raise SpecError unless the value of what has this name is a number of this range."""
        if not self.holds(value):
            raise SpecError(
                say("{name} is {value}.", name=name, value=shortened(str(value))), self.remedy
            )

    @property
    def remedy(self) -> str:
        """Say what value to give."""
        meta, most = self.meta, self.meta.le if self.meta.lt is None else self.meta.lt
        least = meta.gt if meta.ge is None else meta.ge
        if self.whole:
            return say("Give a whole number from {least:,} to {most:,}.", least=least, most=most)
        if meta.lt is not None:
            return (
                say("Give a share from {least:g} to below {most:g}.", least=least, most=most)
                if meta.gt is None
                else say("Give a share above {least:g} and below {most:g}.", least=least, most=most)
            )
        if meta.gt is not None:
            return say("Give a number above {least:g}, at most {most:g}.", least=least, most=most)
        return say("Give a number from {least:g} to {most:g}.", least=least, most=most)


def refuse_beyond_ranges(spec: Struct) -> None:
    """Refuse numbers of a spec that lie outside the ranges in the annotations of its fields.

    Raises
    ------
    SpecError
        It names the field, the value and what to give instead. NaN lies outside every range, and
        text, True and False are no numbers.
    """
    for name, allowed in ranges_of(type(spec)).items():
        value = getattr(spec, name)
        if value is None and allowed.optional:
            continue
        values = value if allowed.several and isinstance(value, tuple) else (value,)
        if not values or not all(map(allowed.holds, values)):
            shown = ",".join(map(str, values)) or say("none")
            raise SpecError(
                say("{name} is {value}.", name=allowed.meta.title or name, value=shortened(shown)),
                allowed.remedy,
            )


@cache
def ranges_of(kind: type[Struct]) -> dict[str, NumberRange]:
    """Return the range of every field whose annotation states one."""
    hints = get_type_hints(kind, include_extras=True)
    found = {name: _range(hints[name]) for name in kind.__struct_fields__}
    return {name: allowed for name, allowed in found.items() if allowed is not None}


def _range(hint: Any) -> NumberRange | None:
    """Return the range that an annotation states; the field may be optional or hold a tuple."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        allowed = _range(next(one for one in inner if one is not NoneType))
        return allowed and allowed._replace(optional=NoneType in inner)
    if origin is tuple:
        allowed = _range(inner[0])
        return allowed and allowed._replace(several=True)
    if origin is Annotated:
        kind, *metas = get_args(hint)
        return NumberRange(kind is int, metas[0]) if isinstance(metas[0], Meta) else None
    return None


def refuse_time_limit(seconds: float | None) -> None:
    """Raise SpecError if no training can keep a time limit."""
    number = isinstance(seconds, Real) and not isinstance(seconds, bool)
    if seconds is not None and not (number and 0 < seconds <= LARGEST):
        raise SpecError(
            "The time limit is {seconds}.",
            "Give seconds above 0, such as 60.",
            seconds=shortened(seconds),
        )
