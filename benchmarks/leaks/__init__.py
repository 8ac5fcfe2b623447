"""Leaky splits: how often they are found, and how often there is none to find."""
