"""Hashes of fits of every kind, which tell whether a code change has changed any result.

``python -m benchmarks results FILE`` fits seeded tables of every kind and writes a hash of each
fit's weights, scores and predictions to FILE. If FILE already exists, it compares instead, and ends
with 1 if anything differs. Run it on the commit before and on the one after, on the same machine.
It takes about two minutes.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import gradum

FEATURES = ("size", "age", "colour", "member", "city")
ROWS, NEW_ROWS = 900, 80
TASKS = ("label", "grade", "amount")


def main(file: str) -> None:
    """Write the hashes, or compare them with existing ones."""
    path, now = Path(file), {}
    for name, fit in _fits().items():
        now[name] = fit()
        print(f"{now[name]}  {name}", flush=True)
    if not path.exists():
        path.write_text(json.dumps(now, indent=1))
        return
    before = json.loads(path.read_text())
    differing = sorted(name for name in before.keys() | now if before.get(name) != now.get(name))
    print(f"{len(before)} before, {len(now)} now; differing: {', '.join(differing) or 'none'}")
    sys.exit(bool(differing))


def _fits() -> dict[str, Callable[[], str]]:
    """Name the fits."""
    wholes: dict[str, tuple[str, dict[str, Any]]] = {
        "two classes": ("label", {}),
        "many classes": ("grade", {}),
        "a number": ("amount", {}),
        "a number, standard pack": ("amount", {"model": "pack", "effort": "standard"}),
        "cross-validated classes": ("label", {"cv": 3, "model": "mlp"}),
        "cross-validated number": ("amount", {"cv": 3, "model": "linear"}),
        "groups": ("label", {"group": "who"}),
        "time": ("amount", {"time": "when"}),
        "weights": ("amount", {"weight": "share"}),
        "logarithm": ("amount", {"log_target": True}),
        "balanced": ("label", {"class_weight": "balanced"}),
        "refitted linear": ("amount", {"refit": True, "model": "linear"}),
        "refitted pack": ("grade", {"refit": True, "model": "pack"}),
        "refitted network": ("label", {"refit": True, "model": "mlp"}),
        "text": ("label", {"text": True}),
    }
    fits: dict[str, Callable[[], str]] = {
        name: lambda target=target, options=options: _whole(target, **options)
        for name, (target, options) in wholes.items()
    }
    for target in TASKS:
        fits[f"in blocks, {target}"] = lambda target=target: _in_blocks(target)
    fits["in blocks, time"] = lambda: _in_blocks("amount", time="when")
    for name, estimator in _estimators().items():
        fits[name] = lambda estimator=estimator: _estimated(*estimator)
    for target in TASKS:
        fits[f"inference, {target}"] = lambda target=target: _inferred(target)
    return fits


def _whole(target: str, *, text: bool = False, **options: Any) -> str:
    rows, new = (_table(count, seed, text=text) for count, seed in ((ROWS, 0), (NEW_ROWS, 1)))
    options = {"effort": "quick", "learning_curve": False, "max_epochs": 12, **options}
    kept = [*_columns(options, text=text), target]
    return _hash(_of_model(gradum.fit(rows.select(kept), target, **options), new))


def _in_blocks(target: str, **options: Any) -> str:
    rows = _table(ROWS, 0).select([*_columns(options), target])
    blocks = (rows[at : at + 200] for at in range(0, ROWS, 200))
    model = gradum.fit(blocks, target, learning_curve=False, max_epochs=12, **options)
    return _hash(_of_model(model, _table(NEW_ROWS, 1)))


def _of_model(model: gradum.Model, new: pl.DataFrame) -> Iterator[Any]:
    """Yield a model's content and answers."""
    yield model.fitted.provenance.fingerprint
    yield model.scores.to_dicts()
    yield model.used, model.enough
    for rung in model.fitted.rungs:
        yield model.predict(new, rung=rung)
        yield model.predict(new[:1], rung=rung)
        if model.classes:
            yield model.predict_proba(new, rung=rung)


def _estimators() -> dict[str, tuple[Any, str]]:
    """Name estimators, each with its kind of target."""
    return {
        "LinearRegression": (gradum.LinearRegression(), "amount"),
        "LinearRegression, L1": (gradum.LinearRegression(penalty=gradum.L1(0.1)), "amount"),
        "LinearRegression, Huber": (gradum.LinearRegression(loss=gradum.Huber()), "amount"),
        "LinearRegression, Quantile": (
            gradum.LinearRegression(loss=gradum.Quantile(0.8)),
            "amount",
        ),
        "LogisticRegression": (gradum.LogisticRegression(), "label"),
        "LogisticRegression, elastic net": (
            gradum.LogisticRegression(penalty=gradum.ElasticNet(0.01, 0.5)),
            "grade",
        ),
        "MLPClassifier": (gradum.MLPClassifier((16, 8), max_iter=8, random_state=0), "grade"),
        "MLPRegressor": (
            gradum.MLPRegressor((16,), solver=gradum.Muon(), max_iter=8, random_state=0),
            "amount",
        ),
        "LogisticRegression, cross-validated": (
            gradum.LogisticRegression(alpha=gradum.CrossValidated(folds=3, alphas=8)),
            "label",
        ),
        "PackClassifier": (gradum.PackClassifier(effort="quick", random_state=0), "label"),
        "PackRegressor": (gradum.PackRegressor(effort="quick", random_state=0), "amount"),
    }


def _estimated(estimator: Any, target: str) -> str:
    rows, new = (
        _table(count, seed)
        .with_columns(pl.col("age").fill_null(30.0))
        .select("size", "age", pl.col("member").cast(pl.Float64), "amount", "label", "grade")
        for count, seed in ((ROWS, 0), (NEW_ROWS, 1))
    )
    columns = ["size", "age", "member"]
    estimator.fit(rows[columns].to_numpy(), rows[target].to_numpy())
    return _hash([estimator.predict(new[columns].to_numpy())])


def _inferred(target: str) -> str:
    found = gradum.infer(_table(ROWS, 0).select([*FEATURES, target]), target)
    return _hash([str(found)])


def _columns(options: dict[str, Any], *, text: bool = False) -> list[str]:
    roles = [options[role] for role in ("group", "time", "weight") if role in options]
    return [*FEATURES, *(["words"] if text else []), *roles]


def _table(rows: int, seed: int, *, text: bool = False) -> pl.DataFrame:
    """Make numbers, missing values, few and many levels, booleans, and three kinds of target."""
    rng = np.random.default_rng(seed)
    size, age = rng.normal(50, 10, rows), rng.gamma(4, 10, rows).round(1)
    colour = rng.choice(["red", "green", "blue"], rows, p=[0.5, 0.3, 0.2])
    member = rng.random(rows) < 0.4
    level = 0.1 * (size - 50) + (colour == "red") - 0.8 * member
    noisy = level + rng.normal(0, 0.7, rows)
    table = {
        "size": size,
        "age": np.where(rng.random(rows) < 0.1, np.nan, age),
        "colour": colour,
        "member": member,
        "city": rng.choice([f"city {k:02}" for k in range(25)], rows),
        "amount": np.exp(1 + 0.3 * level + 0.2 * rng.normal(size=rows)),
        "label": np.where(noisy > 0, "yes", "no"),
        "grade": np.digitize(noisy, [-0.5, 0.6]),
        "who": np.arange(rows) % 60,
        "when": np.arange(rows),
        "share": rng.integers(1, 4, rows),
    }
    if text:
        words = np.array([f"word{k}" for k in range(60)])
        chosen = rng.integers(0, 30, (rows, 8)) + 30 * (noisy > 0)[:, None] * (
            rng.random((rows, 8)) < 0.3
        )
        table["words"] = np.array([" ".join(words[line]) for line in chosen])
    return pl.DataFrame(table).with_columns(pl.col("age").fill_nan(None))


def _hash(parts: Any) -> str:
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray) and part.dtype != object:
            digest.update(f"{part.dtype} {part.shape}".encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        else:
            digest.update(repr(part.tolist() if isinstance(part, np.ndarray) else part).encode())
    return digest.hexdigest()[:16]
