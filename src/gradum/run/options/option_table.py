"""The table of options: `gradum.fit` takes them as keywords, ``gradum fit`` as options.

An entry gives an option's name, what it takes, where its value goes in the spec, and its
description. The command line, the signature and the docstring of `gradum.fit`, the spec and the
command that repeats a run are derived from the entries; a type checker and an editor read them as
they are.

The program reads the annotations too, so this file does without postponed evaluation. Types from
files that take long to import are quoted, because ``gradum --help`` reads this table.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict, get_args

from gradum.messages import marked
from gradum.run.options.option_values import (
    ZERO_FOLDS,
    ZERO_STEPS,
    but_zero,
    read_cost,
    read_encoding,
    read_monotone,
    read_names,
    read_order,
    read_size,
    write_cost,
    write_order,
)
from gradum.rungs.names import ModelName
from gradum.rungs.option import Option
from gradum.rungs.options import RungOptions, RungSettings

if TYPE_CHECKING:
    from gradum.run.spec.spec import Cost, SplitSpec
    from gradum.rungs.rung_spec import Effort
    from gradum.tables.columns import Task
    from gradum.tables.schema.schema import Schema

Columns = str | Iterable[str] | None


def either(names: Sequence[str]) -> str:
    """Return ``a, b or c`` for the help."""
    return f"{', '.join(names[:-1])} or {names[-1]}"


column_names = partial(Option, metavar="COL", read=read_names)


class FirstOptions(TypedDict, total=False):
    """What is fitted, and by what it learns."""

    model: Annotated[
        ModelName, Option("model", f"{either(get_args(ModelName))}.", "NAME", default="ladder")
    ]
    effort: Annotated[
        "Effort",
        Option(
            "effort",
            "How large a network ensemble is trained: quick, standard or best. Default: standard.",
            "HOW",
            default="standard",
        ),
    ]
    time_limit: Annotated[
        float | None,
        Option(
            "time_limit",
            "Stop fitting and judging after this time, and use what there is by then; the report "
            "comes afterwards. The result then depends on the clock.",
            "SECONDS",
        ),
    ]
    task: Annotated["Task | None", Option("task", "regression, binary or multiclass.", "TASK")]
    loss: Annotated[
        str | None,
        Option(
            "loss",
            "What models learn by: poisson, gamma, tweedie:1.5, quantile:0.9, absolute_error or "
            "huber:1. Default: squared_error; for classes log_loss.",
            "LOSS",
        ),
    ]
    ordered: Annotated[
        "str | Sequence[str] | None",
        Option(
            "ordered",
            "The classes of the target from the lowest up: models learn one score and the "
            "thresholds between them.",
            "ORDER",
            read=read_order,
            write=write_order,
        ),
    ]
    metric: Annotated[
        str | None,
        Option(
            "metric",
            "The metric by which the verdict compares models and the network ensemble is chosen.",
            "NAME",
        ),
    ]


class Reading(TypedDict, total=False):
    """How a table is read."""

    sheet: Annotated[
        str | None,
        Option(
            "reading.sheet", "The sheet of a workbook, or train of arrays called …_train.", "NAME"
        ),
    ]
    query: Annotated[
        str | None, Option("reading.query", "The rows of a database: one SELECT statement.", "SQL")
    ]
    encoding: Annotated[
        str | None,
        Option(
            "reading.encoding",
            "What a text file is written in, such as GB18030. Default: recognised.",
            "NAME",
            read=read_encoding,
        ),
    ]
    skip_rows: Annotated[
        int | None,
        Option(
            "reading.skip_rows", "Lines of a CSV file above its header. Default: recognised.", "N"
        ),
    ]
    keep_totals: Annotated[
        bool,
        Option(
            "reading.keep_totals",
            "Take rows of totals, which add up other rows, as rows like others. Default: they are "
            "left out.",
            default=False,
        ),
    ]


class JudgingOptions(TypedDict, total=False):
    """Which rows judge, and beside whom."""

    test: Annotated[Any, Option(None, "Judge on the rows of this file.", "TABLE")]
    cv: Annotated[
        int | None,
        Option("split.folds", "Judge by K-fold cross-validation.", "K", read=but_zero(ZERO_FOLDS)),
    ]
    against: Annotated[
        Columns | Any,
        Option(
            None,
            "Judge lightgbm, xgboost, catboost or module:Estimator on the same rows, or "
            "statsforecast beside a forecast; can be given several times.",
            "RIVAL",
        ),
    ]


class ColumnOptions(TypedDict, total=False):
    """What columns are."""

    numeric: Annotated[Columns, column_names("overrides.numeric", "Take COL as a number.")]
    categorical: Annotated[
        Columns, column_names("overrides.categorical", "Take COL as categories.")
    ]
    text: Annotated[Columns, column_names("overrides.text", "Take COL as free text.")]
    date: Annotated[Columns, column_names("overrides.date", "Take COL as a date or time.")]
    time_of_day: Annotated[
        Columns, column_names("overrides.time_of_day", "Take COL as a time of day.")
    ]
    drop: Annotated[Columns, column_names("overrides.drop", "Leave COL out.")]
    missing: Annotated[
        Columns,
        Option(
            "overrides.missing",
            "Take VALUE as missing, in every column; can be given several times.",
            "VALUE",
            read=read_names,
        ),
    ]
    keep_case: Annotated[
        bool,
        Option(
            "overrides.keep_case",
            "Keep classes apart that differ only in upper and lower case. Default: they are one.",
            default=False,
        ),
    ]
    fold_case: Annotated[
        Columns,
        column_names(
            "overrides.fold_case",
            "Take levels of COL that differ only in upper and lower case as one.",
        ),
    ]
    weight: Annotated[str | None, Option("overrides.weight", "Weigh each row by COL.", "COL")]
    exposure: Annotated[
        str | None,
        Option(
            "overrides.exposure",
            "Learn the target per unit of COL, as claims per year; rows of more weigh more.",
            "COL",
        ),
    ]
    group: Annotated[
        str | None,
        Option("overrides.group", "Keep rows of equal COL on one side of a split.", "COL"),
    ]
    time: Annotated[
        str | None,
        Option("overrides.time", "Train on the past of COL, judge on its future.", "COL"),
    ]
    schema: Annotated["Schema | None", Option(None, "An edited schema.json.", "FILE")]


class ForecastOptions(TypedDict, total=False):
    """What is forecast."""

    horizon: Annotated[
        int | None,
        Option(
            "forecast.horizon",
            "Forecast the target N steps ahead, from its past; --time names the stamps.",
            "N",
            read=but_zero(ZERO_STEPS),
        ),
    ]
    series: Annotated[
        Columns, column_names("forecast.series", "In a forecast, each value of COL is a series.")
    ]
    known: Annotated[
        Columns, column_names("forecast.known", "In a forecast, COL is known beforehand.")
    ]
    holidays: Annotated[
        str | None,
        Option(
            "forecast.holidays",
            "In a forecast, learn what public holidays do: of DE, say, or of DE-BY.",
            "COUNTRY",
        ),
    ]


class TargetOptions(TypedDict, total=False):
    """What is learned of the target."""

    class_weight: Annotated[
        Literal["balanced"] | None,
        Option(
            "class_weight",
            "balanced: rare classes are learned and labelled as if all were equally common; "
            "probabilities stay the table's.",
            "HOW",
        ),
    ]
    drop_rare_classes: Annotated[
        bool,
        Option(
            "drop_rare_classes",
            "Leave out rows of classes with fewer than 3 rows, and say so.",
            default=False,
        ),
    ]
    drop_duplicates: Annotated[
        bool,
        Option(
            "drop_duplicates",
            "Keep the first of rows that are equal in every column used, and say how many go.",
            default=False,
        ),
    ]
    log_target: Annotated[
        bool, Option("log_target", "Learn the logarithm of a positive target.", default=False)
    ]
    monotone: Annotated[
        str | Iterable[str] | Mapping[str, str | int] | None,
        Option(
            "monotone",
            "As COL rises, let no prediction fall (age+) or rise (age-): a number, or the "
            "probability of the second class.",
            "COL+",
            read=read_monotone,
        ),
    ]
    refit: Annotated[
        bool,
        Option("refit", "After the verdict, refit the model in use on all rows.", default=False),
    ]


class ReportOptions(TypedDict, total=False):
    """What is reported."""

    slices: Annotated[
        Columns, column_names("report.slices", "Score by the values of COL.", flag="slice")
    ]
    cost: Annotated[
        "str | Mapping[str, float] | Cost | None",
        Option(
            "report.cost",
            "Find the threshold at which mistakes cost least.",
            "FP=1,FN=5",
            read=read_cost,
            write=write_cost,
        ),
    ]
    rows: Annotated[
        bool,
        Option(
            "report.rows",
            "Whether the report may show single rows. A model file names levels either way, also "
            "those that only one row has.",
            default=True,
        ),
    ]
    explain: Annotated[
        bool,
        Option(
            "report.explain",
            "Whether the report tells what each column adds to the answers.",
            default=True,
        ),
    ]
    learning_curve: Annotated[
        bool | None,
        Option(
            "report.learning_curve",
            "Estimate what more rows would bring. Default: if a quarter of the fit's time is "
            "enough.",
        ),
    ]
    refits: Annotated[
        int | None,
        Option(
            "report.refit_count",
            "Draw the table anew so many times and learn again, to tell how much scores, answers "
            "and explanations move, such as 20.",
            "N",
        ),
    ]
    what_if: Annotated[
        bool,
        Option(
            "report.what_if",
            "Add a form for one row to the report, whose answer changes as one types, offline. "
            "What the model knows of levels and words is then in the page.",
            default=False,
        ),
    ]
    interval_by: Annotated[
        str | None,
        Option("interval_by", "Make the coverage of intervals hold for each value of COL.", "COL"),
    ]


class SizeOptions(TypedDict, total=False):
    """How a large table is read and shared out."""

    max_memory: Annotated[
        int | str | None,
        Option(
            "max_memory",
            "Read a table that takes more, such as 2GB, in blocks. Default: half of the free.",
            "SIZE",
            read=read_size,
        ),
    ]
    blocks: Annotated[
        bool | None,
        Option(
            "blocks",
            "Read the table in blocks, or as a whole. Default: as --max-memory demands.",
            write=lambda blocks: blocks or None,  # False is a run's own decision
        ),
    ]
    on: Annotated[
        str | Any,
        Option(
            None,
            "Let an engine do the tasks that the work divides into: local:4 (processes), ray, "
            "ray://HOST:10001 or dask://HOST:8786.",
            "ENGINE",
        ),
    ]


class SeedOption(TypedDict, total=False):
    """The option that decides all randomness."""

    seed: Annotated[int, Option("seed", "Decides every random choice.", "N", default=0)]


class Options(
    FirstOptions,
    Reading,
    JudgingOptions,
    ColumnOptions,
    ForecastOptions,
    TargetOptions,
    ReportOptions,
    SizeOptions,
    RungOptions,
    SeedOption,
    RungSettings,
    total=False,
):
    """All options of a fit, in the order of the help."""

    split: Annotated[
        "SplitSpec | Mapping[str, Any] | None",
        Option("split", "Which rows judge.", "SplitSpec", on_command_line=False),
    ]


OPTIONS: dict[str, Option] = {
    name: hint.__metadata__[0] for name, hint in Options.__annotations__.items()
}
TYPES: dict[str, Any] = {  # as text if a name is not imported
    name: getattr(hint.__origin__, "__forward_arg__", hint.__origin__)
    for name, hint in Options.__annotations__.items()
}
READING = tuple(Reading.__annotations__)
HEADINGS: dict[str, str] = {
    name: heading
    for heading, options in (
        (marked("Learning"), FirstOptions),
        (marked("Reading the table"), Reading),
        (marked("Judging"), JudgingOptions),
        (marked("Columns"), ColumnOptions),
        (marked("Forecasts"), ForecastOptions),
        (marked("Learning"), TargetOptions),
        (marked("The report"), ReportOptions),
        (marked("Large tables"), SizeOptions),
        (marked("The MLP"), RungOptions),
    )
    for name in options.__annotations__
}
"""Option -> the heading under which the help shows it."""
OVERRIDES = tuple(
    name for name, option in OPTIONS.items() if (option.field or "").startswith("overrides.")
)

OF_SOLVERS = (
    "sheet",
    "query",
    "encoding",
    "skip_rows",
    "keep_totals",
    "task",
    "metric",
    "test",
    "numeric",
    "categorical",
    "text",
    "date",
    "time_of_day",
    "drop",
    "weight",
    "group",
    "time",
    "class_weight",
    "log_target",
    *(name for name in RungOptions.__annotations__ if name != "solver"),
    "seed",
)
"""The options that affect a comparison of solvers."""


def flag(name: str) -> str:
    """Return the name of an option on the command line, without its dashes."""
    return OPTIONS[name].flag or name.replace("_", "-")


def signature_with_options(function: Callable, types: Mapping[str, Any]) -> inspect.Signature:
    """Return a function's signature with ``**options`` replaced by the single options.

    They come before the function's own keyword-only parameters, with the given types.
    """
    signature = inspect.signature(function, eval_str=True)
    parameters = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.kind != parameter.VAR_KEYWORD
    ]
    place = sum(parameter.kind != parameter.KEYWORD_ONLY for parameter in parameters)
    parameters[place:place] = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=OPTIONS[name].default,
            annotation=annotation,
        )
        for name, annotation in types.items()
    ]
    return signature.replace(parameters=parameters)
