"""The parts of a trust report, each with its lines and whatever stands below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradum.show.document import TextTable
from gradum.show.pictures.picture import Picture
from gradum.study.trust import Check


@dataclass(frozen=True)
class PartFinding:
    """What one part of the report found.

    Parameters
    ----------
    checks : sequence of Check
    sentences : sequence of str
        What else a reader must know.
    tables : sequence of TextTable
    pictures : sequence of Picture
    details : Any
        Plain values for JSON.
    """

    checks: Sequence[Check] = ()
    sentences: Sequence[str] = ()
    tables: Sequence[TextTable] = ()
    pictures: Sequence[Picture] = ()
    details: Any = None


@dataclass(frozen=True)
class TrustSection:
    """A part of the report under its heading; its name is its anchor."""

    name: str
    title: str
    finding: PartFinding

    @property
    def pictures(self) -> Sequence[Picture]:
        """What is drawn in it."""
        return self.finding.pictures
