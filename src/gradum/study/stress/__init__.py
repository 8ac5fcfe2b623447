"""Stress tests: small changes that change answers, proofs that none does, and accidents."""
