"""The part on stress: how little changes an answer, and from how far on nothing does."""

from __future__ import annotations

from gradum.api.trust.examined import ExaminedModel
from gradum.api.trust.part import Part, PartThresholds
from gradum.messages import marked, say
from gradum.show.trust_section import PartFinding
from gradum.study.trust.check import Line

KEPT = Line("stress.kept", marked("Small changes of a row leave its answer as it is"))


def _of_model(examined: ExaminedModel, thresholds: PartThresholds) -> PartFinding:
    remedy = say("To check it: gradum stress RUN TABLE")
    return PartFinding([KEPT.not_checked(say("No change of rows was tried."), remedy)])


PART = Part("stress", marked("Stress and certificates"), (KEPT,), _of_model)
