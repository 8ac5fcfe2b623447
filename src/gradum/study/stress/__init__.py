"""Stress: which little changes of rows change answers, which provably do not; and accidents."""
