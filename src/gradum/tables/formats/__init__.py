"""Formats: bytes, text and the objects of Python become rows of a table."""
