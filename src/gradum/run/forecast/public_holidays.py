"""Public holidays of a country, as the package `holidays` knows them."""

from __future__ import annotations

import numpy as np

from gradum.errors import SpecError
from gradum.messages import say
from gradum.tables.extra import needs
from gradum.tables.forecast.facet import Forecast
from gradum.tables.forecast.panel import Panel

AHEAD = 10  # years after the last stamp whose holidays a model keeps


def public_holidays(country: str, panel: Panel, known: Forecast) -> tuple[str, ...]:
    """Return the holidays from the year of the first stamp to `AHEAD` years after the last.

    Parameters
    ----------
    country : str
        Two letters of ISO 3166, perhaps with a part of the country: "DE", "DE-BY".
    panel : Panel
    known : Forecast
        Whose stamps have to be dates.

    Raises
    ------
    SpecError
        Stamps are numbers, the package is absent, or it does not know the country.
    """
    if not known.frequency.dated:
        raise SpecError(
            "Column {column!r} holds no dates, so it has no holidays.",
            "Leave out --holidays.",
            column=known.time.name,
        )
    package = needs("holidays", "holidays", say("Holidays of a country"), SpecError)
    ends = known.frequency.stamps(np.array([panel.first, int(panel.ends.max())]))
    first, last = (
        ends.astype("datetime64[us]").astype("datetime64[Y]").astype(int) + 1970
    ).tolist()
    code, _, part = country.upper().partition("-")
    try:
        days = package.country_holidays(
            code, subdiv=part or None, years=range(first, last + AHEAD + 1)
        )
    except NotImplementedError:
        raise SpecError(
            "No holidays are known of {country!r}.",
            "Give a country by its two letters, perhaps with a part of it: DE or DE-BY.",
            country=country,
        ) from None
    return tuple(sorted(day.isoformat() for day in days))
