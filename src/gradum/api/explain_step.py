"""`gradum.explain_step`: one step of learning on one row of the user's own data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from gradum.api.model import Model
from gradum.core import L2, Network, Params, Problem
from gradum.core.models.input_blocks import of_matrix
from gradum.core.models.input_layer import InputLayer
from gradum.errors import ColumnError, SchemaError, ShapeError, SpecError, TargetError
from gradum.estimators import LinearRegression, LogisticRegression, MLPClassifier, MLPRegressor
from gradum.messages import say, say_plural
from gradum.questions.rows.table_rows import table_rows
from gradum.run.fitted import Fitted
from gradum.rungs.rung import Rung
from gradum.scores.figures import figure
from gradum.show.step.explain_step import StepExplanation
from gradum.study import explain_step as study
from gradum.study.explain_step import Names, output_names
from gradum.tables.check.check import check
from gradum.tables.check.role_values import target_values
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.kinds.design import Design
from gradum.tables.sources.fetched import PLAINLY
from gradum.tables.sources.read import read
from gradum.tables.wording import SHOWN_NAMES, nearest, number, quoted, shortened

Estimator = LinearRegression | LogisticRegression | MLPRegressor | MLPClassifier


def explain_step(
    model: Model | Estimator,
    row: Any,
    target: Any = None,
    *,
    rung: str | None = None,
    learning_rate: float | None = None,
) -> StepExplanation:
    """Work one row forward and backward through a model, and take one step of gradient descent.

    Every number is shown: the layers, the loss, each δ and gradient, checked against central
    differences, and the parameters after the step. The model itself is not changed.

    Parameters
    ----------
    model : Model or estimator
        What ``gradum.fit`` returned, or one of gradum's four estimators, fitted.
    row : dict, frame of one row, or array-like of d numbers
        For a `Model`, the columns by name; for an estimator, the numbers of one row of X or, if it
        was fitted on a frame, the columns by name in any order.
    target : number or label, optional
        The row's true value; a dict may hold it in the target's column instead.
    rung : str, optional
        ``linear``, ``mlp`` or ``enough``, for a `Model`; if left out, the one in use or, if that is
        the pack (which is many networks), the one below it.
    learning_rate : float, optional
        Length of the step; if left out, 0.1, halved until the loss falls.

    Returns
    -------
    StepExplanation
        Prints as a worked example; ``explanation.step`` has the numbers, and
        ``explanation.page()`` is a page of HTML with its formulas.

    Raises
    ------
    TargetError
        The target is missing, or not a known class.
    ColumnError
        The row has a column that the model does not know.
    SchemaError
        The row lacks a column.
    TableError
        A value is missing, infinite, or so large that the step overflows.
    ShapeError
        The row is not d numbers.
    SpecError
        The rung is the baseline, which has no inputs; there is no such rung; the estimator is not
        fitted; or the learning rate is not a positive number.
    """
    with np.errstate(all="ignore"):  # the step itself says what overflows
        return _explained(model, row, target, rung, learning_rate)


def _explained(
    model: Any, row: Any, target: Any, rung: str | None, learning_rate: float | None
) -> StepExplanation:
    if isinstance(model, Model):
        return _of_model(model.fitted, row, target, rung, learning_rate)
    if not isinstance(model, Estimator):
        raise SpecError(
            "A {model} has no step to explain.",
            "Give what gradum.fit returned, or one of gradum's estimators.",
            model=type(model).__name__,
        )
    if rung is not None:
        raise SpecError(
            "rung={rung!r} has no meaning for a {model}.",
            "Leave it out.",
            rung=rung,
            model=type(model).__name__,
        )
    return _of_estimator(model, row, target, learning_rate)


def explain_table_row(
    model: Model,
    data: Any,
    number: int,
    target: Any = None,
    *,
    rung: str | None = None,
    learning_rate: float | None = None,
    reading: ReadingOptions = PLAINLY,
) -> StepExplanation:
    """Do what `explain_step` does for a row of a table; columns unknown to the model are left out.

    Parameters
    ----------
    data : path, address or table
        What ``predict`` takes.
    number : int
        The row's number, counted from 1.
    target : number or label, optional
        The row's true value, in place of the table's.
    rung, learning_rate
        As in `explain_step`.
    reading : ReadingOptions
        Which table of a workbook or a database, and how a text is written.

    Raises
    ------
    SpecError
        The table has no such row. `explain_step` raises further errors.
    """
    fitted = model.fitted
    _explained_rung(fitted, rung)  # raises if there is none, before anything is read
    with table_rows(data, fitted, reading) as rows:
        table = rows.take([number])
    known = [column.name for column in fitted.schema.columns]
    table = replace(
        table, frame=table.frame.select(name for name in table.frame.columns if name in known)
    )
    with np.errstate(all="ignore"):
        return _of_model(fitted, table, target, rung, learning_rate, number)


def _of_model(
    fitted: Fitted,
    row: Any,
    target: Any,
    name: str | None,
    learning_rate: float | None,
    number: int | None = None,
) -> StepExplanation:
    rung, network, layer = _explained_rung(fitted, name)
    row = _encoded(fitted, row, target, number)
    inputs = layer(row.design.arrays, dtype=np.float64)
    learned = (
        row.truth if rung.target_scale is None else float(rung.target_scale.forward(row.truth))
    )
    problem = Problem(network, rung.learned_by, L2(float(rung.settings.get("alpha", 0.0))))
    return StepExplanation(
        study.explain_step(
            rung.params,
            problem,
            inputs,
            learned,
            learning_rate=learning_rate,
            names=_names(fitted, rung, inputs, row, learned),
            seed=fitted.spec.seed,
        )
    )


def _explained_rung(fitted: Fitted, name: str | None) -> tuple[Rung, Network, InputLayer]:
    """Return the named rung, or the last one that is a single network, and its parts.

    Raises
    ------
    SpecError
        The rung has no layers to show, or there is no such rung.
    """
    rung = fitted.rung(name)
    if name is None and rung.network.single is None:
        rung = _one_network(fitted) or rung
    others = say(
        "Choose another model: {rungs}.",
        rungs=quoted(name for name in fitted.rungs if name != rung.name),
    )
    if rung.input_layer is None:
        raise SpecError(say("The baseline has no inputs, and nothing to pass back."), others)
    if rung.learned_by.one_score:
        raise SpecError(
            "A step of ordered classes is held to one score, and not shown number by number.",
            "Fit without the order to see a step.",
        )
    network = rung.network.single
    if network is None:
        raise SpecError(say(rung.network.without_steps), others)
    return rung, network, rung.input_layer


def _one_network(fitted: Fitted) -> Rung | None:
    """Return the last rung that is a single network and looks at columns."""
    rungs = [
        rung
        for rung in fitted.rungs.values()
        if rung.input_layer is not None and rung.network.single is not None
    ]
    return rungs[-1] if rungs else None


class _Row(NamedTuple):
    """A row as the model's schema reads it."""

    title: str
    values: dict[str, Any]
    design: Design
    truth: Any


def _encoded(fitted: Fitted, row: Any, target: Any, number: int | None) -> _Row:
    """Pass one row through the schema and the encoder; ``number`` is its number in a table."""
    schema, table = fitted.schema, read(row)
    assert schema.target is not None
    name = schema.target.name
    if len(table.frame) != 1:
        raise ShapeError(
            say_plural(
                "{source} has {count:,} row.",
                "{source} has {count:,} rows.",
                len(table.frame),
                source=table.source,
            ),
            say("Give one row, as a dict."),
        )
    if target is not None:
        table = replace(table, frame=table.frame.with_columns(pl.Series(name, [target])))
    elif name not in table.frame.columns:
        raise TargetError(
            "The row has no {name!r}, which is the target.",
            "Add it to the row, or give target= (--target-value); without the truth there is "
            "no loss.",
            name=name,
        )
    known = [column.name for column in schema.columns]
    unknown = [column for column in table.frame.columns if column not in known]
    if unknown:
        raise ColumnError(
            say(
                "The model does not know the column {columns}.",
                columns=quoted(unknown, SHOWN_NAMES),
            ),
            nearest(unknown[0], known),
        )
    checked = check(table, schema, encoder=fitted.encoder, require_target=True)
    if number is not None:
        checked = replace(checked, numbers=np.array([number - 1]))
    truth = target_values(checked)[0]
    if np.isnan(truth) or (schema.target.classes and truth < 0):
        raise TargetError(
            say("The row has no usable value of the target {name!r}.", name=name),
            say("Give one of {classes}.", classes=quoted(schema.target.classes, SHOWN_NAMES))
            if schema.target.classes
            else say("Give a number."),
        )
    title = say("One row")
    if number is not None:
        title = say("Row {number:,} of {source}", number=number, source=table.source)
    values = checked.frame.row(0, named=True)
    return _Row(title, values, fitted.encoder.transform(checked.frame), truth)


def _names(fitted: Fitted, rung: Rung, inputs: Mapping[str, Any], row: _Row, learned: Any) -> Names:
    """Name the inputs that the network gets from the row, and say how they were made."""
    layout, layer, target = fitted.encoder.layout, rung.input_layer, fitted.schema.target
    assert layer is not None
    assert target is not None
    names, sources = layer.columns(layout)
    embedded = layer.embedded(layout)
    size = rung.network.embedding.size if rung.network.embedding else 0
    names += [f"{source}[{k + 1}]" for source in embedded for k in range(size)]
    sources += [source for source in embedded for _ in range(size)]
    given = _given(fitted, row.values)
    shown = tuple(given.get(source, "") for source in sources)
    remarks = [_of_the_row(target.name, rung.name, embedded=bool(embedded))]
    scale = rung.target_scale
    if rung.class_weight is not None:
        remarks.append(
            say(
                "The fit weighted each row by its class; here the single row counts once. The "
                "probabilities are those for equally common classes; predict_proba brings them "
                "back to the class shares in the table."
            )
        )
    for step in rung.calibration:
        remarks.append(
            say(
                "Probabilities are those of the network itself; predict_proba calibrates them "
                "({step}).",
                step=say(step.title),
            )
        )
    if scale is None:
        outputs = tuple(map(str, target.classes))
        return Names(tuple(names), outputs, tuple(remarks), shown, row.title)
    unit = f"log {target.name}" if scale.log else target.name
    logits = rung.network.forward(rung.params, inputs)
    value = rung.prediction(logits).value[0]
    remarks.append(
        say(
            "The target is learned in standard units, y = ({unit} − {centre}) / "
            "{scale}: {truth} is y = {learned}, and the prediction ŷ = {logit} is "
            "{prediction}.",
            unit=unit,
            centre=figure(scale.centre),
            scale=figure(scale.scale),
            truth=number(row.truth),
            learned=figure(learned),
            logit=figure(logits[0, 0]),
            prediction=figure(value),
        )
    )
    return Names(tuple(names), ("ŷ",), tuple(remarks), shown, row.title)


def _given(fitted: Fitted, values: Mapping[str, Any]) -> dict[str, str]:
    """Write what the row holds in each column, but not whole texts, whose words are columns."""
    columns = [column.name for column in fitted.schema.features if column.traits.has_domain]
    return {name: _written(values[name]) for name in columns}


def _written(value: Any) -> str:
    if value is None:
        return say("missing")
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    return f"{value:.10g}" if isinstance(value, float) else shortened(value)


def _of_the_row(target: str, rung: str, *, embedded: bool) -> str:
    if embedded:
        return say(
            "{target} by the model {rung!r}. z₀ is the row as the network sees it: numbers centred "
            "and scaled, levels as columns of their own, or, in brackets, as learned vectors.",
            target=target,
            rung=rung,
        )
    return say(
        "{target} by the model {rung!r}. z₀ is the row as the network sees it: numbers centred and "
        "scaled, levels as columns of their own.",
        target=target,
        rung=rung,
    )


def _of_estimator(
    model: Estimator, row: Any, target: Any, learning_rate: float | None
) -> StepExplanation:
    if not hasattr(model, "n_iter_"):
        raise SpecError(
            "This {model} is not fitted.", "Call fit first.", model=type(model).__name__
        )
    if target is None:
        raise TargetError(
            "The target of the row is missing.", "Give target=; without the truth there is no loss."
        )
    problem, classes = _problem(model), getattr(model, "classes_", None)
    known, network = getattr(model, "feature_names_in_", None), problem.network
    columns = [f"x{k + 1}" for k in range(network.inputs)] if known is None else known
    outputs = output_names(problem.loss, network.outputs) if classes is None else classes
    values = row if known is None else _in_order(row, [str(name) for name in known])
    return StepExplanation(
        study.explain_step(
            _params(model),
            problem,
            of_matrix(_numbers(values, network.inputs)),
            _number(target) if classes is None else _code(target, classes),
            learning_rate=learning_rate,
            names=Names(tuple(map(str, columns)), tuple(map(str, outputs)), _remarks(model)),
        )
    )


def _problem(model: Estimator) -> Problem:
    """Return the problem that the estimator solved, with the penalty at the alpha that was used."""
    if isinstance(model, MLPRegressor | MLPClassifier):
        return model._fitted_problem
    return model._problem


def _remarks(model: Estimator) -> tuple[str, ...]:
    if getattr(model, "class_weight", None) is None:
        return ()
    return (say("The fit weighted each row by its class; here the single row counts once."),)


def _in_order(row: Any, names: list[str]) -> Any:
    """Return the values of a dict, a frame or a series by name, in the order of the fit.

    A row without names is returned unchanged.
    """
    keys = getattr(row, "columns", None)
    if keys is None:
        keys = row.keys() if hasattr(row, "keys") else ()
    keys = list(keys)
    if not any(isinstance(key, str) for key in keys):
        return row
    unknown = [key for key in keys if key not in names]
    if unknown:
        raise ColumnError(
            say(
                "The model does not know the column {columns}.",
                columns=quoted(unknown, SHOWN_NAMES),
            ),
            nearest(str(unknown[0]), names),
        )
    missing = [name for name in names if name not in keys]
    if missing:
        raise SchemaError(
            "The row lacks the column {columns}.",
            "Give all columns that the model was fitted on.",
            columns=quoted(missing, SHOWN_NAMES),
        )
    return np.column_stack([np.atleast_1d(np.asarray(row[name])) for name in names])


def _params(model: Estimator) -> Params:
    """Return a fitted estimator's parameters in the form of a network's."""
    if isinstance(model, MLPRegressor | MLPClassifier):
        pairs = zip(model.coefs_, model.intercepts_, strict=True)
        return {"layers": [{"weight": weight, "bias": bias} for weight, bias in pairs]}
    layer = {"weight": np.atleast_2d(model.coef_).T}
    if model._problem.network.intercept:
        layer["bias"] = np.atleast_1d(model.intercept_)
    return {"layers": [layer]}


def _numbers(row: Any, columns: int) -> np.ndarray:
    """Return a row as [1, d]."""
    try:
        values = np.asarray(row, np.float64)
    except (TypeError, ValueError):
        raise ShapeError(
            say("The row is not an array of numbers."),
            say_plural("Give {count:,} number.", "Give {count:,} numbers.", columns),
        ) from None
    if values.shape not in ((columns,), (1, columns)):
        raise ShapeError(
            say(
                "The row has shape {shape}, but the model takes one of shape ({columns},).",
                shape=values.shape,
                columns=columns,
            ),
            say_plural(
                "Give {count:,} number, in the order of the columns of X.",
                "Give {count:,} numbers, in the order of the columns of X.",
                columns,
            ),
        )
    return values.reshape(1, columns)


def _number(target: Any) -> float:
    if not isinstance(target, int | float | np.number):
        raise TargetError(
            "The target {target!r} is not a number.", "Give the number of this row.", target=target
        )
    return float(target)


def _code(label: Any, classes: np.ndarray) -> int:
    places = np.flatnonzero(classes == label)
    if len(places) != 1:
        raise TargetError(
            "The target {label!r} is none of the model's classes.",
            "Give one of {classes}.",
            label=label,
            classes=quoted(classes.tolist(), SHOWN_NAMES),
        )
    return int(places[0])
