"""How a score is written for people."""

from __future__ import annotations

import math


def figure(value: float | None, *, digits: int = 4, sign: bool = False) -> str:
    """Write some significant digits, thousands with commas, an undefined value as a dash.

    With ``sign``, differences show a plus as well.
    """
    if value is None or math.isnan(value):
        return "–"
    plus = "+" if sign else ""
    if 1000 <= abs(value) < 1e9:
        return f"{value:{plus},.0f}"
    return f"{value:{plus}.{digits}g}"
