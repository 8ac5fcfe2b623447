"""``python -m benchmarks prediction_sets``: every table of classes, and the section of the page."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from sklearn.model_selection import train_test_split

import gradum
from benchmarks.environments import answer_of, python_with, version_in
from benchmarks.page import ACCURACY, publish, table
from benchmarks.quality.frames import strings_or_none
from benchmarks.quality.sets import Suite, Table
from benchmarks.quality.split import Split
from gradum.api import Model

ROWS, JUDGING = 5_000, 0.25
COVERAGE = 0.9
NOMINAL = np.round(np.arange(0.5, 0.981, 0.005), 3).tolist()
TARGET = "__target"
BUILD = Path("build/prediction_sets")
SCORES = ("LAC", "APS", "RAPS")


@dataclass(frozen=True)
class Sets:
    """The share of rows covered and the mean size of the sets, by nominal coverage."""

    nominal: list[float]
    coverage: list[float]
    size: list[float]

    def size_at(self, coverage: float) -> float:
        """Return the size at which a given share of rows is covered, interpolated."""
        covered, first = np.unique(self.coverage, return_index=True)
        return float(np.interp(coverage, covered, np.array(self.size)[first]))

    def asked_for(self, nominal: float) -> tuple[float, float]:
        """Return coverage and size at a nominal coverage."""
        place = self.nominal.index(nominal)
        return self.coverage[place], self.size[place]


def main(folder: str, effort: str = "standard", seeds: str = "0", sets: str = "") -> None:
    """Print a line per table as soon as it is known; all lines become a section of the page."""
    warnings.filterwarnings("ignore")
    python = python_with("mapie", "lightgbm", "pandas", "pyarrow")
    suite = Suite.read(Path(folder), sets.split(",") if sets else None)
    compared: dict[str, list[dict[str, Sets]]] = {}
    for name, described in suite.of_classes.items():
        for seed in map(int, seeds.split(",")):
            by_kind = _compared(suite.folder, described, python, effort, seed)
            compared.setdefault(name, []).append(by_kind)
        print(_line(name, compared[name]), flush=True)
    text = _page(compared, effort, python)
    publish(
        "prediction sets",
        text,
        ("gradum", "jax", "numpy", "scikit-learn"),
        complete=effort == "standard" and not sets,
        page=ACCURACY,
    )


def _compared(
    folder: Path, described: Table, python: str, effort: str, seed: int
) -> dict[str, Sets]:
    """Fit both sides to one table; return the figures of each kind of set on the held-out rows."""
    split = Split.of(folder, described, seed=seed, rows=ROWS)
    frame, new = strings_or_none(split)
    learned, judging = train_test_split(
        np.arange(len(frame)), test_size=JUDGING, random_state=seed, stratify=split.train_target
    )
    parts = {
        "learn": _with_target(frame, split.train_target, learned),
        "judge": _with_target(frame, split.train_target, judging),
        "new": _with_target(new, split.test_target, np.arange(len(new))),
    }
    BUILD.mkdir(parents=True, exist_ok=True)
    for part, rows in parts.items():
        rows.write_parquet(BUILD / f"{part}.parquet")
    asked = {"folder": str(BUILD.absolute()), "target": TARGET, "nominal": NOMINAL, "seed": seed}
    given = json.dumps({**asked, "categorical": split.categorical})
    found = answer_of(python, "benchmarks.prediction_sets.peers", given=given)
    peers = {kind: Sets(NOMINAL, **sets) for kind, sets in found.items()}
    model = gradum.fit(
        parts["learn"],
        TARGET,
        test=parts["judge"],
        model="pack",
        effort=effort,
        task=described.task,
        numeric=split.numeric,
        categorical=split.categorical,
        seed=seed,
        learning_curve=False,
    )
    return {"gradum": ours(model, parts["judge"], parts["new"]), **peers}


def _with_target(frame: pd.DataFrame, target: pd.Series, rows: np.ndarray) -> pl.DataFrame:
    return pl.from_pandas(frame.iloc[rows].assign(**{TARGET: target.iloc[rows].to_numpy()}))


def ours(model: Model, judging: pl.DataFrame, new: pl.DataFrame) -> Sets:
    """Return the figures of sets {k: 1 − p_k ≤ q}; q is the conformal quantile of judging rows."""
    labels = np.array([str(label) for label in model.classes])
    known, answered = (model.predict_proba(rows) for rows in (judging, new))
    scores = np.sort(1.0 - _of_truth(known, judging, labels))
    coverage, size = [], []
    for nominal in NOMINAL:
        rank = int(np.ceil(round(nominal * (len(scores) + 1), 9)))
        threshold = scores[rank - 1] if rank <= len(scores) else 1.0
        inside = 1.0 - answered <= threshold
        coverage.append(float(_of_truth(inside, new, labels).mean()))
        size.append(float(inside.sum(axis=1).mean()))
    return Sets(NOMINAL, coverage, size)


def _of_truth(by_class: np.ndarray, rows: pl.DataFrame, labels: np.ndarray) -> np.ndarray:
    truth = rows[TARGET].to_numpy()
    return (by_class * (truth[:, None] == labels)).sum(axis=1)


def _size(runs: list[dict[str, Sets]], kind: str) -> float:
    return float(
        np.mean([sets[kind].size_at(COVERAGE) for sets in runs if kind in sets] or [np.nan])
    )


def _asked(runs: list[dict[str, Sets]], kind: str) -> str:
    pairs = [sets[kind].asked_for(COVERAGE) for sets in runs if kind in sets]
    if not pairs:
        return "–"
    coverage, size = np.mean(pairs, axis=0)
    return f"{coverage:.1%}, {size:.3f}"


def _line(name: str, runs: list[dict[str, Sets]]) -> str:
    kinds = ("gradum", *SCORES)
    return f"{name:20s}" + "".join(f"{kind} {_size(runs, kind):.4f}  " for kind in kinds)


def _page(compared: dict[str, list[dict[str, Sets]]], effort: str, python: str) -> str:
    kinds = ("gradum", *SCORES)
    rows, no_larger = [], 0
    for name, runs in compared.items():
        sizes = {kind: _size(runs, kind) for kind in kinds}
        no_larger += sizes["gradum"] <= np.nanmin([sizes[kind] for kind in SCORES])
        shown = ["–" if np.isnan(size) else f"{size:.3f}" for size in sizes.values()]
        rows.append([name, *shown, *(_asked(runs, kind) for kind in ("gradum", "LAC"))])
    head = ["mean size where 90% are covered", *kinds, "gradum, asked for 90%", "LAC, likewise"]
    versions = ", ".join(f"{name} {version_in(python, name)}" for name in ("mapie", "lightgbm"))
    return (
        f"{table(head, rows)}\n"
        f"gradum's sets are no larger than the smallest of the three on {no_larger} of "
        f"{len(compared)} tables. gradum: the pack, effort {effort}; {versions}, defaults.\n"
    )
