"""The part on properties: what is proved of every row that there can be."""

from __future__ import annotations

from gradum.api.trust.examined import ExaminedModel
from gradum.api.trust.part import PartThresholds, TrustPart
from gradum.messages import marked, say
from gradum.show.trust_section import PartFinding
from gradum.study.trust.check import Line

PROVED = Line("properties.proved", marked("The properties that were asked for are proved"))


def _of_model(examined: ExaminedModel, thresholds: PartThresholds) -> PartFinding:
    remedy = say('To check it: gradum verify RUN --property "monotone COLUMN+"')
    return PartFinding([PROVED.not_checked(say("No property was asked for."), remedy)])


PART = TrustPart("properties", marked("Properties"), (PROVED,), _of_model)
