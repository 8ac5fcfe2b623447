"""The memory of a run that holds its table as a whole, estimated before the table is read.

At its worst moment, a run holds the table as it was read, what the rung at work makes of each
value, and the probabilities of the judged rows:

    held + rows · (raw + Σ_kind count · bytes + classes · bytes) + fixed

A pack also holds codes of some rows for each of its members. The libraries, which no bound counts,
come on top.
Each kind of rung has its bytes; `python -m benchmarks peaks` measures runs of many shapes
and says how far the sum is from the truth; it should be within a factor of 1.3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gradum.errors import GradumError
from gradum.run.spec.spec import Spec
from gradum.rungs.cost import CODED_ROWS, Fit, Taken, expanded_levels
from gradum.rungs.registry import kinds_of
from gradum.tables.check.check import check
from gradum.tables.columns import Column
from gradum.tables.encode import Encoder
from gradum.tables.kinds.design import Layout
from gradum.tables.schema.schema import infer
from gradum.tables.sources.extent import Extent

LIBRARIES = 330e6  # with the report; up to 500 MB are granted to them
OPAQUE = 8.0  # bytes in memory per byte of a source whose rows are not known before it is read
MOST_OF_A_VALUE = 1e5  # bytes at a run's worst moment: a picture has thousands of numbers of 9
VARYING = ("constant", "duplicate")  # kinds of columns that may hold numbers further on


JUDGED = Taken(number=9, code=26, level=0, entry=30, share=40, row=40, fixed=0)  # not learned from
PREDICTED = Taken(number=8, code=16, level=0, entry=0, share=24, row=40, fixed=0)


@dataclass(frozen=True)
class Width:
    """What a row holds, on average."""

    raw: float
    """The bytes of the row as it is read."""
    numbers: float
    codes: float
    levels: float
    entries: float
    """Numbers and codes of the design, columns that codes are expanded to, n-grams that occur."""
    classes: int
    """K; 0 if a number is to be predicted."""

    @classmethod
    def of(
        cls, layout: Layout, classes: int, *, raw: float = 0.0, entries: float | None = None
    ) -> Width:
        """Return the width of the columns of a Design, whose table takes ``raw`` bytes per row.

        ``entries`` is guessed if not given.
        """
        fit, codes = Fit(0, 0, layout, classes), len(layout.level_counts)
        entries = fit.entries if entries is None else entries
        return cls(raw, fit.numbers, codes, expanded_levels(layout), entries, classes)

    def taken(self, costs: Taken) -> float:
        """Return the bytes of a row at these costs, without the table as it was read."""
        return (
            costs.row
            + costs.number * self.numbers
            + costs.code * self.codes
            + costs.level * self.levels
            + costs.entry * self.entries
            + costs.share * self.classes
        )


NO_COLUMNS = Width(0, 0, 0, 0, 0, 0)


def width_of(extent: Extent, spec: Spec) -> Width:
    """Return what a row holds, by a table's first rows, which need not suit the target yet."""
    head = extent.head
    assert head is not None
    rows = max(len(head.frame), 1)
    raw = extent.row_bytes
    try:
        options = {"target": spec.target, "task": spec.task, "overrides": spec.overrides}
        schema = infer(head, **options)
        checked = check(head, schema, block=True)
        encoder = Encoder.fit(checked.frame, schema)
        block = encoder.text(checked.frame)
    except GradumError:  # the whole table may be usable, or will be refused in its own words
        return Width(raw, head.frame.width, 0, 0, 0, 2)
    width = Width.of(
        encoder.layout,
        len(schema.learned_target.classes),
        raw=raw,
        entries=0.0 if block is None else block.nnz / rows,
    )
    alike = sum(map(_may_vary, schema.columns))  # in the first rows, not in all
    return replace(width, numbers=width.numbers + alike)


def _may_vary(column: Column) -> bool:
    return column.role == "unused" and column.kind in VARYING


def held_bytes(
    spec: Spec, extent: Extent, judged: Extent | None = None, enough: float = 0.0
) -> float:
    """Return about how many bytes a run takes at its worst if it holds the whole table.

    The memory of the libraries is not included. Of a table that is small beside ``enough``, an
    upper bound is returned: only the kinds of its columns would say more, and they take longer to
    recognise than the table to read.

    Parameters
    ----------
    spec : Spec
        The spec, which names the rungs.
    extent : Extent
        The extent of the table to learn from.
    judged : Extent, optional
        The extent of a separate table to judge by.
    enough : float
        Bytes, below which it does not matter how many they are.
    """
    rows = extent.rows + (judged.rows if judged else 0)
    if extent.head is None or not rows:
        return OPAQUE * extent.size
    values = rows * extent.head.frame.width
    most = extent.held + training_bytes(rows, NO_COLUMNS, spec) + MOST_OF_A_VALUE * values
    if most <= enough:
        return most
    width = width_of(extent, spec)
    return extent.held + rows * width.raw + training_bytes(rows, width, spec)


def training_bytes(rows: int, width: Width, spec: Spec) -> float:
    """Return the bytes that the most demanding rung takes, besides the table as it was read."""
    costs = [kind.taken(spec.of_rung(kind.name).settings) for kind in kinds_of(spec.rungs)]
    coded = min(rows, CODED_ROWS)
    return max(cost.fixed + rows * width.taken(cost) + coded * cost.coded for cost in costs)


def judged_bytes(spec: Spec, judged: Extent) -> float:
    """Return about how many bytes a table takes that is used to judge a run."""
    if judged.head is None or not judged.rows:
        return OPAQUE * judged.size
    width = width_of(judged, spec)
    return judged.held + judged.rows * (width.raw + width.taken(JUDGED))


def predicted_bytes(extent: Extent, columns: int, classes: int) -> float:
    """Return about how many bytes the prediction of a whole table takes.

    Parameters
    ----------
    columns : int
        The number of columns that the model uses.
    classes : int
        0 for a number.
    """
    if extent.head is None or not extent.rows:
        return OPAQUE * extent.size
    width = Width(extent.row_bytes, columns, 0, 0, 0, classes)
    return extent.held + extent.rows * (width.raw + width.taken(PREDICTED))
