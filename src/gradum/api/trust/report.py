"""The trust report: all parts are run, tests share one error, required lines must be checked."""

from __future__ import annotations

import datetime
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import msgspec
from msgspec import structs

from gradum.api.trust.examined import AskedModel, ExaminedModel, ExaminedPredictions
from gradum.api.trust.part import TrustPart
from gradum.api.trust.parts import PARTS
from gradum.api.trust.thresholds import of_part, thresholds_of
from gradum.messages import as_text, say
from gradum.show.answers.trust import TrustReport
from gradum.show.document.trust_section import TrustSection
from gradum.study.trust import Check, Family, settled
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.sources.fetched import PLAINLY
from gradum.tables.sources.read import read
from gradum.waiting import told


def trust_model(
    model: AskedModel,
    data: Any = None,
    *,
    by: str | Sequence[str] = (),
    thresholds: str | os.PathLike | Mapping[str, Any] | None = None,
    rerun: bool = False,
    reading: ReadingOptions = PLAINLY,
) -> TrustReport:
    """Examine a model on new rows, which are read with ``reading``; see `Model.trust`."""
    demanded = thresholds_of(thresholds)  # read before anything slow happens
    columns = (by,) if isinstance(by, str) else tuple(by)
    table = None if data is None else read(data, reading)
    examined = ExaminedModel(model, table, columns, rerun)
    sections = [part.examine(examined, of_part(demanded, part)) for part in _told()]
    return _report(examined.name, model.target, sections, demanded)


def trust_predictions(
    examined: ExaminedPredictions, thresholds: str | os.PathLike | Mapping[str, Any] | None = None
) -> TrustReport:
    """Examine predictions of a model from elsewhere; what they cannot show is not checked.

    Raises
    ------
    SpecError
        The thresholds cannot be used, or the rows cannot be grouped as asked.
    """
    demanded = thresholds_of(thresholds)
    sections = [part.examine_predictions(examined, of_part(demanded, part)) for part in _told()]
    return _report(examined.name, examined.target, sections, demanded)


def _told() -> Iterator[TrustPart]:
    return told(PARTS, say("examining the model, part by part"), len(PARTS))


def _report(
    subject: str, target: str, sections: Sequence[TrustSection], thresholds: Any
) -> TrustReport:
    tested, family = _settled(sections, thresholds.error)
    required = [_requiring(section, thresholds.require) for section in tested]
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    written = say("{time} by gradum {version}", time=now, version=version("gradum"))
    return TrustReport(
        subject,
        target,
        required,
        msgspec.to_builtins(thresholds, enc_hook=as_text),
        written,
        family,
    )


def _settled(sections: Sequence[TrustSection], error: float) -> tuple[list[TrustSection], Family]:
    """Judge the lines of all parts that may fail by chance under one shared error."""
    checks, family = settled(
        [check for section in sections for check in section.finding.checks], error
    )
    rest = iter(checks)
    return [
        _with(section, [next(rest) for _ in section.finding.checks]) for section in sections
    ], family


def _with(section: TrustSection, checks: Sequence[Check]) -> TrustSection:
    return replace(section, finding=replace(section.finding, checks=checks))


def _requiring(section: TrustSection, required: Collection[str]) -> TrustSection:
    """Mark the lines that had to be checked: those named, and all of a named part if none was."""
    checks = section.finding.checks
    none_checked = all(check.status == "not checked" for check in checks)

    def is_required(check: Check) -> bool:
        return check.name in required or (check.part in required and none_checked)

    return _with(section, [structs.replace(check, required=is_required(check)) for check in checks])
