"""One run on a table that does not fit in memory: sampled, surveyed, divided, learned in passes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from msgspec import structs

from gradum.errors import SpecError, TargetError
from gradum.fitting.alarms import before_training
from gradum.fitting.baseline import baseline_of_mean, baseline_of_shares
from gradum.fitting.checkpoints import NO_CHECKPOINTS, Checkpoints, once
from gradum.fitting.dataset import Dataset, join, labelled
from gradum.fitting.events import Alarmed, Judged, RungFinished, RungStarted, Understood
from gradum.fitting.fitted import Fitted
from gradum.fitting.plan import Plan
from gradum.fitting.rows import Rows
from gradum.fitting.run import (
    Judge,
    Run,
    conclude,
    metric_of,
    provenance,
    refuse_contradictions,
)
from gradum.fitting.rung import Rung
from gradum.fitting.spec import Spec
from gradum.fitting.streamed.held import Held, Totals, divide
from gradum.fitting.streamed.linear import fit_linear
from gradum.fitting.streamed.mlp import fit_mlp
from gradum.fitting.streamed.parting import Parting
from gradum.fitting.streamed.spool import Spool, Units
from gradum.fitting.streamed.survey import Survey, survey, with_classes
from gradum.randomness import stream
from gradum.tables.check import check, time_values
from gradum.tables.encode import Encoder
from gradum.tables.schema import Overrides, Schema, infer
from gradum.tables.split import Part
from gradum.tables.stream import Stream
from gradum.tables.table import Table
from gradum.tables.wording import counted, size

SAMPLED_ROWS = 100_000  # from which the columns' kinds and units are told
SAMPLED_VALUES = 2**23  # of wide tables, fewer rows


def run_streamed(
    spec: Spec,
    rows: Stream,
    *,
    test: Table | None = None,
    schema: Schema | None = None,
    scratch: Path | None = None,
    stop: Callable[[], bool] = lambda: False,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> Generator[Any, None, Run]:
    """Fit and judge the ladder as `gradum.fitting.run.run` does, on rows that are read in blocks.

    Two passes come before training: one counts what a sample cannot tell, one encodes the rows
    that are learned from into a file and holds the others in memory. Then each rung passes over
    that file: `docs/choices.md` says what is decided from which rows.

    Parameters
    ----------
    spec : Spec
    rows : Stream
        The table.
    test : Table, optional
        Rows to judge by, in memory.
    schema : Schema, optional
        An edited schema to use in place of the one inferred from a sample of the rows.
    scratch : Path, optional
        Folder of the encoded rows, in a file without a name; the system's if left out.
    stop, checkpoints
        As `run` has them.

    Raises
    ------
    GradumError
        The table, the target or an option cannot be used; nothing has been trained.
    """
    began = perf_counter()
    _refuse(spec, schema)
    memory = spec.max_memory or 0
    fewer = max(1_000, SAMPLED_VALUES // max(rows.head.frame.width, 1))
    sample = rows.sample(min(SAMPLED_ROWS, fewer), stream(spec.seed, "sample"))
    schema = schema or infer(
        sample,
        target=spec.target,
        task=spec.task,
        overrides=spec.overrides,
        log_target=spec.log_target,
    )
    learned = refuse_contradictions(spec, schema, sample)
    spec = structs.replace(spec, log_target=learned.log)
    checked = check(sample, schema, require_target=True)
    first = Encoder.fit(checked.frame, schema)
    parting = Parting.of(
        structs.replace(spec, split=structs.replace(spec.split, test=0.0)) if test else spec,
        len(rows),
        rows.head.frame.width,
        memory,
        time_values(checked),
    )
    known = survey(rows, schema, first, parting, stop)
    schema = _completed(schema, spec, known)
    encoder = known.encoder
    yield Understood(schema, (*rows.head.notes, *_notes(spec, rows, known)))

    design = encoder.transform(checked.frame)
    deviation = design.dense.std(axis=0)
    units = Units(design.dense.mean(axis=0), np.where(deviation > 0, deviation, 1.0))
    assert schema.target is not None
    classes = schema.target.classes
    with Spool(encoder.layout, units, classes=bool(classes), folder=scratch) as spool:
        held = divide(
            rows,
            schema,
            encoder,
            parting,
            spool,
            totals=Totals(len(classes), log=spec.log_target),
            class_factor=_balance(spec, known),
            also=spec.report.slices,
            stop=stop,
        )
        dataset = _dataset(rows, schema, held, spec, known)
        if test is not None:
            dataset = join(dataset, labelled(test, schema, also=spec.report.slices))
        parts = np.full(len(dataset), Part.TEST, np.int8)
        parts[: len(held.parts)] = held.parts
        _require_parts(parts)
        metric = metric_of(spec, dataset)
        plan = Plan(parts, [], _how(parts, known, schema, test))
        alarms = before_training(dataset, plan, seed=spec.seed)
        if alarms:
            yield Alarmed(alarms)
        fitting = _Fitting(spec, spool, held.totals, dataset.rows(encoder), parts)
        rungs = yield from fitting.climb(stop, checkpoints)
    judge = Judge(encoder, rungs, parts)
    seen, judgement = conclude(
        spec,
        dataset,
        [judge],
        metric=metric,
        how=plan.how,
        notes=rows.head.notes,
        alarms=alarms,
        interrupted=stop(),
    )
    if judgement is not None:
        yield Judged(judgement)
    made = provenance(dataset, rungs, began)
    fitted = Fitted(spec, schema, encoder, rungs, judgement, made)
    return Run(fitted, dataset, parts, seen.get("test"), (judge,))


def _refuse(spec: Spec, schema: Schema | None) -> None:
    """Refuse what a table that is read in blocks cannot have."""
    if schema is not None and spec.overrides != Overrides():
        raise SpecError(
            "Both an edited schema and options for columns were given.",
            "Write the options' effect into the schema, or leave the schema out.",
        )
    asked = {"--cv": spec.split.folds, "--refit": spec.refit}
    for option, given in asked.items():
        if given:
            raise SpecError(
                f"The table is larger than memory and read in blocks, which {option} cannot be.",
                f"Leave out {option}, or give --max-memory a larger value.",
            )
    if spec.overrides.group is not None and spec.overrides.time is not None:
        raise SpecError(
            "Rows cannot be split by group and by time at once.", "Leave out --group or --time."
        )


def _completed(schema: Schema, spec: Spec, known: Survey) -> Schema:
    """Return the schema with the classes and the number of all rows."""
    target = schema.target
    assert target is not None
    schema = structs.replace(schema, rows=known.rows + known.left_out)
    if known.classes:
        return with_classes(schema, known.classes, drop_rare=spec.drop_rare_classes)
    if spec.log_target and known.low <= 0:
        raise TargetError(
            f"Target {target.name!r} has no logarithm in some rows: its least value is "
            f"{known.low:g}.",
            "Correct them, or leave out --log-target.",
        )
    return schema


def _notes(spec: Spec, rows: Stream, known: Survey) -> tuple[str, ...]:
    """Say what the table's size has for consequences."""
    notes = [
        f"{counted(len(rows), 'row')}, more than {size(spec.max_memory or 0)} of memory hold: read "
        "in blocks. What each column holds, medians and the words of texts are told from a sample; "
        "levels, classes and ranges from all rows."
    ]
    if known.left_out:
        notes.append(f"Left out: {counted(known.left_out, 'row')} without a target or a weight.")
    notes += [
        f"Column {column!r}: {counted(count, 'value')} not of its kind, taken as missing."
        for column, count in known.unread.items()
    ]
    return tuple(notes)


def _balance(spec: Spec, known: Survey) -> np.ndarray | None:
    """Return the factor of each class's weights under which all weigh the same."""
    if not spec.class_weight:
        return None
    counts = np.array([count for count in known.classes.values() if count], float)
    return counts.sum() / (len(counts) * counts)


def _dataset(rows: Stream, schema: Schema, held: Held, spec: Spec, known: Survey) -> Dataset:
    return Dataset(
        rows.head.source,
        held.frame,
        schema,
        held.numbers,
        len(held.frame),
        notes=_notes(spec, rows, known),
        drawn_from=known.rows,
    )


def _require_parts(parts: np.ndarray) -> None:
    for part in (Part.TRAIN, Part.VALIDATION, Part.TEST):
        if not (parts == part).any():
            raise SpecError(
                f"No row is left for the part {part.name.lower()}.",
                "Give more rows, other --group or --time columns, or a larger --max-memory.",
            )


def _how(parts: np.ndarray, known: Survey, schema: Schema, test: Table | None) -> str:
    judging = int((parts == Part.TEST).sum())
    whence = "the test file" if test is not None else f"{known.rows:,}"
    kind = ""
    if schema.group is not None:
        kind = ", no group on both sides"
    elif schema.time is not None:
        kind = ", later than all rows trained on"
    return f"Judged on {judging:,} held-out rows of {whence}{kind}."


class _Fitting:
    """The rungs, each on the rows that it learns from."""

    def __init__(
        self, spec: Spec, spool: Spool, totals: Totals, rows: Rows, parts: np.ndarray
    ) -> None:
        self._spec, self._spool, self._totals = spec, spool, totals
        self._rows, self._parts = rows, parts
        epochs = spec.mlp.epochs(len(spool))
        self._mlp = structs.replace(spec.mlp, max_epochs=epochs)
        self._scale = None if rows.classes is not None else totals.scale

    def climb(
        self, stop: Callable[[], bool], checkpoints: Checkpoints
    ) -> Generator[Any, None, dict[str, Rung]]:
        """Fit the rungs that the spec names, simplest first; the baseline is always there."""
        rungs: dict[str, Rung] = {}
        for name in self._spec.rungs:
            if rungs and stop():
                break
            yield RungStarted(name, 0, 0, self._mlp.max_epochs if name == "mlp" else 0)
            match name:
                case "baseline":
                    rung = self._baseline()
                case "linear":
                    rung = yield from once(self._linear(stop), "fit-linear", checkpoints, stop)
                case _:
                    fit = self._network(stop, checkpoints)
                    rung = yield from once(fit, "fit-mlp", checkpoints, stop)
            rungs[name] = rung
            yield RungFinished(name, 0, 0, rung.status.value, rung.seconds)
        return rungs

    def _take(self, *parts: Part) -> Rows:
        rows = self._rows.take(np.flatnonzero(np.isin(self._parts, parts)))
        return rows.balanced() if self._spec.class_weight else rows

    def _baseline(self) -> Rung:
        began = perf_counter()
        if self._scale is None:
            return baseline_of_shares(self._totals.by_class, began)
        sample = self._take(Part.TRAIN)
        nothing = np.zeros(len(sample))
        scale = self._scale.with_smearing(sample.target, nothing, sample.weight)
        return baseline_of_mean(scale, began)

    def _linear(self, stop: Callable[[], bool]) -> Generator[Any, None, Rung]:
        used = np.isin(self._parts, (Part.TRAIN, Part.VALIDATION))
        return fit_linear(
            self._spool,
            self._take(Part.TRAIN, Part.VALIDATION),
            self._parts[used] == Part.VALIDATION,
            self._spec.linear,
            scale=self._scale,
            stop=stop,
        )

    def _network(
        self, stop: Callable[[], bool], checkpoints: Checkpoints
    ) -> Generator[Any, None, Rung]:
        return fit_mlp(
            self._spool,
            self._take(Part.TRAIN),
            self._take(Part.VALIDATION),
            self._mlp,
            scale=self._scale,
            seed=self._spec.seed,
            stop=stop,
            place="fit-mlp",
            checkpoints=checkpoints,
        )
