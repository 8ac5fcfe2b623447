"""``gradum.fit``: from a table to a judged model."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import ValidationError, convert, structs

from gradum.api.model import Model
from gradum.errors import SpecError
from gradum.fitting.run import run
from gradum.fitting.spec import Cost, LinearSpec, MLPSpec, ReportSpec, Spec, SplitSpec
from gradum.show.report import Source
from gradum.tables.read import read
from gradum.tables.schema import Overrides, Schema


def fit(
    data: Any,
    target: str,
    *,
    test: Any = None,
    schema: Schema | None = None,
    on_event: Callable[[Any], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
    **options: Any,
) -> Model:
    """Fit and judge models of a table's target.

    Parameters
    ----------
    data : path, data frame, dict of columns, array or list of dicts
        The table: a path, a pattern of paths such as ``"part-*.csv"`` or a list of paths (CSV, TSV,
        JSON, Parquet or Arrow, plain or compressed), any frame that `narwhals` knows, or a NumPy
        array (columns ``x0``, ``x1``, …).
    target : str
        The column to predict.
    test : as data, optional
        Rows to judge by, in place of a hold-out.
    schema : Schema, optional
        An edited schema, in place of the one inferred.
    on_event : callable, optional
        Called with every event of the run, for progress.
    stop : callable, optional
        Asked between chunks of work; once true, the run ends with what it has.
    **options
        ``model`` ("ladder", "linear", "mlp"), ``task``, ``seed``, ``cv`` (folds), ``metric``,
        ``class_weight`` ("balanced"), ``drop_rare_classes``, ``log_target``, ``refit``;
        ``numeric``, ``categorical``,
        ``text``, ``date``, ``drop`` (lists of columns); ``weight``, ``group``, ``time`` (a
        column); ``slices`` (columns to score by), ``cost`` ("FP=1,FN=5"), ``rows`` (False leaves
        every row out of the report), ``learning_curve`` (True or False); ``linear``, ``mlp``,
        ``split`` (their specs).

    Returns
    -------
    Model

    Raises
    ------
    GradumError
        The table, the target or an option cannot be used; the message says what to do.
    """
    spec = make_spec(target, **options)
    return fit_spec(spec, data, test=test, schema=schema, on_event=on_event, stop=stop)


def fit_spec(
    spec: Spec,
    data: Any,
    *,
    test: Any = None,
    schema: Schema | None = None,
    on_event: Callable[[Any], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Model:
    """Fit as `fit` does, from a spec."""
    source = Source(_name(data), _name(test))
    held = None if test is None else read(test)
    events = run(spec, read(data), test=held, schema=schema, stop=stop)
    while True:
        try:
            event = next(events)
        except StopIteration as finished:
            return Model(finished.value.fitted, finished.value, source)
        if on_event is not None:
            on_event(event)


def _name(data: Any) -> str | None:
    """Return what a command would call the table: its path, if it has one."""
    return os.fspath(data) if isinstance(data, str | os.PathLike) else None


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
    parts = {name: _part(name, given.pop(name, {}), kind) for name, kind in _PARTS.items()}
    if cv == 0:
        raise SpecError("Cross-validation with 0 folds cannot hold rows out.", "Leave it out.")
    if cv is not None:
        parts["split"] = structs.replace(parts["split"], folds=cv)
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
