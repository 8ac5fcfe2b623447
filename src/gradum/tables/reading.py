"""What the user says about reading a table: which of several it is, and how its text is written."""

from __future__ import annotations

from msgspec import Struct


class Reading(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the user says about a table besides its name.

    Parameters
    ----------
    sheet : str or None
        A sheet of a workbook.
    query : str or None
        One SELECT statement for a database.
    encoding : str or None
        That of a text file; recognised if left out.
    """

    sheet: str | None = None
    query: str | None = None
    encoding: str | None = None
