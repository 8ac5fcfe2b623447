"""Which table of a file or a database is read, where it may hold several."""

from __future__ import annotations

from msgspec import Struct


class Reading(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the user says about the place of a table besides its name.

    Parameters
    ----------
    sheet : str or None
        A sheet of a workbook.
    query : str or None
        One SELECT statement for a database.
    """

    sheet: str | None = None
    query: str | None = None
