"""Every part of the trust report, in the order of the page. A new part is one file and one line."""

from __future__ import annotations

from gradum.api.trust import (
    calibration,
    coverage,
    data,
    drift,
    explanations,
    groups,
    limits,
    properties,
    reproducibility,
    scores,
    split,
    stress,
)
from gradum.api.trust.part import TrustPart

PARTS: tuple[TrustPart, ...] = (
    data.PART,
    split.PART,
    scores.PART,
    calibration.PART,
    coverage.PART,
    groups.PART,
    explanations.PART,
    stress.PART,
    properties.PART,
    drift.PART,
    reproducibility.PART,
    limits.PART,
)
