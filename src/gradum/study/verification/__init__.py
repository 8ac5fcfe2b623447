"""Verification of a network's property: attacked first, then bounded, then searched."""

from __future__ import annotations

from gradum.study.verification.attack import attack
from gradum.study.verification.domain import Domain, VerificationOutcome
from gradum.study.verification.verify import verify, verify_all

__all__ = ["Domain", "VerificationOutcome", "attack", "verify", "verify_all"]
