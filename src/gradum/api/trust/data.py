"""The part on data and provenance: whether the table is unchanged, and which warnings it raised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from gradum.api.trust.examined import ExaminedModel, ExaminedPredictions
from gradum.api.trust.part import PartThresholds, TrustPart
from gradum.errors import TableError
from gradum.messages import listed, marked, say, say_plural
from gradum.scores.figures import figure
from gradum.ship.layout import SPEC
from gradum.ship.run_spec import changed_files, read_spec
from gradum.show.document.document import TextTable
from gradum.show.document.trust_section import PartFinding
from gradum.show.repeat import command, python
from gradum.show.words.words import column_kind
from gradum.study.trust import Check, Line, Obstacle
from gradum.tables.paths import is_address

TABLE = Line("data.table", marked("The run's table is what it was"))
ALARMS = Line("data.alarms", marked("The fit raised no alarm of its rows"))


class DataThresholds(PartThresholds, frozen=True):
    """Thresholds of the rows that a model learned from."""

    most_alarms: Annotated[
        int,
        Meta(
            ge=0,
            description=marked(
                "Alarms that the fit may have raised (a count). Each one says that the scores "
                "mean less than they seem to, for example because of a leak, so none is allowed."
            ),
        ),
    ] = 0


def _of_model(examined: ExaminedModel, thresholds: DataThresholds) -> PartFinding:
    schema, source = examined.model.fitted.schema, examined.model.source
    left_out = [
        (column.name, column_kind(column.kind), column.reason)
        for column in schema.columns
        if column.role == "unused"
    ]
    tables = [TextTable(("", ""), list(_facts(examined)), 2)]
    if left_out:
        header = (say("column"), say("taken for"), say("why"))
        tables.append(TextTable(header, left_out, 3, say("Columns left out")))
    return PartFinding(
        (_table(examined), _alarms(examined, thresholds)),
        _kept_sentences(examined),
        tables,
        details={
            "rows": schema.rows,
            "columns": schema.columns,
            "provenance": examined.model.fitted.provenance,
            "sha256": dict(source.hashes),
            "seed": examined.model.fitted.spec.seed,
        },
    )


def _table(examined: ExaminedModel) -> Check:
    """Compare the files of the run with the hashes that the run took."""
    folder = examined.model.folder
    if folder is None:
        return TABLE.not_checked(
            say("A model without its run folder knows no table."), say("Name its run folder.")
        )
    run_spec = read_spec(folder / SPEC)
    if is_address(run_spec.data):
        return TABLE.not_checked(
            say("The run's table is on another machine, which is asked only where it is named."),
            say("To check it: gradum rerun {folder} --data ADDRESS", folder=folder),
        )
    if not run_spec.sha256:
        return TABLE.not_checked(
            say("The run keeps no hash of its table."),
            say("To check it: gradum rerun {folder}", folder=folder),
        )
    try:
        changed = changed_files(run_spec)
    except TableError as error:
        return TABLE.blocked(Obstacle.of(error))
    reason = (
        say(
            "Its SHA-256 is the same as the one that the run took before and after it read the "
            "rows."
        )
        if not changed
        else say("Changed or gone since the run: {files}.", files=listed(changed))
    )
    return TABLE.judged(
        not changed,
        reason,
        figure=say_plural("{count} file changed", "{count} files changed", len(changed)),
        threshold=say("none"),
        value=float(len(changed)),
        limit=0.0,
    )


def _alarms(examined: ExaminedModel, thresholds: DataThresholds) -> Check:
    judgement = examined.model.fitted.judgement
    if judgement is None:
        return ALARMS.blocked(examined.no_judgement)
    count, most = len(judgement.alarms), thresholds.most_alarms
    reason = (
        " ".join(alarm.sentence for alarm in judgement.alarms)
        if count
        else say(
            "Leaks, near-duplicates across parts, undeclared groups, drift, identifiers and rare "
            "classes were looked for."
        )
    )
    return ALARMS.judged(
        count <= most,
        reason,
        figure=say_plural("{count} alarm", "{count} alarms", count),
        threshold=say("at most {most}", most=most),
        value=float(count),
        limit=float(most),
    )


def _kept_sentences(examined: ExaminedModel) -> tuple[str, ...]:
    judgement, target = examined.model.fitted.judgement, examined.model.fitted.schema.target
    assert target is not None
    return (target.reason, *(() if judgement is None else (judgement.how, *judgement.notes)))


def _facts(examined: ExaminedModel) -> Iterator[tuple[str, str]]:
    """Yield what a reader needs to find the rows and the machine again."""
    fitted, source = examined.model.fitted, examined.model.source
    made = fitted.provenance
    yield say("table"), fitted.schema.source
    yield say("rows"), f"{fitted.schema.rows:,}"
    yield (
        say("columns"),
        say(
            "{columns:,}, of which {features:,} are features",
            columns=len(fitted.schema.columns),
            features=len(fitted.schema.features),
        ),
    )
    for name, digest in source.hashes.items():
        yield name, f"SHA-256 {digest}"
    seconds = figure(made.seconds)
    yield say("made"), say("{time}, in {seconds} s", time=made.created, seconds=seconds)
    yield say("weights"), made.fingerprint
    yield say("seed"), str(fitted.spec.seed)
    machine = say("{threads} on {machine}", threads=made.threads, machine=made.platform)
    yield say("threads"), machine
    yield say("software"), listed([f"{name} {number}" for name, number in made.versions.items()])
    repeat = (
        command(fitted.spec, source.data, test=source.test)
        if source.data
        else " ".join(python(fitted.spec, None).split())
    )
    yield say("made by"), repeat


def _of_predictions(examined: ExaminedPredictions, thresholds: DataThresholds) -> PartFinding:
    evidence, unknown = examined.evidence, examined.unknown
    facts = [(say("rows"), f"{len(evidence):,}"), (say("truth"), examined.target)]
    facts += [(name, f"SHA-256 {digest}") for name, digest in examined.sha256.items()]
    return PartFinding(
        [line.blocked(unknown) for line in PART.lines],
        [examined.how],
        [TextTable(("", ""), facts, 2)],
        details={"rows": len(evidence), "sha256": dict(examined.sha256)},
    )


PART = TrustPart(
    "data",
    marked("Is the data in order?"),
    (TABLE, ALARMS),
    _of_model,
    _of_predictions,
    DataThresholds,
)
