"""The part on properties: what is proved for every possible row."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, to_builtins

from gradum.api.trust.examined import ExaminedModel, ExaminedPredictions
from gradum.api.trust.part import PartThresholds, TrustPart
from gradum.errors import ModelFileError, NotCertifiableError
from gradum.messages import as_text, marked, say
from gradum.show.answers.verification import VERDICTS, explained, notes_on_networks
from gradum.show.document.trust_section import PartFinding
from gradum.study.properties.network_pairs import verify_pairs
from gradum.study.properties.result import Verified
from gradum.study.trust import Check, Line

PROVED = Line("properties.proved", marked("Properties are proved"))


class PropertyThresholds(PartThresholds, frozen=True):
    """Thresholds of what must be proved about answers."""

    ask: Annotated[
        tuple[str, ...],
        Meta(
            description=marked(
                'Properties to prove, such as "monotone age+" or "range 0..100"; gradum '
                "verify --help lists their forms. For a network from elsewhere they are "
                '"irrelevant COLUMN within 0.05" or "irrelevant COLUMN to class". Which ones '
                "matter depends on what the model is for, so none are asked for by default."
            )
        ),
    ] = ()
    seconds: Annotated[
        float,
        Meta(
            gt=0,
            description=marked(
                "The time for trying to prove all of them together (seconds). What is not decided "
                "by then counts as not checked."
            ),
        ),
    ] = 60.0


def _of_model(examined: ExaminedModel, thresholds: PropertyThresholds) -> PartFinding:
    if not thresholds.ask:
        remedy = say(
            "To check it: set ask under [properties] of a file of --thresholds; or "
            'gradum verify {run} --property "monotone COLUMN+"',
            run=examined.run_name,
        )
        return PartFinding([PROVED.not_checked(say("No property was asked for."), remedy)])
    try:
        report = examined.model.verify(thresholds.ask, examined.table, seconds=thresholds.seconds)
    except NotCertifiableError as error:
        return PartFinding(
            [PROVED.not_checked(error.message, error.remedy, about=text) for text in thresholds.ask]
        )
    checks = [_check(verified) for verified in report.found.properties]
    return PartFinding(checks, report.found.notes, details=report.record())


def _of_predictions(examined: ExaminedPredictions, thresholds: PropertyThresholds) -> PartFinding:
    if examined.network is None:
        return PartFinding([PROVED.blocked(examined.unknown)])
    if not thresholds.ask:
        remedy = say(
            "To check it: set ask under [properties] of a file of --thresholds, such as "
            '"irrelevant COLUMN within 0.05" or "irrelevant COLUMN to class".'
        )
        return PartFinding([PROVED.not_checked(say("No property was asked for."), remedy)])
    try:
        network = examined.network()
    except ModelFileError as error:
        return PartFinding(
            [PROVED.not_checked(error.message, error.remedy, about=text) for text in thresholds.ask]
        )
    asked = [(text, "") for text in thresholds.ask]
    found = verify_pairs(network, asked, seconds=thresholds.seconds)
    checks = [_check(verified) for verified in found.properties]
    return PartFinding(
        checks, list(notes_on_networks(found)), details=to_builtins(found, enc_hook=as_text)
    )


def _check(verified: Verified) -> Check:
    reason = " ".join(explained(verified))
    if verified.verdict == "not decided":
        remedy = say("Allow more time: seconds under [properties].")
        return PROVED.not_checked(reason, remedy, about=verified.property)
    return PROVED.judged(
        verified.verdict == "proved",
        reason,
        figure=say(VERDICTS[verified.verdict]),
        threshold=say(VERDICTS["proved"]),
        value=verified.certified,
        limit=1.0,
        about=verified.property,
    )


PART = TrustPart(
    "properties",
    marked("Are properties proved?"),
    (PROVED,),
    _of_model,
    _of_predictions,
    PropertyThresholds,
    asks="verify",
)
