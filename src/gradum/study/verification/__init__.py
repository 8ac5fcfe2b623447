"""Verification of a network's property: first an attack, then bounds, then a search."""
