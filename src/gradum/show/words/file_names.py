"""The names of a run's files in its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """The names of the run's files in the commands that repeat it."""

    data: str | None = None
    """None if the rows came from memory; then only Python can repeat the run."""
    test: str | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of each file by its name."""
