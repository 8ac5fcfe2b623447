"""Exported models beside gradum's own: how far answers differ on every table, and what rows cost.

`python -m benchmarks export FOLDER [SETS]`: each table of both suites, and a few with texts, dates
and many levels, is fitted on at most 1,500 rows as gradum reads it; all its other rows are
answered by each model and by its ONNX file. A logit's difference is absolute, a number's is in
deviations of the target. A decision that flips is a tie if the two greatest logits that decide
differ by less than `TIE`.

`export speed [ROUNDS]` asks one row at a time and many at once, of gradum, of the files in ONNX
Runtime, of scikit-learn's pipeline as skl2onnx writes it (in an environment of its own), and of
LightGBM, on one thread each. Time is of the processor: what else the machine does hardly moves it.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.environments import REPOSITORY, python_with
from benchmarks.latency import LEVELS, NUMBERS, TARGET, draw
from benchmarks.page import DOCS, publish, table
from benchmarks.sides import Absent, Figures, Measured, Ratio, Round, Side, in_turns, spread

PAGE = DOCS / "export.md"
WIDE, MORE = "wide", ("sms_spam", "clothing_reviews", "vic_elec", "inst_eval")
TRAINING_ROWS, TEST_ROWS, BLOCK_ROWS = 1_500, 500, 8_192
RUNGS = {"linear": "linear", "mlp": "MLP", "pack": "ensemble, quick"}
BAR, TIE = 1e-5, 2e-5
SPEED_TRAINING_ROWS, SINGLE_ROWS, MANY_ROWS = 5_000, 300, 100_000
ONE, MANY = "one row, µs", "100,000 rows, s"


def main(folder: str, chosen: str = "") -> None:
    """Compare answers, or times."""
    if folder == "speed":
        publish("export speed", speed(int(chosen or "5")), ("gradum", "onnxruntime"), page=PAGE)
        return
    outcomes = []
    for name, path, target, task, left_out in tables(Path(folder), chosen):
        for outcome in compared(name, path, target, task, left_out):
            print(outcome, flush=True)
            outcomes.append(outcome)
    publish("export", summary(outcomes), ("gradum", "onnxruntime"), complete=not chosen, page=PAGE)


def tables(folder: Path, chosen: str) -> Iterator[tuple[str, Path, str, str, set[str]]]:
    """Yield name, file, target, task and columns left out of each table."""
    from benchmarks.quality.sets import Suite

    plain = Suite.read(folder)
    suites = [plain, Suite.read(folder, list(MORE)), Suite.read(folder / WIDE)]
    for suite in suites:
        for name, said in suite.tables.items():
            if not chosen or name in chosen.split(","):
                yield name, suite.folder / said.file, said.target, said.task, said.left_out


@dataclass(frozen=True)
class Compared:
    """A model of a table beside its file.

    ``refused`` says why there is none; ``largest`` is the largest difference; ``flips`` and
    ``ties`` count the rows in which another class is predicted.
    """

    table: str
    rung: str
    rows: int
    refused: str = ""
    largest: float = 0.0
    flips: int = 0
    ties: int = 0

    def __str__(self) -> str:
        found = self.refused or f"{self.largest:.1e}, {self.flips} flips, {self.ties} ties"
        return f"{self.table:20s} {self.rung:8s} {self.rows:8,} rows: {found}"


def compared(
    name: str, path: Path, target: str, task: str, left_out: set[str]
) -> Iterator[Compared]:
    """Fit a table, and hold the file of each model against the model on all other rows."""
    import gradum
    from gradum.errors import ExportError, GradumError
    from gradum.tables.check.check import check
    from gradum.tables.sources.read import read

    warnings.filterwarnings("ignore")
    frame = pl.read_parquet(path).drop(left_out, strict=False).drop_nulls(target)
    frame = frame[np.random.default_rng(0).permutation(len(frame))]
    learned = min(TRAINING_ROWS, len(frame) // 2)
    train, rest = frame[:learned], frame[learned:]
    options: dict[str, Any] = {"task": task, "effort": "quick", "learning_curve": False}
    test = rest
    if task != "regression":
        options["drop_rare_classes"] = True
        test = rest.filter(pl.col(target).is_in(train[target].unique().implode()))
    try:
        model = gradum.fit(train, target, test=test[:TEST_ROWS], **options)
    except GradumError as error:
        print(f"{name} is not fitted: {error}", flush=True)
        return
    fitted = model.fitted
    rows = check(read(rest.drop(target)), fitted.schema, encoder=fitted.encoder).frame
    for rung in RUNGS:
        try:
            yield Compared(name, rung, len(rows), **differences(fitted, rung, rows))
        except ExportError as error:
            yield Compared(name, rung, len(rows), error.message)


def differences(fitted: Any, rung: str, rows: pl.DataFrame) -> dict[str, Any]:
    """Return the fields of `Compared` for a model that leaves."""
    from gradum.ship.forms.onnx.file import OnnxForm
    from gradum.ship.recording.model import recorded_model

    recorded = recorded_model(fitted, rung)
    runner = OnnxForm().runner(OnnxForm().data(recorded), recorded)
    assert runner is not None
    found: dict[str, Any] = {"largest": 0.0, "flips": 0, "ties": 0}
    for block in rows.iter_slices(BLOCK_ROWS):
        answers = runner(recorded.raw(block))
        largest, flipped, tied = difference(fitted, rung, block, answers)
        found["largest"] = max(found["largest"], largest)
        found["flips"] += int((flipped & ~tied).sum())
        found["ties"] += int((flipped & tied).sum())
    return found


def difference(
    fitted: Any, rung: str, block: pl.DataFrame, answers: dict[str, np.ndarray]
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the largest difference in a block, the rows that flip (n,), and those that tie."""
    from gradum.tables.encode import Unencoded

    model = fitted.rung(rung)
    raw = model.logits(Unencoded(fitted.encoder, block))
    own = model.prediction(raw)
    if model.target_scale is not None:
        pair = (model.target_scale.forward(each) for each in (answers["prediction"], own.value))
        nothing = np.zeros(len(block), bool)
        return float(np.abs(np.subtract(*pair)).max(initial=0.0)), nothing, nothing
    logits = deciding = raw
    for step in model.post:
        logits = step(logits)
        deciding = logits if step.decides else deciding
    if deciding.shape[1] == 1:
        deciding = np.hstack([np.zeros_like(deciding), deciding])
    flipped = answers["prediction"] != fitted.labels[own.value]
    second, first = np.sort(deciding, axis=1)[:, -2:].T
    return float(np.abs(answers["logits"] - logits).max(initial=0.0)), flipped, first - second < TIE


def summary(outcomes: list[Compared]) -> str:
    """Return a row for each kind of model, and the reasons of what stays."""
    rows = []
    for rung, title in RUNGS.items():
        own = [outcome for outcome in outcomes if outcome.rung == rung]
        left = [outcome for outcome in own if not outcome.refused]
        largest = np.array([outcome.largest for outcome in left] or [0.0])
        rows.append(
            [
                title,
                f"{len(left)} of {len(own)}",
                f"{sum(outcome.rows for outcome in left):,}",
                f"{np.median(largest):.1e}",
                f"{largest.max():.1e}",
                f"{np.count_nonzero(largest > BAR)}",
                f"{sum(outcome.flips for outcome in left)}",
                f"{sum(outcome.ties for outcome in left)}",
            ]
        )
    head = ["model", "tables exported", "rows", "median", "largest", "above 10⁻⁵", "flips", "ties"]
    reasons = sorted(
        {f"{outcome.table}: {outcome.refused}" for outcome in outcomes if outcome.refused}
    )
    return "\n".join([table(head, rows), *reasons, ""])


def speed(rounds: int) -> str:
    """Return times, and ratios to gradum's MLP."""
    os.environ["OMP_NUM_THREADS"] = "1"
    sides = [
        Side("gradum, MLP", own, {"rung": "mlp"}),
        Side("its file", exported, {"rung": "mlp"}),
        Side("gradum, ensemble, quick", own, {"rung": "pack"}),
        Side("its file ", exported, {"rung": "pack"}),
        Side(
            "scikit-learn's pipeline by skl2onnx",
            skl2onnx,
            environment={"PYTHONPATH": str(REPOSITORY / "src")},
            python=_skl2onnx(),
        ),
        Side("LightGBM", lightgbm),
    ]
    found = dict(zip([side.name for side in sides], in_turns(sides, rounds), strict=True))
    present = {name: each for name, each in found.items() if not each.absent}
    first: Measured = found[sides[0].name]
    rows = [
        [name, *(spread(each.all(figure)) for figure in (ONE, MANY))]
        + [str(Ratio.of(each.all(figure), first.all(figure))) for figure in (ONE, MANY)]
        for name, each in present.items()
    ]
    absent = [f"{name}: absent ({each.absent})" for name, each in found.items() if each.absent]
    head = ["", *(f"{figure} of CPU" for figure in (ONE, MANY))]
    head += [f"{figure.rpartition(', ')[0]}, over gradum's MLP" for figure in (ONE, MANY)]
    return "\n".join([table(head, rows), *absent])


def _skl2onnx() -> str:
    try:
        return python_with("skl2onnx", "onnxruntime", "pandas", "polars", "pyarrow")
    except Absent as error:
        return str(error)


def timed(one: list[Callable[[], Any]], many: Callable[[], Any]) -> Round:
    """Return the round that answers single rows and many at once; processor time."""

    def spent(call: Callable[[], Any]) -> float:
        began = time.process_time()
        call()
        return time.process_time() - began

    def one_round() -> Figures:
        return {ONE: 1e6 * float(np.median([spent(call) for call in one])), MANY: spent(many)}

    return one_round


def own(rung: str) -> Round:
    """Predict dicts and a frame with a model of gradum."""
    model = _fitted(rung)
    frame = draw(MANY_ROWS, seed=1).drop(TARGET)
    single = list(frame.head(SINGLE_ROWS).iter_rows(named=True))
    one = [lambda row=row: model.predict_proba(row, rung=rung) for row in single]
    return timed(one, lambda: model.predict_proba(frame, rung=rung))


def exported(rung: str) -> Round:
    """Run the file of the same model on arrays."""
    from gradum.ship.forms.onnx.file import OnnxForm
    from gradum.ship.recording.model import recorded_model

    recorded = recorded_model(_fitted(rung).fitted, rung)
    runner = OnnxForm().runner(OnnxForm().data(recorded), recorded)
    assert runner is not None
    return _of_arrays(runner, np.float64, "(missing)")


def skl2onnx() -> Round:
    """Run a pipeline of scikit-learn, with a network of the same size, that skl2onnx wrote."""
    import onnxruntime
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    levels = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    scaled = make_pipeline(SimpleImputer(), StandardScaler())
    columns = ColumnTransformer([("numbers", scaled, NUMBERS), ("levels", levels, list(LEVELS))])
    train = draw(SPEED_TRAINING_ROWS, seed=0).to_pandas()
    network = MLPClassifier((128, 128), early_stopping=True, random_state=0)
    model = make_pipeline(columns, network).fit(train.drop(columns=TARGET), train[TARGET])
    inputs = [(name, FloatTensorType([None, 1])) for name in NUMBERS]
    inputs += [(name, StringTensorType([None, 1])) for name in LEVELS]
    proto = convert_sklearn(model, initial_types=inputs, options={id(network): {"zipmap": False}})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options)
    return _of_arrays(lambda raw: session.run(None, raw), np.float32, "")


def lightgbm() -> Round:
    """Predict with boosted trees, which take pandas' categories."""
    import pandas as pd
    from lightgbm import LGBMClassifier

    train = draw(SPEED_TRAINING_ROWS, seed=0).to_pandas()
    frame = draw(MANY_ROWS, seed=1).drop(TARGET).to_pandas()
    kinds = {name: pd.CategoricalDtype(sorted(train[name].unique())) for name in LEVELS}
    train = train.astype(kinds)
    model = LGBMClassifier(random_state=0, verbose=-1, n_jobs=1)
    model.fit(train.drop(columns=TARGET), train[TARGET])
    frame = frame.astype(kinds)
    one = [lambda k=k: model.predict_proba(frame[k : k + 1]) for k in range(SINGLE_ROWS)]
    return timed(one, lambda: model.predict_proba(frame))


def _fitted(rung: str) -> Any:
    import gradum

    train, test = draw(SPEED_TRAINING_ROWS, seed=0), draw(TEST_ROWS, seed=2)
    options: dict[str, Any] = {"model": rung, "effort": "quick", "learning_curve": False}
    return gradum.fit(train, TARGET, test=test, **options)


def _of_arrays(run: Callable[[Any], Any], numbers: type, missing: str) -> Round:
    frame = draw(MANY_ROWS, seed=1).drop(TARGET)
    raw = {name: frame[name].fill_null(np.nan).to_numpy().astype(numbers) for name in NUMBERS}
    raw |= {name: frame[name].fill_null(missing).to_numpy().astype(object) for name in LEVELS}
    raw = {name: values[:, None] for name, values in raw.items()}
    single = [{name: raw[name][k : k + 1] for name in raw} for k in range(SINGLE_ROWS)]
    return timed([lambda row=row: run(row) for row in single], lambda: run(raw))
