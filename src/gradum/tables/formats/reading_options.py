"""Options for reading a table: which of several tables it is, and how its text is written."""

from __future__ import annotations

from msgspec import Struct

from gradum.errors import SpecError
from gradum.tables.wording import shortened


class ReadingOptions(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the user says about a table besides its name."""

    sheet: str | None = None
    """A sheet of a workbook, or a part of an archive of arrays."""
    query: str | None = None
    """One SELECT statement for a database."""
    encoding: str | None = None
    """The encoding of a text file; recognised if left out."""
    skip_rows: int | None = None
    """Lines of a CSV or TSV file above its header; recognised if left out."""
    keep_totals: bool = False
    """Whether rows of totals, which add up other rows, are rows like others."""

    def __post_init__(self) -> None:
        """Refuse a number of lines that no file can have."""
        if self.skip_rows is not None and not (
            type(self.skip_rows) is int and 0 <= self.skip_rows < 2**63
        ):
            raise SpecError(
                "{count} lines cannot be skipped.",
                "Give --skip-rows the number of lines above the header.",
                count=shortened(self.skip_rows),
            )
