"""``gradum predict`` of a forecast: each series goes on from its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gradum.app.cli.console import write, write_json
from gradum.app.cli.waiting import waiting
from gradum.errors import SpecError
from gradum.messages import say, say_plural

if TYPE_CHECKING:
    from gradum.api.model import Model
    from gradum.tables.formats.reading_options import ReadingOptions

COVERAGE = 0.9
OF_ROWS = (
    "by-class",
    "quantiles",
    "beyond",
    "keep",
    "into",
    "table",
    "partition-by",
    "on",
    "max-memory",
)


def refuse_options_of_rows(*values: object) -> None:
    """Refuse options that are for rows of a table, which a forecast has not.

    Raises
    ------
    SpecError
        One of them, in the order of `OF_ROWS`, is given.
    """
    for option, value in zip(OF_ROWS, values, strict=True):
        if value:
            raise SpecError(
                "--{option} is for rows of a table, not for a forecast.",
                "Leave it out.",
                option=option,
            )


def continued(
    model: Model,
    data: str | None,
    reading: ReadingOptions,
    out: Path,
    *,
    rung: str | None,
    interval: float | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the forecasts of a model to a file, and say what they promise."""
    from gradum.files.atomic import check_writable
    from gradum.questions.rows.judges import conformal_of
    from gradum.run.forecast.continued_series import ContinuedSeries
    from gradum.run.judging.verdict import model_in_words
    from gradum.ship.prediction_files import check_format, write_frame
    from gradum.tables.sources.open_stream import at_hand
    from gradum.tables.sources.read import read

    check_format(out, force=force)
    check_writable(out)
    fitted = model.fitted
    if interval is not None or fitted.guarantee is not None:
        conformal_of(model, interval or COVERAGE, rung=rung)  # raises before anything is read
    with waiting(shown=not (as_json or quiet)):
        if data is None:
            going_on = ContinuedSeries.of(fitted)
        else:
            with at_hand(data, reading, out.resolve().parent) as table:
                going_on = ContinuedSeries.of(fitted, read(table))
        frame = going_on.frame(interval or COVERAGE, rung)
    write_frame(out, frame, force=force)
    if as_json:
        write_json(
            {
                "rows": len(frame),
                "series": len(going_on.windows),
                "rung": fitted.rung(rung).name,
                "out": str(out),
                "guarantee": going_on.promise(interval or COVERAGE),
                "notes": going_on.notes,
            }
        )
    elif not quiet:
        write(*(say("note: {sentence}", sentence=note) for note in going_on.notes))
        write(
            say_plural(
                "{count:,} series forecast {horizon:,} steps ahead by {model}, written to {out}",
                "{count:,} series forecast {horizon:,} steps ahead by {model}, written to {out}",
                len(going_on.windows),
                horizon=fitted.spec.forecast.horizon,
                model=model_in_words(fitted.rung(rung).name, naive=True),
                out=out,
            ),
            going_on.promise(interval or COVERAGE),
        )
