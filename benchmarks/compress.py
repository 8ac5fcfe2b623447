"""How much of an ensemble's lead over a plain MLP smaller models keep that are distilled from it.

Tables and splits are those of `benchmarks.quality`, at most 4,000 rows for training; the test rows
judge. The smaller models are MLPs of two hidden layers and the ensemble's own networks, few of
them. With the errors e of the MLP, of the ensemble and of a smaller model, a table's lead is
log(e_mlp / e_ensemble), of which the smaller model keeps log(e_mlp / e). Sums are over the tables
on which the lead is more than 1%.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
import polars as pl

import gradum
from benchmarks.quality.sets import Suite
from benchmarks.quality.split import Split
from benchmarks.rungs import TARGET
from gradum.run.distillation.larger import Larger
from gradum.run.distillation.size import Size, expected_growth
from gradum.run.fingerprint import named_arrays
from gradum.rungs.context import Context
from gradum.rungs.learning_rows import InMemory
from gradum.rungs.mlp.kind import STUDENTS, MLPKind
from gradum.rungs.pack.kind import PackKind
from gradum.rungs.pack.spec import PackSpec
from gradum.rungs.rows import Rows
from gradum.rungs.rung import Rung
from gradum.tables.split import Part

LEAD = 0.01
SIZES = (
    *(Size(MLPKind(), settings) for settings in STUDENTS[1:3]),
    *(Size(PackKind(), PackSpec(kept=kept)) for kept in (4,)),
)


def fitted(split: Split, model: str) -> gradum.Model:
    """Fit one model to the training rows; the test rows judge it."""
    train, test = (
        pl.from_pandas(pd.concat([frame, target.rename(TARGET)], axis=1))
        for frame, target in ((split.train, split.train_target), (split.test, split.test_target))
    )
    columns = {"numeric": split.numeric, "categorical": split.categorical}
    return gradum.fit(train, TARGET, model=model, test=test, task=split.task, seed=0, **columns)


def error(rung: Rung, rows: Rows) -> float:
    """Return the RMSE or the log loss on rows."""
    said = rung.predict(rows.design)
    if said.probability is None:
        return float(np.sqrt(np.average(np.square(said.value - rows.target))))
    shares = said.probability[np.arange(len(rows)), rows.target]
    return float(-np.log(np.maximum(shares, 1e-15)).mean())


def microseconds(rung: Rung, rows: Rows) -> float:
    """Return the processor's time per encoded row, the least of three."""
    design, seconds = rows.design.encoded(), []
    for _ in range(3):
        began = process_time()
        rung.predict(design)
        seconds.append(process_time() - began)
    return 1e6 * min(seconds) / len(rows)


def line(words: str, rung: Rung, rows: Rows, mlp: float, pack: float, more: str = "") -> float:
    """Print what a model costs and errs; return how much of the lead it keeps."""
    found = error(rung, rows)
    kept = float(np.log(mlp / found))
    kilobytes = sum(array.nbytes for array in named_arrays([rung]).values()) / 1000
    print(
        f"  {words:36s} error {found:10.5g} ({found / pack - 1:+7.2%})  "
        f"kept {kept / np.log(mlp / pack):6.2f}  {kilobytes:7.0f} kB  "
        f"{microseconds(rung, rows):6.2f} µs  {more}",
        flush=True,
    )
    return kept


def main(folder: str, sets: str = "", rows: str = "4000") -> None:
    """Print the models of each table, then how much of the lead each size keeps."""
    warnings.filterwarnings("ignore")
    suite = Suite.read(Path(folder), [name for name in sets.split(",") if name] or None)
    kept: dict[str, list[float]] = {size.words: [] for size in SIZES}
    leads = []
    for name, table in suite.tables.items():
        split = Split.of(suite.folder, table, seed=0, rows=int(rows))
        model = fitted(split, "pack")
        larger = Larger.of(model.fitted, model.run.dataset, ())
        judged = InMemory(larger.dataset.rows(larger.kept.encoder), larger.kept.parts)
        judged = judged.take(Part.TEST)
        plain = fitted(split, "mlp").fitted.rung("mlp")
        mlp, pack = error(plain, judged), error(model.fitted.rung(), judged)
        lead = float(np.log(mlp / pack))
        print(f"{name}: {len(split.train):,} rows, lead {lead:.1%}", flush=True)
        line("the MLP", plain, judged, mlp, pack)
        line("the ensemble", model.fitted.rung(), judged, mlp, pack)
        began, context = process_time(), Context()
        taught = larger.transfer_set(larger.kept, context)
        for size in SIZES:
            student = size.imitate(taught, context)
            expected = expected_growth(taught, student, context.random("trial rows"))
            more = f"expected {expected:+.2%}, {process_time() - began:.0f} CPU-s"
            found = line(size.words, student, judged, mlp, pack, more)
            if lead > LEAD:
                kept[size.words].append(found)
            began = process_time()
        leads += [lead] if lead > LEAD else []
    print(f"of the lead on {len(leads)} tables:")
    for words, each in kept.items():
        print(f"  {words:36s} {sum(each) / max(sum(leads), LEAD):6.1%}")
