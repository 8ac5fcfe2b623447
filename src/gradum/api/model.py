"""The Python surface: `gradum.fit` and `gradum.load` return a `Model`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from msgspec import ValidationError, convert, structs

from gradum.errors import SpecError, TargetError
from gradum.files.atomic import write_text
from gradum.fitting.fitted import Fitted
from gradum.fitting.predict import predict
from gradum.fitting.run import Run, run
from gradum.fitting.spec import LinearSpec, MLPSpec, Spec, SplitSpec
from gradum.ship import bundle, run_folder
from gradum.ship.run_folder import RunSpec
from gradum.show.report import report_html
from gradum.show.text import judgement_text
from gradum.study.coefficients import coefficients
from gradum.study.evaluate import Evaluation, evaluate
from gradum.tables.check import Difference
from gradum.tables.read import read
from gradum.tables.schema import Overrides, Schema
from gradum.tables.table import Table


class Model:
    """A fitted ladder of models, with what is known of how good it is.

    Parameters
    ----------
    fitted : Fitted
        The schema, the encoder, every rung and the judgement.
    run : Run, optional
        The run that fitted it, with the rows it was judged on; None for a loaded model.

    Attributes
    ----------
    differences : tuple of Difference
        How the last table given to `predict` or `predict_proba` differed from the training rows:
        unseen levels, values out of range, new missing values.
    """

    def __init__(self, fitted: Fitted, run: Run | None = None) -> None:
        self.fitted = fitted
        self.run = run
        self.differences: tuple[Difference, ...] = ()

    @property
    def used(self) -> str:
        """The rung that predicts unless another is asked for."""
        return self.fitted.used

    @property
    def enough(self) -> str | None:
        """The simplest rung within one standard error of the best."""
        judgement = self.fitted.judgement
        return judgement.verdict.enough if judgement else None

    @property
    def classes(self) -> tuple:
        """The labels, in the order of the probability columns; empty for regression."""
        assert self.fitted.schema.target is not None
        return self.fitted.schema.target.classes

    def predict(self, data: Any, *, rung: str | None = None) -> np.ndarray:
        """Predict the target of each row.

        Parameters
        ----------
        data : path, data frame, array, list of dicts or one dict
            Rows with the columns that the model was fitted on.
        rung : str, optional
            ``baseline``, ``linear``, ``mlp``, or ``enough``; the best-scoring one if left out.

        Returns
        -------
        ndarray of shape (n,)
            Numbers, or labels as they were given.

        Raises
        ------
        SchemaError
            A column is absent or of another kind.
        """
        return self._predict(data, rung)["prediction"].to_numpy()

    def predict_proba(self, data: Any, *, rung: str | None = None) -> np.ndarray:
        """Return class probabilities (n, K), columns in the order of `classes`.

        Raises
        ------
        TargetError
            The target is a number.
        """
        if not self.classes:
            raise TargetError("The target is a number, which has no classes.", "Use predict.")
        return self._predict(data, rung).drop("prediction").to_numpy()

    def _predict(self, data: Any, rung: str | None) -> pl.DataFrame:
        frame, self.differences = predict(self.fitted, _table(data), rung=rung)
        return frame

    def evaluate(self, data: Any) -> Evaluation:
        """Score every rung on rows that hold the target."""
        return evaluate(self.fitted, _table(data))

    @property
    def scores(self) -> pl.DataFrame:
        """Every score with its 95% interval: rung, part, metric, value, low, high."""
        judgement = self.fitted.judgement
        schema = ["rung", "part", "metric", "value", "low", "high"]
        rows = [
            (rung, part, metric, interval.value, interval.low, interval.high)
            for rung, parts in (judgement.scores if judgement else {}).items()
            for part, metrics in parts.items()
            for metric, interval in metrics.items()
        ]
        return pl.DataFrame(rows, schema=schema, orient="row")

    @property
    def coefficients(self) -> pl.DataFrame:
        """The linear rung's coefficients in raw units, with the column each came from."""
        return coefficients(self.fitted)

    def summary(self) -> str:
        """Return the verdict and the ladder as text."""
        return judgement_text(self.fitted)

    def report(self) -> str:
        """Return the report as one self-contained HTML page."""
        return report_html(self.fitted)

    def save(self, path: str | os.PathLike) -> None:
        """Write the model, every rung inside, to one file that `gradum.load` reads.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        bundle.save(self.fitted, path)

    def __repr__(self) -> str:
        target = self.fitted.schema.target
        assert target is not None
        rungs = ", ".join(self.fitted.rungs)
        return f"<gradum.Model of {target.name} ({target.task}): {rungs}; using {self.used}>"


def save_run(model: Model, folder: Path, run_spec: RunSpec) -> None:
    """Write a run's files and its report into a folder that was claimed before.

    Raises
    ------
    OutputError
        A file cannot be written; those that could are whole.
    """
    assert model.run is not None
    known = structs.replace(run_spec, fingerprint=model.fitted.provenance.fingerprint)
    run_folder.write(folder, model.run, known)
    write_text(folder / run_folder.REPORT, model.report())


def load(path: str | os.PathLike) -> Model:
    """Read a model file that `Model.save` or the command line wrote.

    Raises
    ------
    ModelFileError
        The file is damaged, hostile, or of another format version.
    """
    return Model(bundle.load(path))


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
        The table: anything that `narwhals` knows, a CSV, TSV or Parquet file, a NumPy array
        (columns ``x0``, ``x1``, …).
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
        ``class_weight`` ("balanced"), ``log_target``, ``refit``; ``numeric``, ``categorical``,
        ``text``, ``date``, ``drop`` (lists of columns); ``weight``, ``group``, ``time`` (a
        column); ``linear``, ``mlp``, ``split`` (their specs).

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
    held = None if test is None else _table(test)
    events = run(spec, _table(data), test=held, schema=schema, stop=stop)
    while True:
        try:
            event = next(events)
        except StopIteration as finished:
            return Model(finished.value.fitted, finished.value)
        if on_event is not None:
            on_event(event)


def _table(data: Any) -> Table:
    return data if isinstance(data, Table) else read(data)


_LISTS = ("numeric", "categorical", "text", "date", "drop")
_COLUMNS = ("weight", "group", "time")


def make_spec(target: str, *, cv: int | None = None, **options: Any) -> Spec:
    """Build a spec from the words that `fit` and the command line share.

    Raises
    ------
    SpecError
        An option is unknown, or its value makes no sense.
    """
    known = {*Spec.__struct_fields__, *_LISTS, *_COLUMNS} - {"overrides", "target"}
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
    parts = {name: _part(name, given.pop(name, {}), kind) for name, kind in _PARTS.items()}
    if cv is not None:
        parts["split"] = structs.replace(parts["split"], folds=cv)
    return Spec(target, overrides=overrides, **parts, **given)


_PARTS: dict[str, Any] = {"split": SplitSpec, "linear": LinearSpec, "mlp": MLPSpec}


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
