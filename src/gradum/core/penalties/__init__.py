"""The registry of penalties: a penalty is one file here and one line below."""

from __future__ import annotations

from gradum.core.penalties.l2 import L2
from gradum.core.penalties.penalty import Penalty

PENALTIES: dict[str, type[Penalty]] = {"l2": L2}

__all__ = ["L2", "PENALTIES", "Penalty"]
