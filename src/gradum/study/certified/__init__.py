"""Fitted models as graphs of which bounds are taken, in the units of the table."""
