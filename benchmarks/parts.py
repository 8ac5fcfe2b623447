"""The contribution of each part of the pack: the error without that part over the error with it.

Only training rows are used: of the rows that ``benchmarks.quality`` trains on with seed 0, a fifth,
drawn by seed, judges models fitted to the others. So decisions made here do not use the rows by
which the methods are ranked. A ratio above 1 means that the part helps. Every fit is a line of a
file in ``build``, so that a stopped run can go on, and several runs may share the work.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time

import msgspec
import numpy as np
from msgspec import structs
from sklearn.model_selection import train_test_split

import gradum
from benchmarks.page import DOCS, circumstances, replace_section, table
from benchmarks.quality import outcomes
from benchmarks.quality.frames import strings_or_none
from benchmarks.quality.measure import measure
from benchmarks.quality.outcomes import Key, Outcome
from benchmarks.quality.sets import Suite
from benchmarks.quality.split import Split
from gradum.rungs.pack.spec import EFFORTS, PackSpec

MOST_ROWS = 4_000
STANDARD = EFFORTS["standard"]
PACKAGES = ("gradum", "jax", "numpy")


def _less(**fields: object) -> PackSpec:
    return structs.replace(STANDARD, **fields)


PARTS: dict[str, PackSpec] = {
    "as it is": STANDARD,
    "without codes": _less(most_codes=4, all_codes=1),
    "without pairs": _less(pairs=0),
    "without steps": _less(steps=0.0),
    "without ramps": _less(ramps=0.0),
    "without waves": _less(waves=0.0),
    "without wide members": _less(wide=0.0),
    "without dropped columns": _less(column_dropout=(0.0, 0.0)),
    "without dropout": _less(dropout=(0.0, 0.0)),
    "without decay": _less(decay=(1e-6, 1e-6)),
    "one learning rate": _less(learning_rate=(5e-3, 5e-3)),
    "without the diagonal layer": _less(scale_factor=0.0),
    "without leaks": _less(leak_factor=0.0),
    "Muon's steps": _less(muon=0.2),
    "embeddings from 10 levels": _less(one_hot_levels=9),
    "without smoothed labels": _less(label_smoothing=(0.0, 0.0)),
    "each epoch told by its fold alone": _less(shrinkage=0),
    "half the members": _less(members=STANDARD.members // 2),
    "half the folds": _less(folds=STANDARD.folds // 2),
    "any number of members": _less(kept=STANDARD.members),
    "best member of each fold": _less(picks=1),
}


def inner(split: Split, seed: int) -> Split:
    """Divide the training rows once more; the test rows are discarded."""
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


def fitted(split: Split, part: str, name: str) -> Outcome:
    """Fit a pack with that part changed, and measure its error."""
    kind = gradum.PackRegressor if split.regression else gradum.PackClassifier
    train, test = strings_or_none(split)
    model = kind(
        pack=PARTS[part], categorical=split.categorical, numeric=split.numeric, random_state=0
    )
    began, used = perf_counter(), process_time()
    model.fit(train, split.train_target)
    seconds, used = perf_counter() - began, process_time() - used
    said = model.predict(test) if split.regression else model.predict_proba(test)  # type: ignore
    return Outcome(
        method=part,
        set=name,
        seed=0,
        n=len(train),
        fit_s=seconds,
        cpu_s=used,
        error=measure(split, said)["error"],
    )


def results() -> Path:
    """Return the file that keeps the measurements of exactly these parts."""
    digest = hashlib.sha256(msgspec.json.encode(PARTS)).hexdigest()[:8]
    return Path(f"build/parts-{digest}.jsonl")


def main(folder: str, sets: str = "", parts: str = "") -> None:
    """Fit what is missing and print a line per part; all parts become a section of the page."""
    warnings.filterwarnings("ignore")
    suite = Suite.read(Path(folder))
    names = [name for name in sets.split(",") if name] or list(suite.tables)
    chosen = ["as it is", *(name for name in parts.split(",") if name)] if parts else list(PARTS)
    path = results()
    outcomes.begin(path)
    found = outcomes.read([path])
    for seed, (name, each) in enumerate(suite.tables.items()):
        missing = [part for part in chosen if Key(part, name, 0) not in found]
        if name not in names or not missing:
            continue
        split = inner(Split.of(suite.folder, each, seed=0, rows=MOST_ROWS), seed)
        for part in missing:
            outcome = fitted(split, part, name)
            outcomes.append(path, outcome)
            print(f"{name:20s} {part:26s} {outcome.error:.4f}", flush=True)
    found = outcomes.read([path])
    text = report({part: [found[Key(part, name, 0)] for name in names] for part in chosen})
    print(text)
    if all(Key(part, name, 0) in found for part in PARTS for name in suite.tables):
        whole = {part: [found[Key(part, name, 0)] for name in suite.tables] for part in PARTS}
        section = f"{report(whole)}\n{circumstances(PACKAGES)}\n"
        replace_section(DOCS / "accuracy.md", "parts", section)


def report(found: dict[str, list[Outcome]]) -> str:
    """Return the table: the error without each part over that with it, and the time of a fit."""
    whole = np.log([each.loss for each in found["as it is"]])
    rows = []
    for part, fits in found.items():
        ratios = np.log([each.loss for each in fits]) - whole
        error = ratios.std(ddof=1) / np.sqrt(len(ratios)) if len(ratios) > 1 else 0.0
        seconds = np.median([1000 * (each.cpu_s or 0) / (each.n or 1) for each in fits])
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
    head = ["", "error, ratio", "standard error", "worse / better", "CPU s per 1,000 rows"]
    return table(head, rows)
