"""What each part of the pack brings: its error without that part, over its error as it is.

Only training rows are looked at: of the rows that ``benchmarks.quality`` trains on with seed 0, a
fifth, drawn by seed, judges models of the others. So what is decided here is decided without the
rows by which the methods are ranked. A ratio above 1 says that the part helps.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
from msgspec import structs
from sklearn.model_selection import train_test_split

import gradum
from benchmarks.page import DOCS, circumstances, replace_section, table
from benchmarks.quality.frames import strings_or_none
from benchmarks.quality.measure import measure
from benchmarks.quality.sets import Suite
from benchmarks.quality.split import Split
from gradum.fitting.pack.spec import EFFORTS, PackSpec

MOST_ROWS = 4_000
STANDARD = EFFORTS["standard"]
PACKAGES = ("gradum", "jax", "numpy")


def _less(**fields: object) -> PackSpec:
    return structs.replace(STANDARD, **fields)


PARTS: dict[str, PackSpec] = {
    "as it is": STANDARD,
    "without codes": _less(most_codes=4, all_codes=1),
    "without steps": _less(steps=0.0),
    "without ramps": _less(ramps=0.0),
    "without waves": _less(waves=0.0),
    "without wide members": _less(wide=0.0),
    "without dropped columns": _less(column_dropout=(0.0, 0.0)),
    "without dropout": _less(dropout=(0.0, 0.0)),
    "without decay": _less(decay=(1e-6, 1e-6)),
    "one learning rate": _less(learning_rate=(5e-3, 5e-3)),
    "labels smoothed by 0.1": _less(label_smoothing=0.1),
    "half the members": _less(members=STANDARD.members // 2),
    "half the folds": _less(folds=STANDARD.folds // 2),
    "best member of each fold": _less(picks=1),
}


@dataclass(frozen=True)
class Fitted:
    """One fit's error, and its seconds per 1,000 rows."""

    error: float
    seconds: float


def inner(split: Split, seed: int) -> Split:
    """Divide the training rows once more; the test rows are let go."""
    strata = None if split.regression else split.train_target
    places = np.arange(len(split.train))
    train, test = train_test_split(places, test_size=0.2, random_state=seed, stratify=strata)
    if strata is not None:
        test = test[np.isin(strata.iloc[test], np.unique(strata.iloc[train]))]
    return replace(
        split,
        train=split.train.iloc[train],
        test=split.train.iloc[test],
        train_target=split.train_target.iloc[train],
        test_target=split.train_target.iloc[test],
    )


def fitted(split: Split, spec: PackSpec, seed: int) -> Fitted:
    """Fit a pack and measure its error."""
    kind = gradum.PackRegressor if split.regression else gradum.PackClassifier
    train, test = strings_or_none(split)
    model = kind(pack=spec, categorical=split.categorical, numeric=split.numeric, random_state=seed)
    began = perf_counter()
    model.fit(train, split.train_target)
    seconds = (perf_counter() - began) / len(train) * 1000
    said = model.predict(test) if split.regression else model.predict_proba(test)  # type: ignore
    return Fitted(measure(split, said)["error"], seconds)


def main(folder: str, sets: str = "", parts: str = "") -> None:
    """Print a line a part; the whole suite with all parts becomes a section of the page."""
    warnings.filterwarnings("ignore")
    suite = Suite.read(Path(folder), sets.split(",") if sets else None)
    chosen = {"as it is": STANDARD, **{name: PARTS[name] for name in parts.split(",") if name}}
    chosen = chosen if parts else PARTS
    found: dict[str, list[Fitted]] = {name: [] for name in chosen}
    for seed, (name, each) in enumerate(suite.tables.items()):
        split = inner(Split.of(suite.folder, each, seed=0, rows=MOST_ROWS), seed)
        for part, spec in chosen.items():
            found[part].append(fitted(split, spec, seed=0))
            print(f"{name:20s} {part:26s} {found[part][-1].error:.4f}", flush=True)
    text = _report(found)
    print(text)
    if not sets and not parts:
        replace_section(DOCS / "accuracy.md", "parts", f"{text}\n{circumstances(PACKAGES)}\n")


def _report(found: dict[str, list[Fitted]]) -> str:
    whole = np.log([each.error for each in found["as it is"]])
    rows = []
    for part, fits in found.items():
        ratios = np.log([each.error for each in fits]) - whole
        error = ratios.std(ddof=1) / np.sqrt(len(ratios)) if len(ratios) > 1 else 0.0
        seconds = float(np.median([each.seconds for each in fits]))
        better = int((ratios > 0).sum()), int((ratios < 0).sum())
        rows.append(
            [
                part,
                f"{np.exp(ratios.mean()):.3f}",
                f"{np.exp(ratios.mean()) * error:.3f}",
                "" if part == "as it is" else f"{better[0]} / {better[1]}",
                f"{seconds:.2f}",
            ]
        )
    head = ["", "error, ratio", "standard error", "worse / better", "s per 1,000 rows"]
    return table(head, rows)
