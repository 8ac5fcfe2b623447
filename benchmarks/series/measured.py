"""Accuracy and seconds of a side by set, in a process that is held to one thread."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


def tell(folder: str, seeds: str, judged: Callable[[Any, int], float]) -> None:
    """Print a line of JSON: by set, in the mean over the seeds, accuracy and processor seconds.

    A fit before those that count compiles.
    """
    found = {}
    for file in sorted(Path(folder).glob("*.npz")):
        data = dict(np.load(file))
        judged(data, 0)
        began = time.process_time()
        accuracy = np.mean([judged(data, seed) for seed in range(int(seeds))])
        found[file.stem] = float(accuracy), (time.process_time() - began) / int(seeds)
    print(json.dumps(found))
