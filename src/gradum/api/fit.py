"""``gradum.fit``: from a table to a judged model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Unpack

from gradum.api.fitted_run import fitted_run
from gradum.api.model import Model
from gradum.api.rival_names import estimators_of, rivals_of
from gradum.api.spelled_out import spell_out
from gradum.engines import engine_of
from gradum.errors import SpecError
from gradum.messages import listed, say
from gradum.run.memory.memory_bound import decided
from gradum.run.options.option_table import Options
from gradum.run.options.options import make_spec
from gradum.run.rivals import Contestant, Rival
from gradum.run.spec.spec import Spec
from gradum.rungs.context import ALONE, Context, ignore
from gradum.rungs.registry import KINDS
from gradum.show.words.file_names import Source
from gradum.study.findings.findings import refuse_absent
from gradum.tables.schema.schema import Schema
from gradum.tables.sources.fetched import Fetched
from gradum.tables.sources.open_stream import at_hand


@spell_out
def fit(
    data: Any,
    target: str,
    *,
    on_event: Callable[[Any], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
    teacher: Any = None,
    **options: Unpack[Options],
) -> Model:
    """Fit and judge models of a table's target.

    Parameters
    ----------
    data : path, address, data frame, dict of columns, array, list of dicts, or iterable of such
        The table: a path, a pattern of paths such as ``"part-*.csv"`` or a list of paths (CSV, TSV,
        JSON, Parquet, Arrow, a workbook, a database of SQLite or an archive that holds one table;
        plain or compressed), an address (``https://`` or ``postgresql://``), any frame that
        `narwhals` knows, or a NumPy array (columns ``x0``, ``x1``, …). Files that are too large for
        memory are read in blocks, and so are batches of rows from an iterator.
    target : str
        The column to predict.
    on_event : callable, optional
        Called with every event of the run, to show progress; `tracked` makes numbers of them.
    stop : callable, optional
        Called between chunks of work; once it returns True, the run ends with what it has.
    teacher : str or estimator, optional
        Another model that the pack may learn from, named like those of ``against``. For each pair
        of the pack's folds, it is fitted to the training rows outside both, and never to rows that
        judge. Held-out labels decide whether the pack listens to it. It is not saved.
    **options : Options
        The options of ``gradum fit`` and the specs of its parts; `Options` describes each.

    Returns
    -------
    Model

    Raises
    ------
    GradumError
        The table, the target or an option cannot be used; the message says what to do.
    """
    _refuse_values(target)
    test, schema = options.pop("test", None), options.pop("schema", None)
    on = options.pop("on", None)
    rivals = rivals_of(options.pop("against", None))
    spec = make_spec(target, **options)
    teaching = _teacher(teacher, spec)
    with engine_of(on) as engine, at_hand(data, spec.reading) as table, at_hand(test) as judging:
        context = Context(tell=on_event or ignore, stop=stop, engine=engine)
        spec = decided(spec, table, judging, on_engine=engine is not None)
        return fit_spec(
            spec, table, context, test=judging, schema=schema, rivals=rivals, teacher=teaching
        )


def _teacher(named: Any, spec: Spec) -> Rival | None:
    """Return the teacher that a word or an estimator names."""
    teachers = estimators_of(named)
    if len(teachers) > 1:
        raise SpecError(
            "There are {count} teachers.",
            "Give one; scikit-learn's VotingClassifier makes one of several.",
            count=len(teachers),
        )
    taught = [name for name, kind in KINDS.items() if kind.taught]
    if teachers and not {*taught} & {*spec.rungs}:
        raise SpecError(
            "Only a network ensemble learns from a teacher, and none is fitted.",
            "Give model={taught}, or leave the teacher out.",
            taught=listed([f'"{name}"' for name in (*taught, "ladder")], "or"),
        )
    return next(iter(teachers), None)


def _refuse_values(target: Any) -> None:
    """Refuse a target given as values, the form that scikit-learn's estimators take."""
    if not isinstance(target, str):
        raise SpecError(
            "gradum.fit takes the name of the column to predict, not {given}.",
            'Give gradum.fit(table, "name") a table that holds it; '
            "gradum.PackClassifier and gradum.PackRegressor have fit(X, y).",
            given=_kind(target),
        )


def _kind(target: Any) -> str:
    return say("values") if hasattr(target, "__len__") else f"{target!r}"


def fit_spec(
    spec: Spec,
    data: Any,
    context: Context = ALONE,
    *,
    test: Any = None,
    schema: Schema | None = None,
    rivals: Sequence[Contestant] = (),
    teacher: Rival | None = None,
    scratch: Path | None = None,
) -> Model:
    """Do what `fit` does, from a spec and in a context; see `fitted_run`."""
    refuse_absent(spec.report)
    spec.refuse_beside_forecast()
    finished = fitted_run(
        spec,
        data,
        context,
        test=test,
        schema=schema,
        rivals=rivals,
        teacher=teacher,
        scratch=scratch,
    )
    return Model(finished.fitted, finished, Source(_name(data), _name(test)))


def _name(data: Any) -> str | None:
    """Return what a command would call the table: its path, if it has one."""
    return data.name if isinstance(data, Fetched) else None
