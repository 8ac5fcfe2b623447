"""The trust report: every part is asked in turn, and required lines must have been checked."""

from __future__ import annotations

import datetime
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import structs

from gradum.api.trust.examined import ExaminedModel, ExaminedPredictions
from gradum.api.trust.parts import PARTS
from gradum.api.trust.thresholds import of_part, thresholds_of
from gradum.messages import say
from gradum.show.trust import TrustReport
from gradum.show.trust_section import TrustSection
from gradum.study.trust.check import Check
from gradum.tables.read import read
from gradum.tables.reading import ReadingOptions
from gradum.tables.sources.brought import PLAINLY

if TYPE_CHECKING:
    from gradum.api.model import Model


def trust_model(
    model: Model,
    data: Any = None,
    *,
    by: str | Sequence[str] = (),
    thresholds: str | os.PathLike | Mapping[str, Any] | None = None,
    rerun: bool = False,
    reading: ReadingOptions = PLAINLY,
) -> TrustReport:
    """Examine a model by new rows, which are read with ``reading``; see `Model.trust`."""
    asked = thresholds_of(thresholds)  # before anything slow
    columns = (by,) if isinstance(by, str) else tuple(by)
    table = None if data is None else read(data, reading)
    examined = ExaminedModel(model, table, columns, rerun)
    sections = [part.examine(examined, of_part(asked, part)) for part in PARTS]
    return _report(examined.name, model.target, sections, asked)


def trust_predictions(
    examined: ExaminedPredictions,
    thresholds: str | os.PathLike | Mapping[str, Any] | None = None,
) -> TrustReport:
    """Examine predictions of a model from elsewhere: what they can show, and the rest unchecked.

    Raises
    ------
    SpecError
        The thresholds cannot be used, or the rows not be grouped as asked.
    """
    asked = thresholds_of(thresholds)
    sections = [part.examine_predictions(examined, of_part(asked, part)) for part in PARTS]
    return _report(examined.name, examined.target, sections, asked)


def _report(
    subject: str, target: str, sections: Sequence[TrustSection], thresholds: Any
) -> TrustReport:
    marked = [_requiring(section, thresholds.require) for section in sections]
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    written = say("{time} by gradum {version}", time=now, version=version("gradum"))
    return TrustReport(subject, target, marked, msgspec.to_builtins(thresholds), written)


def _requiring(section: TrustSection, required: Collection[str]) -> TrustSection:
    """Mark the lines that had to be checked; of a part of that name, all if none of them was."""
    checks = section.finding.checks
    none_checked = all(check.status == "not checked" for check in checks)

    def marked(check: Check) -> Check:
        asked = check.name in required or (check.part in required and none_checked)
        return structs.replace(check, required=asked)

    finding = replace(section.finding, checks=[marked(check) for check in checks])
    return replace(section, finding=finding)
