"""Parameters, metrics, tags and files of a model, logged to the active run of MLflow."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from gradum.api.model import Model
from gradum.messages import as_text
from gradum.mlflow.package import mlflow
from gradum.run.events.tracking import Number, curves, of_interval, scores
from gradum.ship.layout import METRICS, REPORT
from gradum.ship.run_folder import metrics_json

MOST_METRICS, MOST_PARAMETERS = 1_000, 100
"""What MLflow's stores take in one call."""

Item = TypeVar("Item")


def log_entries(model: Model) -> None:
    """Log a model's spec, scores, courses, learning curve, report and ``metrics.json``."""
    package = mlflow()
    client, run_id = package.MlflowClient(), package.active_run().info.run_id
    entities, now = package.entities, time.time_ns() // 1_000_000
    for part in _parts([*_numbers(model)], MOST_METRICS):
        metrics = [entities.Metric(name, value, now, step) for name, value, step in part]
        client.log_batch(run_id, metrics=metrics)
    for part in _parts([*parameters(model).items()], MOST_PARAMETERS):
        client.log_batch(run_id, params=[entities.Param(name, value) for name, value in part])
    package.set_tags(_tags(model))
    if model.run is not None:
        package.log_text(model.report(), REPORT)
        package.log_text(metrics_json(model.run).decode(), METRICS)
    elif model.folder is not None:
        for path in (model.folder / REPORT, model.folder / METRICS):
            if path.exists():
                package.log_artifact(str(path))


def parameters(model: Model) -> dict[str, str]:
    """Return what was asked, named as in ``spec.toml``, such as ``mlp.max_epochs``."""
    spec = msgspec.to_builtins(model.fitted.spec, enc_hook=as_text)
    return dict(_flat(spec, ""))


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield the values in a value, without what was left open."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else key)
    elif value not in (None, [], ()):
        yield name, value if isinstance(value, str) else _written(value)


def _written(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=as_text).decode()


def _tags(model: Model) -> dict[str, str]:
    tags = {"task": model.task, "used": model.used, "enough": model.enough}
    tags["fingerprint"] = model.fitted.provenance.fingerprint
    return {f"gradum.{name}": value for name, value in tags.items() if value}


def _numbers(model: Model) -> Iterator[Number]:
    fitted = model.fitted
    if fitted.judgement is not None:
        yield from scores(fitted.judgement)
    yield from curves(fitted.rungs.values())
    growth = getattr(model.findings, "growth", None)  # a finding may have been taken away
    if growth is not None:
        for rows, found in growth.points:
            yield from of_interval(f"learning_curve/{growth.metric}", found, rows)


def _parts(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + most] for start in range(0, len(items), most))
