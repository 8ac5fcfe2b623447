"""The registry of penalties: a penalty is one file here and one line below."""

from __future__ import annotations

from typing import Any

from gradum.core.penalties.elastic_net import ElasticNet
from gradum.core.penalties.l1 import L1
from gradum.core.penalties.l2 import L2
from gradum.core.penalties.penalty import Penalty
from gradum.core.penalties.unpenalised import Unpenalised

PENALTIES: dict[str, type[Any]] = {
    penalty.name: penalty for penalty in (Unpenalised, L2, L1, ElasticNet)
}

__all__ = ["L1", "L2", "PENALTIES", "ElasticNet", "Penalty", "Unpenalised"]
