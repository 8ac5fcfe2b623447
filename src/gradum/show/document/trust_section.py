"""The parts of a trust report, each with its lines and the details below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradum.show.document.document import TextTable
from gradum.show.pictures.picture import Picture
from gradum.study.trust import Check


@dataclass(frozen=True)
class PartFinding:
    """The findings of one part of the report."""

    checks: Sequence[Check] = ()
    sentences: Sequence[str] = ()
    """Further sentences for the reader."""
    tables: Sequence[TextTable] = ()
    pictures: Sequence[Picture] = ()
    details: Any = None
    """Plain values for JSON."""


@dataclass(frozen=True)
class TrustSection:
    """A part of the report under its heading; its name is its anchor."""

    name: str
    title: str
    finding: PartFinding

    @property
    def pictures(self) -> Sequence[Picture]:
        """The pictures in this part."""
        return self.finding.pictures
