"""Other libraries' intervals and quantiles, in their own environment.

    python -m benchmarks.intervals.peers FOLDER

``FOLDER`` has ``fit.parquet``, ``judge.parquet`` and ``test.parquet``, each with the target in its
last column. The result is a line of JSON.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.intervals.figures import ALPHA, LEVELS, crps, measured

CORES = 2


def conformalised_quantiles(
    fit: pd.DataFrame, judge: pd.DataFrame, test: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of CQR's intervals with LightGBM at its defaults (Romano et al. 2019)."""
    from lightgbm import LGBMRegressor
    from mapie.regression import ConformalizedQuantileRegressor

    quantile = LGBMRegressor(
        objective="quantile", alpha=0.5, verbose=-1, n_jobs=CORES, random_state=0
    )
    model: Any = ConformalizedQuantileRegressor(quantile, confidence_level=1 - ALPHA)
    model.fit(*_parted(fit))
    model.conformalize(*_parted(judge))
    _, ends = model.predict_interval(_parted(test)[0])
    return ends[:, 0, 0], ends[:, 1, 0]


def forest_quantiles(train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """Return a quantile forest's quantiles (n, 100); it takes levels as numbers, none missing."""
    from quantile_forest import RandomForestQuantileRegressor

    model: Any = RandomForestQuantileRegressor(n_jobs=CORES, random_state=0)
    columns, target = _parted(train)
    known = _as_numbers(columns)
    middle = known.median()
    model.fit(known.fillna(middle), target)
    asked = _as_numbers(_parted(test)[0]).fillna(middle)
    return model.predict(asked, quantiles=LEVELS.tolist())


def _parted(rows: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    return rows.iloc[:, :-1], rows.iloc[:, -1].to_numpy()


def _as_numbers(columns: pd.DataFrame) -> pd.DataFrame:
    """Replace categories by their codes; scikit-learn's trees take no others."""
    return columns.apply(
        lambda column: column.cat.codes if column.dtype.name == "category" else column
    )


def main(folder: str) -> None:
    """Print the figures of the intervals and quantiles as JSON."""
    warnings.filterwarnings("ignore")
    fit, judge, test = (
        pd.read_parquet(Path(folder, f"{part}.parquet")) for part in ("fit", "judge", "test")
    )
    target, deviation = _parted(test)[1], float(_parted(fit)[1].std())
    result = measured(target, *conformalised_quantiles(fit, judge, test), deviation)
    quantiles = forest_quantiles(pd.concat([fit, judge]), test)
    result["crps"] = crps(target, quantiles) / deviation
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
