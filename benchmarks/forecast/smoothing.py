"""AutoETS of statsforecast, in an environment without gradum; several seasons by MSTL before it.

Reads series.parquet of a folder: origin, series, place and value. Prints the forecasts by origin,
series and step as JSON.
"""

from __future__ import annotations

import json
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from statsforecast.models import MSTL, AutoETS


def main() -> None:
    """Forecast each series from each origin."""
    asked = json.load(sys.stdin)
    rows = pl.read_parquet(Path(asked["folder"]) / "series.parquet")
    keys, values = zip(
        *(
            (key, part["value"].to_numpy())
            for key, part in rows.group_by("origin", "series", maintain_order=True)
        ),
        strict=True,
    )
    answer = partial(forecast, horizon=asked["horizon"], seasons=asked["seasons"])
    with ProcessPoolExecutor(2) as pool:
        found = list(pool.map(answer, values, chunksize=8))
    print(json.dumps([[*key, each] for key, each in zip(keys, found, strict=True)]))


def forecast(values: np.ndarray, horizon: int, seasons: list[int]) -> list[float]:
    """Return the forecasts of one series."""
    warnings.filterwarnings("ignore")
    model = AutoETS(season_length=seasons[0])
    if len(seasons) > 1:
        model = MSTL(season_length=seasons, trend_forecaster=AutoETS(model="ZZN"))
    return model.forecast(y=values.astype(float), h=horizon)["mean"].tolist()


if __name__ == "__main__":
    main()
