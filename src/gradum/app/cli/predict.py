"""``gradum predict``: a model's predictions for a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from gradum.app.cli import options
from gradum.app.cli.console import load_model, write, write_json
from gradum.app.cli.waiting import waiting
from gradum.errors import SpecError
from gradum.messages import say, say_plural
from gradum.run.options.option_table import READING

if TYPE_CHECKING:
    import polars as pl

    from gradum.api.model import Model
    from gradum.engines.engine import Engine
    from gradum.run.fitted import Fitted
    from gradum.run.intervals.distribution_columns import DistributionColumns
    from gradum.run.intervals.predictor import ConformalPredictor
    from gradum.run.predicting import Added
    from gradum.ship.predicted_parts import Parts
    from gradum.tables.check.differences import Difference
    from gradum.tables.doubts.totals import TotalRows

    Blocks = Iterable[tuple[pl.DataFrame, pl.DataFrame]]


DEFAULT = Path("predictions.parquet")


@options.taking(*READING, "max_memory")
def command(
    model: options.Model,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="TABLE",
            help="The rows to predict. A forecast continues its series without one; later rows, "
            "and columns that are known beforehand, stand in one.",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="A .parquet or .csv file.")
    ] = DEFAULT,
    into: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            help="Keep the predictions in a table of the database that is read, in another "
            "(postgresql://… or a SQLite file, with --table), in a folder/ of Parquet files or in "
            "an .xlsx workbook. A repeat replaces what gradum wrote there.",
        ),
    ] = None,
    table: Annotated[
        str | None, typer.Option(metavar="NAME", help="The table of the database of --into.")
    ] = None,
    partition_by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COL", help="A folder of --into for each value of COL, kept or predicted."
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="COL", help="Copy COL from the table to the predictions."),
    ] = None,
    rung: options.Rung = None,
    interval: options.Interval = None,
    by_class: Annotated[
        bool | None,
        typer.Option(
            "--by-class/--no-by-class",
            help="Whether the share of --interval holds for each class by itself. Default: where "
            "classes are unequal.",
        ),
    ] = None,
    quantiles: Annotated[
        str | None,
        typer.Option(
            metavar="SHARES",
            help="Add quantiles of the predictive distribution, such as 0.1,0.5,0.9.",
        ),
    ] = None,
    beyond: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBERS",
            help="Add the probability of a target above each number, such as 250.",
        ),
    ] = None,
    on: options.On = None,
    *,
    force: options.Replace = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    **asked: Any,
) -> None:
    """Predict every row of a table, in order.

    Writes the predictions to a file or a database. For classes, these are labels and probabilities.
    If the fit balanced the classes, labels are chosen as if all classes were equally common;
    probabilities are still those of the table. With --interval, adds columns low and high, or set,
    and says what they guarantee; with --quantiles and --beyond, adds columns such as quantile_0.1
    and beyond_250.
    """
    from gradum.engines import engine_of
    from gradum.questions.rows.run_rows import trained_on
    from gradum.run.intervals.outside import OutsideColumn
    from gradum.run.memory.memory_bound import predicted_in_blocks
    from gradum.run.options.option_values import read_size
    from gradum.run.options.options import make_reading
    from gradum.tables.paths import files_of, is_address
    from gradum.tables.sources.open_stream import at_hand

    loaded = load_model(model)
    if loaded.fitted.spec.is_forecast:
        from gradum.app.cli.forecast import continued, refuse_options_of_rows

        refuse_options_of_rows(
            by_class, quantiles, beyond, keep, into, table, partition_by, on, asked["max_memory"]
        )
        reading = make_reading(**{name: asked[name] for name in READING})
        shown = {"as_json": as_json, "quiet": quiet}
        continued(loaded, data, reading, out, rung=rung, interval=interval, force=force, **shown)
        return
    if data is None:
        raise SpecError(
            "There is no table to predict.",
            "Give one; only a forecast (--horizon) goes on without.",
        )
    if on is not None and into is None:
        raise SpecError(
            "With --on, each partition's predictions are a file: --out holds one table.",
            "Give --into FOLDER/ in place of it.",
        )
    place = _place(data, out, into, table, partition_by or (), force=force)
    size = asked.pop("max_memory")
    most = None if size is None else read_size(size)
    fitted = loaded.fitted
    fitted.rung(rung)  # raises if there is none, before anything is read
    conformal = _conformal(loaded, interval, rung, by_class=by_class)
    distribution = _distribution(loaded, quantiles, beyond, rung)
    reading = make_reading(**asked)
    with (
        waiting(shown=not (as_json or quiet)),
        engine_of(on) as engine,
        at_hand(data, reading, place.scratch) as rows_read,
    ):
        in_blocks = engine is not None or predicted_in_blocks(fitted, rows_read, most)
        if in_blocks and conformal is not None:
            conformal = conformal.without_outcomes()
        added: list[Added] = [
            columns for columns in (conformal, distribution) if columns is not None
        ]
        if conformal is not None:
            added.append(OutsideColumn(fitted.encoder))
        predicting = _in_blocks if in_blocks else _at_once
        if engine is not None:
            predicting = partial(_in_parts, engine, (interval, by_class, quantiles, beyond))
        rows, differences, remarks = predicting(fitted, rows_read, place, keep or [], rung, added)
        again = None
        read_again = is_address(data) or files_of(data)  # not data from a pipe
        if loaded.folder is not None and read_again and (as_json or not quiet):
            again = trained_on(loaded.folder, fitted, rows_read)
    done = _Done(rows, place.name, differences, remarks, again)
    if as_json:
        write_json(_in_json(fitted.rung(rung).name, done, conformal, distribution))
    elif not quiet:
        _tell(fitted, fitted.rung(rung).name, done, conformal, distribution)


class _Done(NamedTuple):
    """What came of a table: how many rows, where they are, and what is to be said of them."""

    rows: int
    out: str
    differences: tuple[Difference, ...]
    remarks: tuple[str, ...]
    trained_on: Any


def _in_json(
    rung: str,
    done: _Done,
    conformal: ConformalPredictor | None,
    distribution: DistributionColumns | None,
) -> dict[str, Any]:
    return {
        "rows": done.rows,
        "rung": rung,
        "out": done.out,
        "trained_on": done.trained_on,
        "guarantee": None if conformal is None else conformal.statement,
        "distribution": None if distribution is None else distribution.sentence,
        "differences": [
            {"column": d.column, "kind": d.kind, "count": d.count, "sentence": d.sentence}
            for d in done.differences
        ],
    }


def _tell(
    fitted: Fitted,
    rung: str,
    done: _Done,
    conformal: ConformalPredictor | None,
    distribution: DistributionColumns | None,
) -> None:
    from gradum.run.intervals.outside import outside_in_words
    from gradum.run.judging.verdict import model_in_words
    from gradum.study.evaluation.run_rows import trained_on_sentence

    if fitted.interrupted:
        write(_note(say("The run was interrupted; the model is what was done by then.")))
    if done.trained_on:
        write(_note(trained_on_sentence(done.trained_on, done.rows, scored=False)))
    write(*(_note(sentence) for sentence in done.remarks))
    write(*(_note(difference.sentence) for difference in done.differences))
    write(
        say_plural(
            "{count:,} row predicted by {model}, written to {out}",
            "{count:,} rows predicted by {model}, written to {out}",
            done.rows,
            model=model_in_words(rung),
            out=done.out,
        )
    )
    if conformal is not None:
        write(conformal.statement.sentence)
        outside = outside_in_words(conformal.statement, fitted.encoder, done.differences)
        if outside:
            write(outside)
    if distribution is not None:
        write(distribution.sentence)


class _Place(NamedTuple):
    """Where predictions go: its name, a folder for copies, and what puts blocks or files there."""

    name: str
    scratch: Path | None
    put: Callable[[Blocks, Fitted], int]
    put_parts: Callable[[Parts, Fitted], None]


def _place(
    data: str,
    out: Path,
    into: str | None,
    table: str | None,
    partition_by: Sequence[str],
    *,
    force: bool,
) -> _Place:
    """Return where predictions go, if they may be written there."""
    if into is None:
        from gradum.files.atomic import check_writable
        from gradum.ship.prediction_files import check_format, write

        for option, value in (("--table", table), ("--partition-by", partition_by)):
            if value:
                raise SpecError(
                    "{option} needs --into, which is not given.",
                    "Give --into, or leave it out.",
                    option=option,
                )
        check_format(out, force=force)
        check_writable(out)
        return _Place(
            str(out),
            out.resolve().parent,
            lambda blocks, _: write(out, blocks, force=force),
            lambda *_: None,  # refused before
        )
    if out != DEFAULT:
        raise SpecError(
            "--out and --into name two places.", "Give one, and predict again for both."
        )
    from gradum.ship.destinations import destination
    from gradum.ship.destinations.destination import refuse_foreign, replace, replace_by

    place = destination(into, data, table=table, partition_by=tuple(partition_by))
    refuse_foreign(place, place.found())
    return _Place(
        str(place),
        place.scratch,
        lambda blocks, fitted: replace(
            place, blocks, model=fitted.provenance.fingerprint, force=force
        ),
        lambda parts, fitted: replace_by(
            place, parts.files, parts.rows, model=fitted.provenance.fingerprint, force=force
        ),
    )


def _conformal(
    model: Model, interval: float | None, rung: str | None, *, by_class: bool | None
) -> ConformalPredictor | None:
    """Return what makes intervals or sets, if --interval asks for them."""
    if interval is not None:
        from gradum.questions.rows.judges import conformal_of  # not needed for a plain prediction

        return conformal_of(model, interval, rung=rung, by_class=by_class)
    if by_class is not None:
        raise SpecError(
            "--by-class needs --interval, which is not given.",
            "Give --interval 0.9, or leave it out.",
        )
    return None


def _distribution(
    model: Model, quantiles: str | None, beyond: str | None, rung: str | None
) -> DistributionColumns | None:
    """Return the columns of distributions, if --quantiles or --beyond asks for any."""
    if quantiles is None and beyond is None:
        return None
    from gradum.questions.rows.judges import conformal_of
    from gradum.run.intervals.distribution_columns import DistributionColumns

    return DistributionColumns.of(conformal_of(model, rung=rung), quantiles, beyond)


def _note(sentence: str) -> str:
    return say("note: {sentence}", sentence=sentence)


def _at_once(
    fitted: Fitted,
    data: Any,
    place: _Place,
    keep: list[str],
    rung: str | None,
    added: Sequence[Added],
) -> tuple[int, tuple[Difference, ...], tuple[str, ...]]:
    from gradum.run.predicting import also_of, predict_typed, predicted_columns
    from gradum.ship.prediction_files import kept_columns
    from gradum.tables.check.check import check
    from gradum.tables.doubts.totals import totals_of
    from gradum.tables.sources.read import read

    table = read(data)
    kept = kept_columns(table, keep)
    checked = check(table, fitted.schema, encoder=fitted.encoder, also=also_of(added))
    prediction = predict_typed(fitted, checked.frame, rung=rung)
    frame = predicted_columns(fitted, checked, prediction, added)
    remarks = _remarks(totals_of(table))
    return place.put([(kept, frame)], fitted), checked.differences, remarks


def _in_blocks(
    fitted: Fitted,
    data: Any,
    place: _Place,
    keep: list[str],
    rung: str | None,
    added: Sequence[Added],
) -> tuple[int, tuple[Difference, ...], tuple[str, ...]]:
    """Predict a table that is read, and its predictions written, block by block."""
    from gradum.run.predicting import Streamed, also_of, predicted_columns
    from gradum.ship.prediction_files import kept_columns
    from gradum.tables.sources.open_stream import opened

    with opened(data, place.scratch) as rows:
        kept_columns(rows.head, keep)  # raises if there are no such columns
        predicted = Streamed(fitted, rows, rung, also_of(added))
        count = place.put(
            (
                (kept_columns(table, keep), predicted_columns(fitted, checked, prediction, added))
                for table, checked, prediction in predicted
            ),
            fitted,
        )
        return count, predicted.differences, _remarks(rows.total_rows())


def _in_parts(
    engine: Engine,
    asked: tuple[Any, ...],
    fitted: Fitted,
    data: Any,
    place: _Place,
    keep: list[str],
    rung: str | None,
    added: Sequence[Added],
) -> tuple[int, tuple[Difference, ...], tuple[str, ...]]:
    """Predict a table by tasks, each of which reads a partition and writes its predictions."""
    from gradum.ship.predicted_parts import PredictingParts, predicted_parts
    from gradum.ship.prediction_files import kept_columns
    from gradum.tables.sources.open_stream import opened

    with opened(data, place.scratch) as rows:
        kept_columns(rows.head, keep)  # raises if there are no such columns
        work = PredictingParts(fitted, rows, rung, tuple(keep), tuple(added), asked)
        with predicted_parts(work, engine, place.scratch) as parts:
            place.put_parts(parts, fitted)
            return parts.rows, parts.differences, _remarks(rows.total_rows())


def _remarks(totals: TotalRows | None) -> tuple[str, ...]:
    return () if totals is None else (totals.predicted,)
