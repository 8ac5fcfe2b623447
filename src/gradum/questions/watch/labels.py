"""Labels of new rows: errors in row order, and scores by group."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from msgspec import structs

from gradum.engines.engine import Engine
from gradum.errors import SpecError
from gradum.files.atomic import write_bytes
from gradum.messages import as_text
from gradum.questions.rows.groups import grouping_of
from gradum.questions.rows.table_rows import table_rows
from gradum.questions.watch.sequential_test import sequential_test
from gradum.randomness import stream
from gradum.study.evaluation.evaluate import table_by_group
from gradum.study.evaluation.in_partitions import groups_in_partitions
from gradum.study.evaluation.labels import label_column, with_labels
from gradum.study.evidence import MOST_ROWS
from gradum.study.groups.groups import Groups
from gradum.study.watch.sequential_test import SequentialTest
from gradum.study.watch.watched import WatchAlarm, Watched
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.sources.open_stream import is_batches
from gradum.tables.table import Table

if TYPE_CHECKING:
    from gradum.questions.subject import Subject


@dataclass(frozen=True)
class LabelOptions:
    """What labels are used for."""

    labels: str | None = None
    """The column of labels; the run's target if None."""
    in_order: bool = False
    """Whether errors are counted in the order of the rows."""
    by: str | Sequence[str] = ()
    """Columns by whose groups scores are given."""
    at_most: float | None = None
    beyond: float | None = None
    state: str | os.PathLike | None = None
    """As in `sequential_test`."""

    @property
    def asked(self) -> bool:
        """Whether labels are used for anything."""
        return self.in_order or bool(self.by)

    def refuse_unused(self, data: Any) -> None:
        """Refuse options that would have no effect, and rows that can be read only once.

        Raises
        ------
        SpecError
        """
        of_order = {"--at-most": self.at_most, "--beyond": self.beyond, "--state": self.state}
        for option, value in of_order.items():
            if value is not None and not self.in_order:
                raise SpecError(
                    "{option} is only for errors that are counted in order.",
                    "Give --stream (stream) as well.",
                    option=option,
                )
        if self.labels is not None and not self.asked:
            raise SpecError(
                "Of the labels nothing is asked.", "Give --stream (stream), --by COL (by), or both."
            )
        if self.asked and is_batches(data):
            raise SpecError(
                "Batches come only once, and rows with labels are read again.", "Give a table."
            )


NO_LABELS = LabelOptions()


@dataclass(frozen=True)
class ShownByLabels:
    """What the labels of new rows show, as far as asked for."""

    stream: SequentialTest | None = None
    groups: Groups | None = None

    def added_to(self, found: Watched) -> Watched:
        """Add the result to a watch, with an alarm first."""
        alarms = found.alarms
        if self.stream is not None and self.stream.alarm is not None:
            alarms = (WatchAlarm("sequence", self.stream.sentences[0]), *alarms)
        return structs.replace(found, stream=self.stream, groups=self.groups, alarms=alarms)


def shown_by_labels(
    model: Subject,
    data: Any,
    asked: LabelOptions,
    reading: ReadingOptions,
    engine: Engine | None = None,
) -> ShownByLabels:
    """Count errors in row order, and score rows by group, as far as asked for.

    Raises
    ------
    SpecError, ColumnError, SchemaError
        As in `sequential_test`; or a column to group by does not exist.
    """
    asked.refuse_unused(data)
    groups = _groups(model, data, asked, reading, engine) if asked.by else None
    if not asked.in_order:
        return ShownByLabels(groups=groups)
    test = sequential_test(
        model,
        data,
        labels=asked.labels,
        at_most=asked.at_most,
        beyond=asked.beyond,
        state=asked.state,
        reading=reading,
        engine=engine,
    )
    return ShownByLabels(test, groups)


def save_state(found: Watched, state: str | os.PathLike | None) -> None:
    """Write what a watch has counted to a file, if one is named; call this after writing the page.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    if state is not None and found.stream is not None:
        write_bytes(state, msgspec.json.encode(found.stream.count, enc_hook=as_text))


def _groups(
    model: Subject, data: Any, asked: LabelOptions, reading: ReadingOptions, engine: Engine | None
) -> Groups:
    """Score the rows with labels by group; if there are very many, as many as a study looks at."""
    fitted = model.fitted
    column, grouping = label_column(fitted, asked.labels), grouping_of(model, asked.by, None)
    with table_rows(data, fitted, reading, divided=engine is not None) as rows:
        table = rows.table
        if isinstance(table, Table):
            return table_by_group(fitted, with_labels(table, fitted, column), grouping)
        table = table.without_totals()
        places = table.places
        if rows.too_large:
            rng = stream(fitted.spec.seed, "study", "watch", "groups")
            drawn = rng.choice(len(places), min(len(places), MOST_ROWS), replace=False)
            places = places[np.sort(drawn)]
        if engine is not None:
            return groups_in_partitions(fitted, table, engine, places, column, grouping)
        labelled = with_labels(table.take(places), fitted, column)
        return table_by_group(fitted, labelled, grouping)
