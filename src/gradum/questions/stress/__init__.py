"""Stress tests: small changes that change answers, proofs that no change does, and accidents."""
