"""A folder of small tables that the benchmark of quality takes, one for each task."""

import json

import numpy as np
import pandas as pd
import pytest

ROWS = 120


@pytest.fixture
def tables():
    """Two classes, three classes with a rare fourth, and a number; levels and numbers missing."""
    rng = np.random.default_rng(0)

    def frame(target):
        x = rng.normal(size=ROWS)
        levels = rng.choice(["red", "green", "blue"], ROWS).astype(object)
        levels[::11] = None
        return pd.DataFrame(
            {
                "id": np.arange(ROWS),
                "x": np.where(np.arange(ROWS) % 7 == 0, np.nan, x),
                "colour": levels,
                "y": target(x + rng.normal(size=ROWS)),
            }
        )

    three = frame(lambda z: np.digitize(z, [-0.5, 0.5]).astype(object))
    three.loc[:3, "y"] = 9  # a class of four rows
    three.loc[4:6, "y"] = None
    return {
        "two": frame(lambda z: np.where(z > 0, "yes", "no")),
        "three": three,
        "number": frame(lambda z: 3 * z + 1),
    }


@pytest.fixture
def index():
    """What index.json says of them."""
    tasks = {"two": "binary", "three": "multiclass", "number": "regression"}
    sets = {
        name: {
            "file": f"{name}.parquet",
            "target": "y",
            "task": task,
            "categorical": ["colour", "a column that is not there"],
            "exclude": ["id"],
            "rows": ROWS,
        }
        for name, task in tasks.items()
    }
    return {"suite": list(sets), "sets": {**sets, "of no suite": {"task": "ranking"}}}


@pytest.fixture
def folder(tmp_path, tables, index):
    """The folder itself."""
    folder = tmp_path / "tables"
    folder.mkdir()
    for name, frame in tables.items():
        frame.astype({"y": "float64"} if name == "three" else {}).to_parquet(
            folder / f"{name}.parquet"
        )
    (folder / "index.json").write_text(json.dumps(index))
    return folder
