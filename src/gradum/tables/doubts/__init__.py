"""Doubts about a table: what its reader should check, such as rows of totals."""
