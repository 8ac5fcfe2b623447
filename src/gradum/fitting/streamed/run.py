"""One run on a table that does not fit in memory: sampled, surveyed, divided, learned in passes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from msgspec import structs

from gradum.errors import SpecError, TableError, TargetError
from gradum.fitting.alarms import before_training
from gradum.fitting.balance import balance
from gradum.fitting.baseline import baseline_of_mean, baseline_of_shares
from gradum.fitting.checkpoints import NO_CHECKPOINTS, Checkpoints, once
from gradum.fitting.dataset import (
    FEWEST_ROWS,
    Dataset,
    join,
    labelled,
    left_out_note,
    named_classes,
    only_rows,
    refuse_number,
    too_few,
)
from gradum.fitting.events import Alarmed, Judged, RungFinished, RungStarted, Understood
from gradum.fitting.fitted import Fitted
from gradum.fitting.plan import Plan, say_not_learned
from gradum.fitting.rows import Rows
from gradum.fitting.run import (
    Judge,
    Run,
    conclude,
    metric_of,
    provenance,
    refuse_contradictions,
    worlds,
)
from gradum.fitting.rung import Rung
from gradum.fitting.spec import Spec
from gradum.fitting.streamed.held import Held, Totals, divide
from gradum.fitting.streamed.linear import fit_linear
from gradum.fitting.streamed.mlp import fit_mlp
from gradum.fitting.streamed.parting import FEWEST_HELD, Parting, held_row
from gradum.fitting.streamed.spool import Spool, Units
from gradum.fitting.streamed.survey import Survey, survey, with_classes
from gradum.randomness import stream
from gradum.tables.check import check, times_of, without_weight
from gradum.tables.encode import Encoder
from gradum.tables.schema import Label, Overrides, Schema, infer
from gradum.tables.split import Part
from gradum.tables.stream import Stream, row_bytes
from gradum.tables.table import Table
from gradum.tables.wording import counted, size

SAMPLED_ROWS = 100_000  # from which the columns' kinds and units are told
SAMPLED_BYTES = 2**25  # of wide tables and long texts, fewer rows


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
    KeyboardInterrupt
        ``stop`` was true before there was anything to learn from.
    """
    began = perf_counter()
    _refuse(spec, schema)
    memory, given = spec.max_memory or 0, schema is not None
    fewer = max(1, SAMPLED_BYTES // row_bytes(rows.head.frame))
    sample = rows.sample(min(SAMPLED_ROWS, fewer), stream(spec.seed, "sample"))
    schema = schema or infer(
        sample,
        target=spec.target,
        task=spec.task,
        overrides=spec.overrides,
        log_target=spec.log_target,
    )
    learned = refuse_contradictions(spec, schema, sample)
    if schema.group is not None and schema.time is not None:
        raise SpecError(
            "Rows cannot be split by group and by time at once.", "Leave out --group or --time."
        )
    if spec.drop_rare_classes:
        refuse_number(learned)
    spec = structs.replace(spec, log_target=learned.log)
    checked = check(sample, schema, require_target=True, block=True)
    first = Encoder.fit(checked.frame, schema)
    width = held_row(sample.frame, len(learned.classes))
    _refuse_wide_rows(rows, FEWEST_HELD * width, memory)
    parting = Parting.of(
        structs.replace(spec, split=structs.replace(spec.split, test=0.0)) if test else spec,
        len(rows),
        width,
        memory,
        None if schema.time is None else times_of(checked.frame[schema.time].drop_nulls()),
    )
    known = survey(rows, schema, first, parting, stop, memory)
    _end_if(stop)
    schema = _completed(schema, spec, known, rows.head.source, given=given)
    encoder = known.encoder
    assert schema.target is not None
    notes = _notes(spec, rows, known, schema.target.left_out)
    yield Understood(schema, (*rows.head.notes, *notes))

    design = encoder.transform(checked.frame)
    deviation = design.dense.std(axis=0)
    units = Units(design.dense.mean(axis=0), np.where(deviation > 0, deviation, 1.0))
    classes = schema.target.classes
    with Spool(encoder.layout, units, classes=len(classes), folder=scratch) as spool:
        held = divide(
            rows,
            schema,
            encoder,
            parting,
            spool,
            totals=Totals(len(classes), log=spec.log_target),
            also=spec.report.slices,
            stop=stop,
        )
        _end_if(stop)
        by_class = balance(held.totals.by_class) if spec.class_weight else None
        if by_class is not None:
            spool.weigh(by_class)
        dataset = _dataset(rows, schema, held, notes, known)
        if test is not None:
            dataset = join(dataset, labelled(test, schema, also=spec.report.slices))
        parts = np.full(len(dataset), Part.TEST, np.int8)
        parts[: len(held.parts)] = held.parts
        _require_parts(parts)
        metric = metric_of(spec, dataset)
        plan = Plan(parts, [], _how(parts, known, schema, test) + _not_learned(held, classes))
        alarms = before_training(dataset, plan, seed=spec.seed)
        if alarms:
            yield Alarmed(alarms)
        fitting = _Fitting(spec, spool, held.totals, by_class, dataset.rows(encoder), parts)
        rungs = yield from fitting.climb(stop, checkpoints)
    judge = Judge(encoder, rungs, parts)
    seen, judgement = conclude(
        spec,
        dataset,
        [judge],
        metric=metric,
        how=plan.how,
        notes=(*rows.head.notes, *worlds(rungs)),
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
    if spec.model == "pack":
        raise SpecError(
            "A pack learns from rows in memory, but the table is read in blocks.",
            "Choose --model ladder, linear or mlp; or have the table read whole: from files, with "
            "a larger --max-memory.",
        )
    asked = {"--cv": spec.split.folds, "--refit": spec.refit}
    for option, given in asked.items():
        if given:
            raise SpecError(
                f"{option} needs all rows at once, but the table is read in blocks.",
                f"Leave out {option}; or have the table read whole: from files, with a larger "
                "--max-memory.",
            )


def _refuse_wide_rows(rows: Stream, needed: float, memory: int) -> None:
    """Refuse a table of which even the rows that must be held take more than there is."""
    if needed > memory:
        columns = counted(rows.head.frame.width, "column")
        raise TableError(
            f"{rows.head.source} has {columns}: even in blocks it takes about {size(needed)} of "
            f"memory, but only {size(memory)} may be used.",
            "Leave out columns with --drop, or give a larger --max-memory.",
        )


def _end_if(stop: Callable[[], bool]) -> None:
    """End a run at once in which nothing has been learned yet."""
    if stop():
        raise KeyboardInterrupt


def _completed(schema: Schema, spec: Spec, known: Survey, source: str, *, given: bool) -> Schema:
    """Return the schema with the classes and the number of all rows.

    A schema that was ``given`` names its classes: another label is refused where it occurs.
    """
    target = schema.target
    assert target is not None
    if not known.rows and known.left_out["of weight 0"]:
        raise without_weight(f"Weight column {schema.weight!r} of {source}")
    if not known.rows:
        raise only_rows(source, "without a target")
    if known.rows < FEWEST_ROWS:
        raise too_few(source, known.rows, _left_out(known))
    schema = structs.replace(schema, rows=known.rows + known.left_out.total())
    if target.classes:
        counts = known.classes
        if given:
            counts = {label: counts.get(label, 0) for label in target.classes}
        return with_classes(schema, counts, drop_rare=spec.drop_rare_classes)
    if spec.log_target and known.low <= 0:
        raise TargetError(
            f"Target {target.name!r} has no logarithm in some rows: its least value is "
            f"{known.low:g}.",
            "Correct them, or leave out --log-target.",
        )
    return schema


def _left_out(known: Survey) -> list[str]:
    return [left_out_note(count, others) for others, count in known.left_out.items() if count]


def _notes(spec: Spec, rows: Stream, known: Survey, left_out: tuple[Label, ...]) -> tuple[str, ...]:
    """Say what the table's size has for consequences, and which rows are left out."""
    notes = [
        f"{counted(len(rows), 'row')}, read in blocks within {size(spec.max_memory or 0)} of "
        "memory. What each column holds, medians and the words of texts are told from a sample; "
        "levels, classes and ranges from all rows."
    ]
    if "pack" in spec.rungs:
        notes.append("No pack is trained: it learns from rows in memory, as --no-blocks has them.")
    notes += _left_out(known)
    rare = {label: count for label, count in known.classes.items() if label in left_out}
    if rare:
        count = counted(sum(rare.values()), "row")
        notes.append(f"Left out: {count} of classes too rare to learn: {named_classes(rare)}.")
    notes += [
        f"Column {column!r}: {counted(count, 'value')} not of its kind, taken as missing."
        for column, count in known.unread.items()
    ]
    return tuple(notes)


def _dataset(
    rows: Stream, schema: Schema, held: Held, notes: tuple[str, ...], known: Survey
) -> Dataset:
    return Dataset(
        rows.head.source,
        held.frame,
        schema,
        held.numbers,
        len(held.frame),
        notes=notes,
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


def _not_learned(held: Held, classes: tuple[Label, ...]) -> str:
    """Say which classes the rows learned from lack."""
    learned = held.totals.by_class if classes else ()
    absent = [label for label, weight in zip(classes, learned, strict=True) if not weight]
    return say_not_learned(absent) if absent else ""


def rungs_past_memory(spec: Spec) -> tuple[str, ...]:
    """Return the rungs of a table that does not fit in memory, of which no pack is trained."""
    return tuple(name for name in spec.rungs if name != "pack")


class _Fitting:
    """The rungs, each on the rows that it learns from."""

    def __init__(
        self,
        spec: Spec,
        spool: Spool,
        totals: Totals,
        by_class: np.ndarray | None,
        rows: Rows,
        parts: np.ndarray,
    ) -> None:
        self._spec, self._spool, self._totals = spec, spool, totals
        self._by_class, self._rows, self._parts = by_class, rows, parts
        epochs = spec.mlp.epochs(len(spool))
        self._mlp = structs.replace(spec.mlp, max_epochs=epochs)
        self._scale = None if rows.classes is not None else totals.scale

    def climb(
        self, stop: Callable[[], bool], checkpoints: Checkpoints
    ) -> Generator[Any, None, dict[str, Rung]]:
        """Fit the rungs that the spec names, simplest first; the baseline is always there."""
        rungs: dict[str, Rung] = {}
        for name in rungs_past_memory(self._spec):
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
            yield RungFinished.of(rung)
        return rungs

    def _take(self, *parts: Part) -> Rows:
        rows = self._rows.take(np.flatnonzero(np.isin(self._parts, parts)))
        return rows if self._by_class is None else rows.weighed(self._by_class)

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
