"""The seasonal naive, AutoETS and Theta of statsforecast, in an environment without gradum.

Reads the shown series of a set, a parquet file of ``series`` and ``value`` in order, and writes the
answers of one model into a file.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from time import process_time

import numpy as np
import polars as pl
from statsforecast.models import AutoETS, AutoTheta, SeasonalNaive, Theta

from benchmarks.forecast.answers import COVERAGES, Answers

MODELS = {
    "seasonal naive": SeasonalNaive,
    "AutoETS": AutoETS,
    "Theta": Theta,
    "AutoTheta": AutoTheta,
}


def main() -> None:
    """Let one model forecast every series, one after the other."""
    asked = json.load(sys.stdin)
    warnings.filterwarnings("ignore")
    parts = pl.read_parquet(asked["series"]).partition_by("series", maintain_order=True)
    past = [part["value"].to_numpy().astype(float) for part in parts]
    levels = [round(100 * each) for each in COVERAGES]
    make = MODELS[asked["model"]]
    make(season_length=asked["season"]).forecast(y=past[0], h=1, level=levels)  # compiles it
    began = process_time()
    found = [
        make(season_length=asked["season"]).forecast(y=each, h=asked["horizon"], level=levels)
        for each in past
    ]
    seconds = process_time() - began
    ends = [[[each[f"{end}-{n}"] for each in found] for end in ("lo", "hi")] for n in levels]
    mean = np.array([each["mean"] for each in found])
    Answers(mean, np.array(ends), seconds).save(Path(asked["answers"]))
    print("{}")


if __name__ == "__main__":
    main()
