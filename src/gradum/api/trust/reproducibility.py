"""The part on reproducibility: whether the same run gives bit-identical weights."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

from gradum.api.fitted_run import fitted_run
from gradum.api.trust.examined import ExaminedModel
from gradum.api.trust.part import PartThresholds, TrustPart
from gradum.errors import TableError
from gradum.messages import listed, marked, say
from gradum.run.machine import Machine, this_machine
from gradum.rungs.context import Context
from gradum.ship.layout import SPEC
from gradum.ship.run_folder import read_schema
from gradum.ship.run_spec import RunSpec, changed_files, named, read_spec
from gradum.show.document.trust_section import PartFinding
from gradum.show.repeat import teacher
from gradum.study.trust import Check, Line, Obstacle
from gradum.tables.sources.open_stream import at_hand
from gradum.waiting import tell

WEIGHTS = Line("reproducibility.weights", marked("The same run gives the same weights"))


def _of_model(examined: ExaminedModel, thresholds: PartThresholds) -> PartFinding:
    made = examined.model.fitted.provenance
    elsewhere = Machine(made.versions, made.platform, made.threads).difference(this_machine())
    notes = [say("The run was made with {difference}.", difference=elsewhere)] if elsewhere else []
    return PartFinding([_same_weights(examined)], notes, details={"fingerprint": made.fingerprint})


def _same_weights(examined: ExaminedModel) -> Check:
    run_spec = _repeatable(examined)
    if isinstance(run_spec, Obstacle):
        return WEIGHTS.blocked(run_spec)
    seconds = examined.model.fitted.provenance.seconds
    before, now = run_spec.fingerprint, _refitted(run_spec, seconds)
    same = before == now
    reason = (
        say("Fitted again from its spec and table, it has the same weights.")
        if same
        else say(
            "Fitted again from its spec and table, it has other weights: the spec was edited, or "
            "the software, the machine or the number of threads differs."
        )
    )
    return WEIGHTS.judged(
        same, reason, figure=say("weights {fingerprint}", fingerprint=now), threshold=before
    )


def _repeatable(examined: ExaminedModel) -> RunSpec | Obstacle:
    """Return what to fit again, or why it was not or cannot be fitted again."""
    model = examined.model
    if model.folder is None:
        return Obstacle(
            say("A model without its run folder cannot be fitted again."),
            say("Name its run folder."),
        )
    if not examined.rerun:
        return Obstacle(
            say("The model was not fitted again, which takes as long as the fit did."),
            say("To check it: gradum trust {run} --rerun", run=examined.run_name),
        )
    if (name := teacher(model.fitted)) is not None:
        return Obstacle(
            say("The network ensemble had a teacher, {teacher}, which is not saved.", teacher=name),
            say("Fit again in Python, with the teacher, and compare the weights."),
        )
    run_spec = read_spec(model.folder / SPEC)
    try:
        named(run_spec, None)
        changed = changed_files(run_spec)
    except TableError as error:
        return Obstacle.of(error)
    if changed:
        return Obstacle(
            say("Changed or gone since the run: {files}.", files=listed(changed)),
            say("Bring the file back."),
        )
    return run_spec


def _refitted(run_spec: RunSpec, seconds: float) -> str:
    """Fit once more, in memory, as it once took some seconds; return the hash of the weights."""
    schema = None if run_spec.schema is None else read_schema(Path(run_spec.schema))
    began = perf_counter()

    def hear(event: Any) -> None:
        del event
        passed = perf_counter() - began
        tell(say("fitting the model again"), passed / seconds if passed < seconds else None)

    with at_hand(run_spec.data, run_spec.spec.reading) as table, at_hand(run_spec.test) as test:
        again = fitted_run(run_spec.spec, table, Context(tell=hear), test=test, schema=schema)
    return again.fitted.provenance.fingerprint


PART = TrustPart(
    "reproducibility", marked("Does fitting again give the same?"), (WEIGHTS,), _of_model
)
