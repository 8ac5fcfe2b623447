"""gradum's forecasts of a set, as a user gets them: `gradum.fit` and `Model.forecast`.

It works in a process of its own, so that no set profits from what another has compiled.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import process_time

import numpy as np
import polars as pl

import gradum
from benchmarks.forecast.answers import COVERAGES, Answers


def main() -> None:
    """Fit the shown series, and forecast each from its end."""
    asked = json.load(sys.stdin)
    shown, horizon = pl.read_parquet(asked["series"]), asked["horizon"]
    began = process_time()
    model = gradum.fit(
        shown, "value", time="stamp", series=["series"], horizon=horizon, **asked["options"]
    )
    model.forecast(coverage=COVERAGES[-1])
    seconds = process_time() - began
    frames = [model.forecast(coverage=each).sort("series", "stamp") for each in COVERAGES]
    ends = [[frame[end].cast(float).to_numpy() for end in ("low", "high")] for frame in frames]
    mean = frames[0]["prediction"].to_numpy().reshape(-1, horizon)
    shaped = np.array(ends, float).reshape(len(COVERAGES), 2, *mean.shape)
    Answers(mean, shaped, seconds, str(model.used)).save(Path(asked["answers"]))
    print("{}")


if __name__ == "__main__":
    main()
