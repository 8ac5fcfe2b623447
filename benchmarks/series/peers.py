"""aeon's MiniRocket with scikit-learn's ridge classifier, and the sets that aeon ships.

    python -m benchmarks.series.peers FOLDER SEEDS

``FOLDER`` has the sets as ``NAME.npz``; those of aeon are added to them. The result is a line of
JSON: accuracy and seconds of the processor, by set, in the mean over the seeds.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.series.measured import tell

SHIPPED = ("ACSF1", "ItalyPowerDemand", "JapaneseVowels", "PickupGestureWiimoteZ", "UnitTest")
STRENGTHS = np.logspace(-3, 3, 10)  # of the ridge, as its authors choose among


def write_shipped(folder: Path) -> None:
    """Write the sets that aeon ships, those of equal length or brought to it."""
    import aeon.datasets as datasets

    where = Path(str(datasets.__file__)).parent / "data"
    for name in SHIPPED:
        equal = f"{name}_eq" if (where / name / f"{name}_eq_TRAIN.ts").exists() else name
        parts: dict[str, Any] = {}
        for part in ("train", "test"):
            file = where / name / f"{equal}_{part.upper()}.ts"
            x, y = datasets.load_from_ts_file(str(file))
            parts[f"x_{part}"], parts[f"y_{part}"] = np.asarray(x, np.float32), y.astype(str)
        np.savez_compressed(folder / f"{name}.npz", **parts)


def judged(data: Any, seed: int) -> float:
    """Return the share of test rows that the model gets right."""
    from aeon.transformations.collection.convolution_based import MiniRocket
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    kernels = MiniRocket(random_state=seed)
    model = make_pipeline(StandardScaler(), RidgeClassifierCV(STRENGTHS))
    model.fit(kernels.fit_transform(data["x_train"]), data["y_train"])
    return float(model.score(kernels.transform(data["x_test"]), data["y_test"]))


def main(folder: str, seeds: str) -> None:
    """Print accuracy and seconds of every set."""
    warnings.filterwarnings("ignore")
    write_shipped(Path(folder))
    tell(folder, seeds, judged)


if __name__ == "__main__":
    main(*sys.argv[1:])
