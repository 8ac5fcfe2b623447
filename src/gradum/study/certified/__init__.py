"""Fitted models as graphs that can be bounded, in the units of the table."""
