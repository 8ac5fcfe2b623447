"""The errors of each series of a forecast, in words and as the lines of a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradum.messages import say, sentences
from gradum.scores.figures import figure, in_unit, percent
from gradum.study.findings.findings import Findings
from gradum.study.findings.judged_series import SeriesErrors


def in_words(errors: SeriesErrors, unit: str) -> str:
    """Say how far off the forecasts of a series are, and how many intervals hold."""
    off = say(
        "Off by {error} on average, repeating the last season by {naive}.",
        error=in_unit(figure(errors.error), unit),
        naive=in_unit(figure(errors.naive), unit),
    )
    if errors.covered is None:
        return off
    held = say("{share} of its 90% intervals hold the actual value.", share=percent(errors.covered))
    return sentences([off, held])


def series_table(findings: Findings | None, unit: str) -> dict[str, Any] | None:
    """Return the words and cells of the table of series; None where there are not several."""
    found = findings.found("forecast") if findings else None
    if found is None or found.judged is None or len(found.judged.lines) < 2:
        return None
    lines = found.judged.lines
    cells = [_cells(each.series, each) for each in lines]
    if found.judged.others:
        cells.append(_cells(say("all others"), found.judged.others))
    return {
        "line": say(
            "Worst beside the naive error: {series}. {errors}",
            series=lines[0].series,
            errors=in_words(lines[0], unit),
        ),
        "header": (
            say("series"),
            say("mean"),
            say("error"),
            say("naive error"),
            say("error / naive error"),
            say("forecast − actual"),
            say("90% intervals hold"),
            say("forecasts"),
        ),
        "cells": cells,
    }


def _cells(name: str, errors: SeriesErrors) -> tuple[str, ...]:
    return (
        name,
        figure(errors.size),
        figure(errors.error),
        figure(errors.naive),
        percent(errors.share) if np.isfinite(errors.share) else "–",
        figure(errors.bias, sign=True),
        "–" if errors.covered is None else percent(errors.covered),
        f"{errors.forecasts:,}",
    )
