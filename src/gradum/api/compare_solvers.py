"""`gradum.compare_solvers`: which method reduces a network's loss best on a table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from msgspec import structs

from gradum.errors import SpecError
from gradum.messages import listed
from gradum.run.compare_solvers import compare_solvers as compare
from gradum.run.options.option_table import OF_SOLVERS
from gradum.run.options.option_values import read_names
from gradum.run.options.options import make_spec
from gradum.run.source.rows_in_memory import RowsInMemory
from gradum.rungs.context import Context, ignore
from gradum.rungs.mlp.kind import MLPKind
from gradum.show.answers.solvers import Solvers
from gradum.solvers.threads import between_turns, turn
from gradum.tables.sources.open_stream import at_hand
from gradum.tables.sources.read import read

SOLVERS = ("gd", "sgd", "momentum", "adam", "lbfgs")


def compare_solvers(
    data: Any,
    target: str,
    *,
    solvers: str | Iterable[str] = SOLVERS,
    on_event: Callable[[Any], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
    **options: Any,
) -> Solvers:
    """Train one network by several solvers on the same rows, and say which to choose.

    All start from the same weights, make at most ``max_epochs`` passes over the training rows, keep
    the weights of the pass that is best on the validation rows, and are judged on rows held out
    from both. A solver that takes a learning rate is trained with four of them, and the validation
    rows choose one; ``learning_rate`` fixes it. Scores and intervals are the same every time. The
    solver to choose is the best, unless another comes within one standard error of it in less than
    half the seconds; this part depends on the clock.

    Parameters
    ----------
    data : path, data frame, dict of columns, array, or list of dicts
        The table, as for `gradum.fit`; it is held in memory.
    target : str
        The column to predict.
    solvers : sequence of str
        Two or more of ``gd``, ``sgd``, ``momentum``, ``nesterov``, ``adam``, ``adamw``, ``muon``
        and ``lbfgs``; also as one text, separated by commas.
    on_event : callable, optional
        Called with every event of the trainings, for progress.
    stop : callable, optional
        Called between chunks of work; once it returns True, KeyboardInterrupt ends the comparison.
    **options
        Those of `gradum.fit` named in ``gradum compare-solvers --help``.

    Returns
    -------
    Solvers
        It displays itself; ``solvers.comparison`` has every figure.

    Raises
    ------
    GradumError
        The table, the target, an option or a solver cannot be used; the message says what to do.
    KeyboardInterrupt
        ``stop`` answered True.
    """
    unknown = sorted(set(options) - set(OF_SOLVERS))
    if unknown:
        raise SpecError(
            "gradum.compare_solvers has no option {option!r}.",
            "Choose among {options}.",
            option=unknown[0],
            options=listed(OF_SOLVERS),
        )
    test = options.pop("test", None)
    named = solvers.split(",") if isinstance(solvers, str) else read_names(solvers)
    spec = make_spec(target, **options).with_settings(MLPKind.name, None)
    # One hold-out, with fewer rows to judge by, tells more than five solvers in ten folds each.
    spec = structs.replace(spec, split=structs.replace(spec.split, small_table_rows=0))
    context = Context(tell=between_turns(on_event or ignore), stop=stop)
    with at_hand(data, spec.reading) as table, at_hand(test) as judging, turn():
        comparison = compare(
            spec,
            RowsInMemory(partial(read, table)),
            [name.strip() for name in named],
            context,
            test=None if judging is None else read(judging),
        )
    return Solvers(comparison, os.fspath(data) if isinstance(data, str | os.PathLike) else None)
