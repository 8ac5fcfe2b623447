"""The choice whether a table is held as a whole or read in blocks, kept in the spec.

Blocks are used if a run that holds the table would take more than ``max_memory``. If no bound is
given, they are used if the run would take more than half of the memory that is left, or if they are
faster: passes over encoded rows bring a linear model to its optimum sooner than a path of penalties
on all rows does.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from msgspec import structs

from gradum.errors import SpecError
from gradum.messages import listed, marked, say
from gradum.run.fitted import Fitted
from gradum.run.memory.memory import held_bytes, judged_bytes, predicted_bytes
from gradum.run.spec.spec import LEAST_MEMORY, Spec
from gradum.rungs.registry import KINDS, kinds_of, learn_in_blocks
from gradum.tables.formats.size_limits import available_memory
from gradum.tables.sources.extent import Extent, extent_of
from gradum.tables.sources.open_stream import is_batches
from gradum.tables.wording import size

AS_A_WHOLE = marked("JSON, which is read as a whole,")
WRITE_ANEW = marked("Write the table as Parquet or CSV")
QUICKER_VALUES = 1e7  # from which on blocks learn a linear model in about half the time


def decided(spec: Spec, data: Any, test: Any = None, *, on_engine: bool = False) -> Spec:
    """Return the spec with ``blocks`` as the table demands, and the bound that blocks keep to.

    What the spec already says is kept, so that a repeated run reads its table as before.

    Parameters
    ----------
    data, test : path, list of paths, Table or batches
        The table to learn from, and the table to judge by.
    on_engine : bool
        Whether the run has an engine: it passes over a table in blocks, unless folds are its tasks
        or something else keeps the run from using blocks.

    Raises
    ------
    SpecError
        A run that cannot use blocks takes more memory than there is; the message says how much.
    """
    if spec.is_forecast:
        if spec.blocks or is_batches(data):
            raise SpecError(
                "Series that are forecast are held as a whole, not read in blocks.",
                "Give one table, without --blocks (blocks).",
            )
        return structs.replace(spec, blocks=False)
    if is_batches(data):
        if spec.blocks is False:
            raise SpecError("Batches can only be read as they come.", "Leave out blocks=False.")
        return _in_blocks(spec, extent_of(test))
    if spec.blocks:
        return _in_blocks(spec, extent_of(test))
    if spec.blocks is False and spec.max_memory is None:
        return spec
    extent, judged = extent_of(data), extent_of(test)
    small = test is None and 0 < extent.rows < spec.split.small_table_rows
    if on_engine and spec.blocks is None and not small and _obstacle(spec, extent) is None:
        return _in_blocks(spec, judged)
    quicker = False
    if spec.max_memory is not None:
        most = enough = spec.max_memory
    else:
        left = available_memory()
        most = math.inf if left is None else left
        enough, quicker = most / 2, _quicker(spec, extent)
    needed, obstacle = held_bytes(spec, extent, judged, enough), _obstacle(spec, extent)
    wanted = needed > enough or quicker
    if wanted and obstacle is None:
        return _in_blocks(spec, judged)
    if needed > most and obstacle is not None:
        values = {"what": obstacle.what, "needed": size(needed), "most": size(most)}
        if spec.max_memory is None:
            message = say(
                "{what} takes about {needed} of memory, but only {most} are left.", **values
            )
        else:
            message = say(
                "{what} takes about {needed} of memory, but only {most} may be used.", **values
            )
        raise SpecError(
            message,
            say(
                "{remedy}, or give --max-memory {size}.",
                remedy=obstacle.remedy,
                size=_rounded_up(needed),
            ),
        )
    return structs.replace(spec, blocks=False)


class _Obstacle(NamedTuple):
    """What keeps a run from using blocks, and how it could use them."""

    what: str
    remedy: str


def _obstacle(spec: Spec, extent: Extent) -> _Obstacle | None:
    if spec.blocks is False:
        return _Obstacle(
            say("A table held as a whole"),
            say("Leave out --no-blocks, to have the table read in blocks"),
        )
    if not extent.divisible:
        return _Obstacle(say(AS_A_WHOLE), say(WRITE_ANEW))
    if not any(kind.in_blocks for kind in kinds_of(spec.rungs)[1:]):
        return _Obstacle(
            say("A {rung} of all rows", rung=say(KINDS[spec.model].title)),
            say(
                "Choose --model {names}, to have the table read in blocks",
                names=listed(learn_in_blocks(), "or"),
            ),
        )
    if spec.split.folds:
        return _Obstacle(
            say("Cross-validation of all rows"),
            say("Leave out --cv, to have the table read in blocks"),
        )
    if spec.refit:
        return _Obstacle(
            say("A refit on all rows"), say("Leave out --refit, to have the table read in blocks")
        )
    return None


def _quicker(spec: Spec, extent: Extent) -> bool:
    """Whether a model of the same kind is learned faster in blocks."""
    learners = kinds_of(spec.rungs)[1:]
    if extent.head is None or spec.report.learning_curve or spec.report.refit_count:
        return False
    if not all(kind.quicker_in_blocks for kind in learners):
        return False
    return extent.rows * extent.head.frame.width >= QUICKER_VALUES


def _in_blocks(spec: Spec, judged: Extent) -> Spec:
    bound = usual_bound() if spec.max_memory is None else spec.max_memory
    needed = judged_bytes(spec, judged)
    if needed > bound:
        raise SpecError(
            "The test file is held as a whole, which takes about {needed} of memory, "
            "but only {bound} may be used.",
            "Give fewer rows to judge by, or --max-memory {size}.",
            needed=size(needed),
            bound=size(bound),
            size=_rounded_up(needed),
        )
    return structs.replace(spec, max_memory=bound, blocks=True)


def predicted_in_blocks(fitted: Fitted, data: Any, most: int | None) -> bool:
    """Whether a table is predicted block by block, which gives the same predictions.

    Parameters
    ----------
    data : path, list of paths, Table or batches
    most : int or None
        The most bytes that may be used; if not given, half of those that are left.

    Raises
    ------
    SpecError
        The table can only be read as a whole, and takes more.
    """
    extent = extent_of(data)
    needed = predicted_bytes(extent, len(fitted.schema.features), len(fitted.classes))
    return _in_parts(fitted, data, needed, extent, most)


def judging_bound(fitted: Fitted, data: Any, most: int | None) -> int | None:
    """Return the bytes that the rows to judge by may take; None if the whole table may be held.

    Raises
    ------
    SpecError
        As in `predicted_in_blocks`.
    """
    extent = extent_of(data)
    if _in_parts(fitted, data, judged_bytes(fitted.spec, extent), extent, most):
        return usual_bound() if most is None else most
    return None


def _in_parts(fitted: Fitted, data: Any, needed: float, extent: Extent, most: int | None) -> bool:
    if fitted.spec.is_forecast:
        return False  # a series is continued as a whole
    if is_batches(data):
        return True
    if most is None:
        left = available_memory()
        return extent.divisible and left is not None and needed > left / 2
    if needed > most and not extent.divisible:
        raise SpecError(
            "{what} takes about {needed} of memory, but only {most} may be used.",
            "{remedy}, or give --max-memory {size}.",
            what=say(AS_A_WHOLE),
            needed=size(needed),
            most=size(most),
            remedy=say(WRITE_ANEW),
            size=_rounded_up(needed),
        )
    return needed > most


def usual_bound() -> int:
    """Return half of the free memory, in steps of 2, so that small changes leave no trace."""
    half = (available_memory() or 0) / 2
    return LEAST_MEMORY * 2 ** max(0, math.floor(math.log2(max(half, 1) / LEAST_MEMORY)))


def _rounded_up(count: float) -> str:
    """Write a number of bytes, rounded up, as an option's value: ``6GB``, ``700MB``."""
    unit, name = (1e9, "GB") if count > 1e9 else (1e8, "00MB")
    return f"{math.ceil(count / unit)}{name}"
