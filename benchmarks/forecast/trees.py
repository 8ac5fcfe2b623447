"""LightGBM on the rows that gradum makes of series, in an environment without gradum.

Reads learn.parquet and new.parquet of a folder; prints what it predicts for the new rows, and
the seconds of the processor, as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import process_time

import lightgbm
import pandas as pd


def main() -> None:
    """Fit with early stopping on the latest origins of the rows learned from; predict."""
    asked = json.load(sys.stdin)
    folder, target = Path(asked["folder"]), asked["target"]
    learn, new = (pd.read_parquet(folder / f"{part}.parquet") for part in ("learn", "new"))
    texts = [
        name for name in learn if learn[name].dtype == object or str(learn[name].dtype) == "str"
    ]
    for name in texts:
        levels = sorted(learn[name].dropna().unique())
        for frame in (learn, new):
            frame[name] = pd.Categorical(frame[name], categories=levels)
    y, late = learn.pop(target), learn.pop("late")
    new = new[learn.columns]
    for frame in (learn, new):
        frame.columns = [f"c{number}" for number in range(frame.shape[1])]
    plain = {"learning_rate": 0.05, "num_leaves": 31, "verbose": -1, "n_jobs": 1}
    model = lightgbm.LGBMRegressor(
        n_estimators=2000, objective=asked["objective"], random_state=asked["seed"], **plain
    )
    began = process_time()
    model.fit(
        learn[~late],
        y[~late],
        eval_set=[(learn[late], y[late])],
        callbacks=[lightgbm.early_stopping(50, verbose=False)],
    )
    predicted = model.predict(new).tolist()
    print(json.dumps({"predicted": predicted, "seconds": process_time() - began}))


if __name__ == "__main__":
    main()
