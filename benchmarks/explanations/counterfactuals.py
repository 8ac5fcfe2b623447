"""Counterfactuals compared with DiCE's: what they cost, whether they hold, and how long they take.

Both explain the same rows of the same gradum model, with nothing frozen and one counterfactual per
row. Costs are gradum's, Σ |Δ| / median absolute deviation plus 1 for each other level, and every
counterfactual is replayed through the model. DiCE (dice-ml) needs an environment of its own, in
which gradum is installed as well:

    python -m benchmarks.explanations.counterfactuals RUN TABLE [ROWS]
"""

from __future__ import annotations

import contextlib
import io
import sys
import time
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import gradum
from gradum.questions.counterfactual.costs import Costs, priced_axes
from gradum.questions.counterfactual.limits import Limits
from gradum.questions.rows.asked_rows import background_of

ROWS = 20
METHODS = ("random", "genetic")
SEED = 0

Changed = dict[str, Any]
Explainer = Callable[[pl.DataFrame], Changed | None]
"""Maps one row to the new values by column; None if none is found."""


@dataclass(frozen=True)
class Measured:
    """One counterfactual, or none.

    Parameters
    ----------
    cost : float
        NaN if there is no counterfactual, or it does not hold.
    found, holds : bool
        Whether there is one, and whether it changes the model's answer.
    changed : int
        Columns.
    seconds, cpu : float
        Wall-clock seconds, and CPU seconds.
    """

    cost: float
    found: bool
    holds: bool
    changed: int
    seconds: float
    cpu: float


def measured(model: gradum.Model, rows: pl.DataFrame, explainer: Explainer) -> list[Measured]:
    """Explain rows one by one."""
    axes = priced_axes(model.fitted, background_of(model, None))
    results = []
    for row in rows.iter_slices(1):
        start, cpu = time.perf_counter(), time.process_time()
        changed = explainer(row)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        holds, cost = False, np.nan
        if changed is not None:
            after = row.with_columns(pl.lit(value).alias(name) for name, value in changed.items())
            holds = bool(model.predict(after)[0] != model.predict(row)[0])
        if changed is not None and holds:
            cost = Costs(row.row(0, named=True), axes, Limits()).together(changed)
        size = 0 if changed is None else len(changed)
        results.append(Measured(cost, changed is not None, holds, size, seconds, cpu))
    return results


def by_gradum(model: gradum.Model) -> Explainer:
    """Return gradum's explainer: the cheapest counterfactual that it finds."""

    def explain(row: pl.DataFrame) -> Changed | None:
        found = model.counterfactuals(row, rows=[1], count=1).found.rows[0].counterfactuals
        return {change.column: change.after for change in found[0].changes} if found else None

    return explain


def by_dice(model: gradum.Model, table: pl.DataFrame, method: str) -> Explainer:
    """Return DiCE's explainer, by one of its methods."""
    import dice_ml

    kinds = {column.name: column.kind for column in model.fitted.schema.features}
    numeric = [name for name in model.features if kinds[name] == "numeric"]
    frame = _as_dice_reads(table.select(model.features), numeric)
    frame[model.target] = [model.classes.index(label) for label in table[model.target].to_list()]
    data = dice_ml.Data(dataframe=frame, continuous_features=numeric, outcome_name=model.target)
    backend = dice_ml.Model(model=_Wrapped(model), backend="sklearn", model_type="classifier")
    explainer = dice_ml.Dice(data, backend, method=method)
    seeds = {"random_seed": SEED} if method == "random" else {}

    def explain(row: pl.DataFrame) -> Changed | None:
        query = _as_dice_reads(row.select(model.features), numeric)
        np.random.seed(SEED)
        try:
            with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
                warnings.simplefilter("ignore")
                with contextlib.redirect_stdout(io.StringIO()):
                    found = explainer.generate_counterfactuals(
                        query, total_CFs=1, desired_class="opposite", **seeds
                    )
        except Exception as error:
            if "No counterfactuals found" in str(error):
                return None
            raise
        frame = found.cf_examples_list[0].final_cfs_df
        if frame is None or not len(frame):
            return None
        before = row.row(0, named=True)
        after = {name: frame.iloc[0][name] for name in model.features}
        changed = {name: value for name, value in after.items() if value != before[name]}
        return {name: float(value) if name in numeric else value for name, value in changed.items()}

    return explain


def _as_dice_reads(table: pl.DataFrame, numeric: Collection[str]) -> Any:
    """Return a pandas data frame whose levels are Python strings, not pandas' own type."""
    import pandas as pd

    columns = {
        name: values.to_numpy() if name in numeric else np.array(values.to_list(), object)
        for name, values in table.to_dict().items()
    }
    return pd.DataFrame(columns)


class _Wrapped:
    """A gradum model in the form that DiCE requires: it answers with classes numbered from 0."""

    def __init__(self, model: gradum.Model) -> None:
        self.model = model
        self.classes_ = np.arange(len(model.classes))

    def predict_proba(self, frame: Any) -> np.ndarray:
        return self.model.predict_proba(frame)

    def predict(self, frame: Any) -> np.ndarray:
        labels = list(self.model.classes)
        return np.array([labels.index(label) for label in self.model.predict(frame)])


def lines(results: dict[str, list[Measured]]) -> Iterator[str]:
    """Yield a table with one line per method; costs are over the rows where all methods hold."""
    common = np.all([[one.holds for one in each] for each in results.values()], axis=0)
    yield "| | found | hold | mean cost | median cost | columns | s a row | CPU s a row |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, each in results.items():
        costs = np.array([one.cost for one in each])[common]
        yield (
            f"| {name} | {sum(one.found for one in each)} | {sum(one.holds for one in each)} "
            f"| {costs.mean():.2f} | {np.median(costs):.2f} "
            f"| {np.mean([one.changed for one in each]):.1f} "
            f"| {np.mean([one.seconds for one in each]):.2f} "
            f"| {np.mean([one.cpu for one in each]):.2f} |"
        )
    yield f"\nCosts over the {common.sum()} of {len(common)} rows for which all methods hold."


def compared(
    run: Path, table: pl.DataFrame, rows: int = ROWS, *, methods: tuple[str, ...] = METHODS
) -> dict[str, list[Measured]]:
    """Measure gradum and each method of DiCE on the first complete rows of a table.

    DiCE takes no missing values, so its data are also only the complete rows.
    """
    model = gradum.load(run)
    complete = table.drop_nulls()
    asked = complete.head(rows)
    results = {"gradum": measured(model, asked, by_gradum(model))}
    for method in methods:
        results[f"DiCE {method}"] = measured(model, asked, by_dice(model, complete, method))
    return results


if __name__ == "__main__":
    folder, location, *asked = sys.argv[1:]
    for line in lines(compared(Path(folder), pl.read_parquet(location), *map(int, asked))):
        print(line)
