"""One fit, alone in this process: reads the table, divides it, fits, predicts, reports the error.

It is started by `benchmarks.quality.runs` with the method, the table and the split as JSON. The
answer is one line of JSON; what the libraries print goes to standard error. A problem with the
table itself, and so with every method, ends it with code 2.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.quality.measure import measure
from benchmarks.quality.peers import ready
from benchmarks.quality.sets import Table
from benchmarks.quality.split import Split
from gradum.errors import GradumError


def main(asked: str) -> None:
    """Run the requested fit, and print its outcome."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    warnings.filterwarnings("ignore")
    said = json.loads(asked)
    table = msgspec.convert(said["table"], Table)
    try:
        split = Split.of(
            Path(said["folder"]), table, seed=said["seed"], rows=said["rows"], kind=said["split"]
        )
    except GradumError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    print(json.dumps(fit(said["method"], split, said["seed"])), file=answers, flush=True)


def fit(method: str, split: Split, seed: int) -> dict[str, Any]:
    """Fit a method and predict; return the errors, the seconds and the memory."""
    made = ready(method, split, seed)
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    made.model.fit(made.train, made.target)
    fitted, after = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    most = _peak_mb(after)
    predict = made.model.predict if split.regression else made.model.predict_proba
    asked = time.perf_counter()
    said = predict(made.test)
    predicted = time.perf_counter()
    found = measure(split, said)
    if not math.isfinite(found["error"]):
        return {"failed": "predictions that are not finite"}
    return {
        "task": split.task,
        "n": len(split.train),
        "fit_s": fitted - began,
        "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "predict_s": predicted - asked,
        "rss_mb": most,
        **found,
    }


def _peak_mb(usage: resource.struct_rusage) -> float:
    """Return the peak memory of this process; on Linux, ``usage`` would include its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 2**10
    return usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main(*sys.argv[1:])
