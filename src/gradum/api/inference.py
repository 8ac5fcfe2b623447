"""``gradum.infer``: from a table to a regression table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import structs

from gradum.api.offset import Offset
from gradum.core.losses import learned_loss, resolve
from gradum.errors import SpecError
from gradum.messages import listed, marked, say
from gradum.run.dataset import Dataset, labelled
from gradum.run.options.option_values import read_names
from gradum.run.options.options import make_overrides, make_reading
from gradum.run.run import Run
from gradum.show.answers.inference import Summary
from gradum.show.words.words import column_kind
from gradum.study.inference.infer import infer as infer_coefficients
from gradum.study.inference.reference_coding import reference_coded
from gradum.study.inference.regression import imputation
from gradum.tables.columns import Column
from gradum.tables.doubts.totals import without_totals
from gradum.tables.encode import Encoder
from gradum.tables.schema.schema import Schema
from gradum.tables.schema.schema import infer as infer_schema
from gradum.tables.sources.read import read
from gradum.tables.wording import SHOWN_NAMES

if TYPE_CHECKING:
    from gradum.questions.subject import Subject

WHICH = marked(
    "Say weights='frequency' (--weights frequency) if a row of weight w stands for w equal rows, "
    "and weights='precision' (--weights precision) if it is one row, together with "
    "covariance='robust' (--covariance robust) for weights of sampling or importance."
)


def infer(
    data: Any,
    target: str,
    *,
    task: str | None = None,
    loss: str | None = None,
    weight: str | None = None,
    weights: str | None = None,
    covariance: str = "classical",
    group: str | None = None,
    offset: str | None = None,
    exposure: str | None = None,
    level: float = 0.95,
    alpha: float = 0.0,
    schema: Schema | None = None,
    numeric: Sequence[str] = (),
    categorical: Sequence[str] = (),
    text: Sequence[str] = (),
    date: Sequence[str] = (),
    drop: Sequence[str] = (),
    fold_case: Sequence[str] = (),
    sheet: str | None = None,
    query: str | None = None,
    encoding: str | None = None,
    skip_rows: int | None = None,
    keep_totals: bool | None = None,
) -> Summary:
    """Fit a linear model to all rows of a table and return its regression table.

    Numbers enter unchanged; each level of a column of categories is compared with the commonest
    level; columns of text, and columns with more than 50 levels, are left out. No row is held out:
    `gradum.fit` says how well such a model predicts.

    Parameters
    ----------
    data : path, data frame, dict of columns, array or list of dicts
        The table, as for `gradum.fit`.
    target : str
        The column to explain.
    task : str, optional
        "regression", "binary", "multiclass" or "classification"; recognised if not given.
    loss : str, optional
        "squared_error" (the default for a number), "log_loss" (for classes), "poisson" or "gamma"
        (both with a logarithmic link).
    weight : str, optional
        A column of weights; rows of weight 0 are left out.
    weights : {"frequency", "precision"}, optional
        Whether a weight w stands for w equal rows ("frequency") or belongs to a single row
        ("precision"), either as 1 / w of the variance or as importance, for which only robust
        standard errors are valid. It must be given if there is a column of weights, since the two
        results may differ greatly.
    covariance : {"classical", "robust", "HC0", "HC1", "HC2", "HC3"}
        The covariance of the estimates; all but classical are robust to unequal variances.
        ``robust`` is HC3, or HC1 for more than two classes.
    group : str, optional
        A column whose equal values mark rows that depend on each other: the standard errors are
        then cluster-robust.
    offset : str, optional
        A column that is added to what the model predicts (on the logarithmic or log-odds scale, if
        there is one), with a fixed coefficient of 1.
    exposure : str, optional
        A column of positive numbers, such as times under observation, whose logarithm is the
        offset: counts or amounts per unit of exposure are modelled. For Poisson and gamma.
    level : float
        The level of the intervals.
    alpha : float
        Strength of an L2 penalty, as in `gradum.LinearRegression`. Without a penalty, a level or an
        indicator that predicts a class without error is left out, with its rows.
    schema : Schema, optional
        An edited schema, in place of the inferred one.
    numeric, categorical, text, date, drop : str or sequence of str
        Columns to take as such, or to leave out.
    fold_case : str or sequence of str
        Columns whose levels are one if they differ in upper and lower case alone.
    sheet, query : str, optional
        The table of a workbook or a database, as for `gradum.fit`.
    encoding : str, optional
        The encoding of a text file.
    skip_rows : int, optional
        Lines of a CSV file above its header.
    keep_totals : bool, optional
        Whether rows of totals, which add up other rows, are rows like others.

    Returns
    -------
    Summary
        It displays itself; ``summary.frame`` has one row per coefficient, ``summary.inference``
        every figure.

    Raises
    ------
    GradumError
        The table, the target or an option cannot be used; the message says what to do.
    """
    given = Offset.of(offset, exposure, target)
    overrides = make_overrides(
        numeric=(*read_names(numeric), *(() if given is None else (given.column,))),
        categorical=categorical,
        text=text,
        date=date,
        drop=drop,
        fold_case=fold_case,
        weight=weight,
        group=group,
    )
    reading = make_reading(
        sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows, keep_totals=keep_totals
    )
    table = without_totals(read(data, reading))
    understand = partial(infer_schema, table, target=target, task=task, overrides=overrides)
    if given is None:
        schema = schema or understand()
    else:
        schema = given.set_aside(schema or given.insisted(understand))
    if schema.weight is not None and weights is None:
        raise SpecError(
            say("It is not said what a weight in {weight!r} means.", weight=schema.weight),
            say(WHICH),
        )
    dataset = labelled(table, schema, also=() if given is None else (given.column,))
    return _summary(
        dataset,
        Encoder.fit(dataset.frame, schema),
        loss,
        given,
        weights=weights,
        covariance=covariance,
        level=level,
        alpha=alpha,
    )


def inference(self: Subject, **options: Any) -> Summary:
    """Return the regression table of an unpenalised linear model of the run's rows.

    All rows count, including those that judge; ``options`` are ``loss``, ``covariance``,
    ``weights``, ``level`` and ``alpha`` of `gradum.infer`. Unless the options say otherwise, a
    weight belongs to one row, and standard errors are then robust.

    Raises
    ------
    SpecError
        The model was loaded, and has no rows at hand; or an option makes no sense.
    """
    if self.run is None:
        raise SpecError("A loaded model has no rows at hand.", "Use gradum.infer on its table.")
    return infer_run(self.run, **options)


def infer_run(
    run: Run, *, loss: str | None = None, weights: str = "precision", **options: Any
) -> Summary:
    """Return the regression table of all rows of a run, with its columns understood as in the run.

    ``options`` are those of `infer`: ``covariance``, ``level``, ``alpha``. Unless ``weights`` says
    otherwise, a weight belongs to one row, as in the run, and standard errors are then robust.
    """
    dataset = run.dataset
    if dataset.schema.weight is not None:
        options = {"covariance": "robust", **options}
    if dataset.drawn_from is not None:
        raise SpecError(
            "Of the run's {drawn_from:,} rows only {held:,} are in memory.",
            "Use gradum.infer on a part of the table.",
            drawn_from=dataset.drawn_from,
            held=len(dataset),
        )
    encoder = Encoder.fit(dataset.frame, dataset.schema)
    return _summary(dataset, encoder, loss, None, weights=weights, **options)


def _summary(
    dataset: Dataset, encoder: Encoder, loss: str | None, given: Offset | None, **options: Any
) -> Summary:
    assert dataset.schema.target is not None
    classes = dataset.classes
    chosen = resolve(loss or learned_loss(len(classes) or None))
    if (chosen.link == "logit") != bool(classes):
        raise SpecError(
            _other_target(chosen.name, dataset.schema.target.name, classes=bool(classes)),
            say("Choose another loss, or say what the target is with task."),
        )
    rows = dataset.rows(encoder)
    coded = reference_coded(encoder.transform(dataset.frame), rows.weight)
    inference = infer_coefficients(
        coded.matrix,
        rows.target,
        chosen,
        names=coded.names,
        weight=None if dataset.schema.weight is None else rows.weight,
        groups=rows.groups,
        target_name=dataset.schema.target.name,
        classes=classes,
        numbers=dataset.numbers + 1,
        offset=None if given is None else given.values(dataset, chosen),
        **options,
    )
    sentences = (
        *_unused(dataset.schema, given),
        *(() if given is None else (given.sentence,)),
        *coded.sentences,
        *imputation(encoder),
        *inference.sentences,
    )
    inference = structs.replace(inference, references=coded.references, sentences=sentences)
    return Summary(inference, dataset.remarks)


def _unused(schema: Schema, given: Offset | None) -> tuple[str, ...]:
    """Name the columns that are not features, and what they were taken for."""
    unused = [column for column in schema.columns if column.role == "unused"]
    unused = [column for column in unused if given is None or column.name != given.column]
    if not unused:
        return ()
    named = listed([_with_kind(column) for column in unused[:SHOWN_NAMES]])
    more = len(unused) - SHOWN_NAMES
    if more > 0:
        return (say("Not used: {columns} and {more:,} more.", columns=named, more=more),)
    return (say("Not used: {columns}.", columns=named),)


def _with_kind(column: Column) -> str:
    return say("{column!r} ({kind})", column=column.name, kind=column_kind(column.kind))


def _other_target(loss: str, target: str, *, classes: bool) -> str:
    if classes:
        return say(
            "The loss {loss} does not fit the target {target!r}, which is classes.",
            loss=loss,
            target=target,
        )
    return say(
        "The loss {loss} does not fit the target {target!r}, which is a number.",
        loss=loss,
        target=target,
    )
