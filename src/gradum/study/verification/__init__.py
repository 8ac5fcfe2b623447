"""Verification of a network's property: attacked first, then bounded, then searched."""
