"""Properties of a fitted model in words of its table: read, then proved, refuted or left open."""

from __future__ import annotations

from gradum.study.properties.result import Counterexample, Verification, Verified
from gradum.study.properties.table_domain import TableDomain
from gradum.study.properties.verify import read_properties, read_property, verify_properties

__all__ = [
    "Counterexample",
    "TableDomain",
    "Verification",
    "Verified",
    "read_properties",
    "read_property",
    "verify_properties",
]
