"""The command and the Python that repeat a run."""

from __future__ import annotations

import shlex
from typing import Any

from msgspec import structs

from gradum.fitting.pack.spec import PackSpec
from gradum.fitting.spec import LinearSpec, MLPSpec, ReportSpec, Spec, SplitSpec

LISTS = ("numeric", "categorical", "text", "date", "drop")
ROLES = ("weight", "group", "time")
PLAIN = (
    "task",
    "metric",
    "effort",
    "time_limit",
    "class_weight",
    "drop_rare_classes",
    "log_target",
    "refit",
    "seed",
)


def command(spec: Spec, source: str, *, test: str | None = None) -> str:
    """Return ``gradum fit …`` with every option that is not the default."""
    asked = {"target": spec.target, "test": test or (), **_asked(spec), **_shown(spec)}
    words = ["gradum", "fit", source]
    for name, value in asked.items():
        option = name.replace("slices", "slice").replace("_", "-")
        match value:
            case bool():
                words.append(f"--{'' if value else 'no-'}{option}")
            case tuple():
                words += [word for each in value for word in _option(option, each)]
            case _:
                words += _option(option, value)
    return shlex.join(words)


def python(spec: Spec, source: str | None, *, test: str | None = None) -> str:
    """Return ``model = gradum.fit(…)`` with every option that is not the default.

    A source of None is a table in memory, which is called ``table``.
    """
    words = [repr(source) if source else "table", f"target={spec.target!r}"]
    if test is not None:
        words.append(f"test={test!r}")
    asked = {**_asked(spec), **_shown(spec), **_parts(spec)}
    words += [f"{name}={_literal(value)}" for name, value in asked.items()]
    lines = "".join(f"    {word},\n" for word in words)
    return f"import gradum\n\nmodel = gradum.fit(\n{lines})"


def _option(name: str, value: Any) -> list[str]:
    """Write an option; as one word where the value would be taken for an option itself."""
    text = str(value)
    return [f"--{name}={text}"] if text.startswith("-") else [f"--{name}", text]


def only_python(spec: Spec) -> bool:
    """Whether the run asked for what the command line has no option for."""
    return bool(_parts(spec))


def _asked(spec: Spec) -> dict[str, Any]:
    """Return the options that the command line and Python share."""
    plain = Spec(spec.target)
    said: dict[str, Any] = {}
    if spec.model != plain.model:
        said["model"] = spec.model
    for name in PLAIN:
        if getattr(spec, name) != getattr(plain, name):
            said[name] = getattr(spec, name)
    if spec.split.folds:
        said["cv"] = spec.split.folds
    if spec.max_memory is not None:
        said["max_memory"] = spec.max_memory
    if spec.blocks:
        said["blocks"] = True
    if spec.mlp.max_epochs != plain.mlp.max_epochs:
        said["max_epochs"] = spec.mlp.max_epochs
    for name in (*LISTS, *ROLES):
        if getattr(spec.overrides, name):
            said[name] = getattr(spec.overrides, name)
    return said


def _shown(spec: Spec) -> dict[str, Any]:
    """Return what the report was asked to show besides."""
    report, plain = spec.report, ReportSpec()
    said = {
        name: getattr(report, name)
        for name in ("slices", "rows", "learning_curve")
        if getattr(report, name) != getattr(plain, name)
    }
    if report.cost is not None:
        costs = (report.cost.false_positive, report.cost.false_negative)
        said["cost"] = "FP={:g},FN={:g}".format(*costs)
    return said


def _parts(spec: Spec) -> dict[str, dict[str, Any]]:
    """Return the fields of the spec's parts that are not the default."""
    split = structs.replace(spec.split, folds=0)  # said as ``cv``
    mlp = structs.replace(spec.mlp, max_epochs=MLPSpec().max_epochs)  # said as ``max_epochs``
    parts = {"split": (split, SplitSpec()), "linear": (spec.linear, LinearSpec())}
    parts["mlp"] = (mlp, MLPSpec())
    if spec.pack is not None:
        parts["pack"] = (spec.pack, PackSpec())
    return {
        name: {
            field: value
            for field, value in structs.asdict(given).items()
            if value != getattr(plain, field)
        }
        for name, (given, plain) in parts.items()
        if given != plain or name == "pack"  # which the effort would say otherwise
    }


def _literal(value: Any) -> str:
    """Write a value as Python, sequences as lists."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_literal(each)}" for key, each in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_literal(each) for each in value) + "]"
    return repr(value)
