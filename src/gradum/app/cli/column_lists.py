"""Lists of columns as the command line writes them: ``a,b``."""

from __future__ import annotations

from collections.abc import Sequence


def read_columns(text: str, names: Sequence[str]) -> list[str]:
    """Return the columns that a text lists; a column whose own name has a comma is one."""
    return [text] if text in names else [name.strip() for name in text.split(",")]
