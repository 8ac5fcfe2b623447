"""Run folders: written after a fit, and read again to be shown differently or compared."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import structs

from gradum.api.model import Model
from gradum.api.report import report_page
from gradum.errors import ModelFileError, SpecError
from gradum.files.atomic import write_bytes
from gradum.messages import as_text, say
from gradum.questions.rows.judged_rows import judged_rows
from gradum.run.options.option_values import read_cost
from gradum.run.spec.spec import ReportSpec
from gradum.rungs.context import ALONE, Context
from gradum.scores.interval import with_unknown_bounds
from gradum.ship import bundle, run_folder
from gradum.ship.layout import FINDINGS, MODEL, REPORT, SPEC
from gradum.ship.run_spec import RunSpec, read_spec
from gradum.ship.sayings import SAYINGS, said_again, sayings
from gradum.ship.unfinished import refuse_unfinished
from gradum.show.words.file_names import Source
from gradum.study.evaluation.incumbent import incumbent
from gradum.study.evaluation.margin import Margin
from gradum.study.evaluation.run_comparison import RunComparison, compare
from gradum.study.explanation.learned import background_rows
from gradum.study.findings.findings import Findings, examine, refuse_absent, without_rows
from gradum.study.findings.segments import segments
from gradum.study.findings.threshold import threshold
from gradum.tables.paths import is_address


def save_run(
    model: Model,
    folder: Path,
    run_spec: RunSpec,
    *,
    cache: Path | None = None,
    context: Context = ALONE,
) -> None:
    """Write a run's files and its report into a folder that was claimed before.

    ``cache`` is a folder that keeps the charts' script for later reports; once the context says to
    stop, slow parts are left out of the report.

    Raises
    ------
    OutputError
        A file cannot be written; the files written before are whole.
    """
    assert model.run is not None
    known = structs.replace(run_spec, fingerprint=model.fitted.provenance.fingerprint)
    run_folder.write(folder, model.run, known)
    if run_spec.spec.report.rows:
        run_folder.write_background(folder, background_rows(model.run))
    if model.run.judged is not None:
        model.findings = examine(model.run, context)
        content = msgspec.to_builtins(model.findings, enc_hook=as_text)
        content[SAYINGS] = sayings(model.findings)
        write_bytes(folder / FINDINGS, msgspec.json.encode(content, enc_hook=as_text))
    model.source = source_of(known)
    what_if = run_spec.spec.report.what_if and not context.stop()
    model.report(folder / REPORT, cache=cache, what_if=what_if)


def source_of(run_spec: RunSpec) -> Source:
    """Name a run's files as in its report: without the folders of the machine it ran on."""
    test = None if run_spec.test is None else _called(run_spec.test)
    hashes = {_called(name): digest for name, digest in run_spec.sha256.items()}
    return Source(_called(run_spec.data), test, hashes)


def _called(name: str) -> str:
    return name if is_address(name) else Path(name).name


def load(path: str | os.PathLike) -> Model:
    """Read a model file, or the model of a run folder together with its findings.

    Raises
    ------
    ModelFileError
        A file is absent, damaged, hostile, or of another format version; or the run is not
        finished.
    """
    path = Path(path)
    return load_run(path) if path.is_dir() else Model(bundle.load(path))


def load_run(folder: Path) -> Model:
    """Read the model of a run folder together with its findings.

    Raises
    ------
    ModelFileError
        A file of the run is absent or damaged.
    """
    refuse_unfinished(folder)
    model = load(folder / MODEL)
    model.source, model.folder = source_of(read_spec(folder / SPEC)), folder
    path = folder / FINDINGS
    try:
        content = with_unknown_bounds(msgspec.json.decode(path.read_bytes(), type=dict))
        said = content.pop(SAYINGS, None)
        model.findings = said_again(msgspec.convert(content, Findings), said)
    except FileNotFoundError:
        model.findings = None  # interrupted before anything was judged
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileError(
            "{path} cannot be read: {cause}.", "Run the fit again.", path=path, cause=error
        ) from error
    return model


def report_run(
    folder: Path,
    *,
    slices: Sequence[str] = (),
    cost: str | None = None,
    rows: bool = True,
    data: str | None = None,
    cache: Path | None = None,
    what_if: bool | None = None,
) -> str:
    """Render a run's report anew, perhaps by other slices or costs, or without single rows.

    Slices and costs need the judged rows: the run's table is read again. If it lies on another
    machine, ``data`` has to name it. ``what_if`` adds a form for one row, as the fit was told if
    left out.

    Raises
    ------
    ModelFileError, SchemaError
        A file of the run is absent, damaged, or has changed.
    SpecError
        A slice names no column, a cost cannot be read, or nothing would be read from ``data``.
    """
    costs = read_cost(cost)
    refuse_absent(ReportSpec(tuple(slices), costs))
    if data is not None and not (slices or costs or what_if):
        raise SpecError(
            "A run's table is read again only for --slice, --cost and --what-if.",
            "Leave out --data, or give one of them.",
        )
    _refuse_unread(data, folder)
    model = load_run(folder)
    findings = model.findings
    if findings is not None and (slices or costs):
        evidence = judged_rows(folder, also=slices, data=data)
        if slices:
            findings = structs.replace(
                findings, segments=segments(evidence, slices, findings.segments.metric)
            )
        if costs:
            findings = structs.replace(findings, threshold=threshold(evidence, costs))
    if findings is not None and not rows:
        findings = without_rows(findings)
    model.findings = findings
    if what_if is None:
        what_if = model.fitted.spec.report.what_if
    return report_page(model, cache, what_if=what_if, data=data)


def _refuse_unread(data: str | None, *folders: Path) -> None:
    """Refuse a table that is named again if all runs read theirs from this machine."""
    if data is None:
        return
    for folder in folders:
        refuse_unfinished(folder)
    tables = [read_spec(folder / SPEC).data for folder in folders]
    if not any(map(is_address, tables)):
        raise SpecError(
            "The run's table, {table}, is read from this machine.",
            "Leave out --data.",
            table=tables[0],
        )


def compare_runs(
    first: Path,
    second: Path | None = None,
    *,
    column: str | None = None,
    within: str | None = None,
    metric: str | None = None,
    data: str | None = None,
) -> RunComparison:
    """Compare two runs on the rows that both judged, or a run with the model that is in use.

    Parameters
    ----------
    first : path
        A run folder.
    second : path, optional
        Another of the same table.
    column : str, optional
        Instead of ``second``, a column of the table with the answers of the model in use: numbers,
        classes, or probabilities of the second of two classes.
    within : str, optional
        A margin, ``"1%"`` of the score or ``"0.01"`` in its units, within which each is tested for
        being as good as the other.
    metric : str, optional
        The metric of that test; if left out, that of the first run's verdict.
    data : str, optional
        The runs' table, which has to be named if it lies on another machine.

    Raises
    ------
    ModelFileError, SchemaError
        A file of a run is absent, damaged, or has changed.
    ColumnError
        The column holds no such answers.
    SpecError
        The runs cannot be compared, or nothing would be read from ``data``; the message says why.
    """
    if (second is None) == (column is None):
        raise SpecError(
            "A run is compared with one other: a second run, or a column of answers.",
            "Give a second run folder, or --column (column).",
        )
    if metric is not None and within is None:
        raise SpecError(
            "All metrics are compared; one is chosen to test a margin by.",
            "Give --within (within) too, or leave out --metric.",
        )
    margin = None if within is None else Margin.read(within)
    if second is not None:
        _refuse_unread(data, first, second)
        one, other = (judged_rows(folder, data=data) for folder in (first, second))
        return compare(one, other, margin=margin, metric=metric)
    assert column is not None
    _refuse_unread(data, first)
    one = judged_rows(first, also=[column], data=data)
    other, how_read = incumbent(one, column)
    compared = compare(one, other, margin=margin, metric=metric)
    is_learned = column in one.features
    learned = say("The run has learned from column {column!r}, too.", column=column)
    notes = (how_read, learned if is_learned else "", *compared.notes)
    return structs.replace(compared, notes=tuple(filter(None, notes)))
