"""MAPIE's sets on LightGBM, in an environment that has both but not gradum.

This reads the request from standard input as JSON, and prints the share of rows covered and the
mean size of the sets by nominal coverage, for each score that MAPIE offers for the table.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from mapie.classification import SplitConformalClassifier

SCORES = {"LAC": "lac", "APS": "aps", "RAPS": "raps"}


def main() -> None:
    """Fit LightGBM once, and let MAPIE make sets from its answers."""
    warnings.filterwarnings("ignore")
    asked = json.load(sys.stdin)
    parts = _parts(asked)
    learned, target = parts["learn"]
    model = LGBMClassifier(verbose=-1, n_jobs=2, random_state=asked["seed"]).fit(learned, target)
    found = {}
    for name, score in SCORES.items():
        try:
            found[name] = _sets(model, score, parts, asked)
        except ValueError as error:  # MAPIE offers only LAC for two classes
            print(f"{name}: {error}", file=sys.stderr)
    print(json.dumps(found))


def _parts(asked: dict) -> dict[str, tuple[pd.DataFrame, np.ndarray]]:
    """Read the rows; levels become categories, those of the rows learned from."""
    frames = {
        part: pd.read_parquet(Path(asked["folder"]) / f"{part}.parquet")
        for part in ("learn", "judge", "new")
    }
    targets = {part: frame.pop(asked["target"]).to_numpy() for part, frame in frames.items()}
    classes = np.unique(targets["learn"])
    for name in asked["categorical"]:
        levels = pd.Index(sorted(frames["learn"][name].dropna().unique()))
        for frame in frames.values():
            frame[name] = pd.Categorical(frame[name], categories=levels)
    return {
        part: (frame, np.searchsorted(classes, targets[part])) for part, frame in frames.items()
    }


def _sets(model: LGBMClassifier, score: str, parts: dict, asked: dict) -> dict[str, list[float]]:
    conformal = SplitConformalClassifier(
        model,
        confidence_level=asked["nominal"],
        conformity_score=score,
        prefit=True,
        random_state=asked["seed"],
    )
    conformal.conformalize(*parts["judge"])
    rows, truth = parts["new"]
    _, sets = conformal.predict_set(rows)  # (n, K, levels)
    covered = sets[np.arange(len(truth)), truth]
    return {
        "coverage": covered.mean(axis=0).tolist(),
        "size": sets.sum(axis=1).mean(axis=0).tolist(),
    }


if __name__ == "__main__":
    main()
