"""The words that `gradum.fit` and the command line share, made into a spec."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import ValidationError, convert, structs

from gradum.errors import SpecError
from gradum.fitting.pack.spec import PackSpec
from gradum.fitting.spec import Cost, LinearSpec, MLPSpec, ReportSpec, Spec, SplitSpec
from gradum.tables.schema import Overrides

_LISTS = ("numeric", "categorical", "text", "date", "drop")
_COLUMNS = ("weight", "group", "time")
_PARTS: dict[str, Any] = {"split": SplitSpec, "linear": LinearSpec, "mlp": MLPSpec}
_SHOWN = ("slices", "cost", "rows", "learning_curve")


def make_spec(target: str, *, cv: int | None = None, **options: Any) -> Spec:
    """Build a spec from the words that `fit` and the command line share.

    Raises
    ------
    SpecError
        An option is unknown, or its value makes no sense.
    """
    known = {*Spec.__struct_fields__, *_LISTS, *_COLUMNS, *_SHOWN}
    known |= {"max_epochs"}
    known -= {"overrides", "report", "target"}
    unknown = sorted(set(options) - known)
    if unknown:
        raise SpecError(
            f"gradum.fit has no option {unknown[0]!r}.",
            f"Choose among {', '.join(sorted({*known, 'cv', 'test', 'schema'}))}.",
        )
    overrides = Overrides(
        **{name: _names(options.pop(name, ())) for name in _LISTS},
        **{name: options.pop(name, None) for name in _COLUMNS},
    )
    given = {name: value for name, value in options.items() if value is not None}
    report = ReportSpec(
        slices=_names(given.pop("slices", ())),
        cost=read_cost(given.pop("cost", None)),
        **{name: given.pop(name) for name in ("rows", "learning_curve") if name in given},
    )
    if "max_memory" in given:
        given["max_memory"] = read_size(given["max_memory"])
    parts = {name: _part(name, given.pop(name, {}), kind) for name, kind in _PARTS.items()}
    if "pack" in given:
        parts["pack"] = _part("pack", given.pop("pack"), PackSpec)
    if cv == 0:
        raise SpecError("Cross-validation with 0 folds cannot hold rows out.", "Leave it out.")
    if cv is not None:
        parts["split"] = structs.replace(parts["split"], folds=cv)
    if "max_epochs" in given:
        parts["mlp"] = structs.replace(parts["mlp"], max_epochs=given.pop("max_epochs"))
    return Spec(target, overrides=overrides, report=report, **parts, **given)


def _part(name: str, value: Any, kind: Any) -> Any:
    """Take a part of the spec as it is, or as a mapping of its fields."""
    try:
        return value if isinstance(value, kind) else convert(value, kind)
    except ValidationError as error:
        raise SpecError(f"The option {name} cannot be used: {error}.", "Correct it.") from error


def _names(value: str | Sequence[str] | Mapping[str, Any] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def read_size(value: Any) -> int:
    """Take a number of bytes, or a text such as ``"1500MB"`` or ``"2 GiB"``.

    Raises
    ------
    SpecError
        It cannot be read.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?)b?|b)?\s*", str(value).lower())
    if found is None:
        raise SpecError(
            f"The memory {value!r} cannot be read.", "Give bytes, or a size such as 2GB."
        )
    number, unit, binary = found.groups()
    power = 0 if unit is None else "kmgt".index(unit) + 1
    return int(float(number) * (1024 if binary else 1000) ** power)


def read_cost(value: Any) -> Cost | None:
    """Take costs as ``"FP=1,FN=5"`` or as a mapping of the same words.

    Raises
    ------
    SpecError
        They cannot be read, or are not above 0.
    """
    if value is None or isinstance(value, Cost):
        return value
    try:
        pairs = value if isinstance(value, Mapping) else dict(_pairs(value))
        costs = {str(name).strip().upper(): float(cost) for name, cost in pairs.items()}
        return Cost(false_positive=costs.pop("FP"), false_negative=costs.pop("FN"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, SpecError):
            raise
        raise SpecError(
            f"The cost of mistakes {value!r} cannot be read.",
            "Give what a false positive and a false negative cost, such as FP=1,FN=5.",
        ) from None


def _pairs(text: str) -> list[list[str]]:
    return [part.split("=") for part in text.split(",")]
