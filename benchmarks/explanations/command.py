"""``python -m benchmarks explanations``: every part in turn, and the section of the page."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from benchmarks.explanations import shapley
from benchmarks.explanations.agreement import agreement
from benchmarks.explanations.coverage import coverage
from benchmarks.explanations.dice import counterfactuals
from benchmarks.explanations.pack import pack
from benchmarks.page import publish

PARTS: dict[str, Callable[[Path], str]] = {
    "agreement": agreement,
    "exact": shapley.exact,
    "drawn": shapley.drawn,
    "coverage": coverage,
    "pack": pack,
    "counterfactuals": counterfactuals,
}
PACKAGES = ("gradum", "jax", "numpy", "polars", "scipy")


def main(folder: str = "", parts: str = ",".join(PARTS)) -> None:
    """Run the parts that are named; all of them become a section of docs/benchmarks.md."""
    chosen = [part for part in parts.split(",") if part]
    if not folder or not set(chosen) <= set(PARTS):
        sys.exit(f"usage: python -m benchmarks explanations FOLDER [{','.join(PARTS)}]")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    warnings.filterwarnings("ignore")
    texts = [PARTS[part](Path(folder)) for part in chosen]
    text = "\n".join([*texts, shapley.versions(), ""])
    publish("explanations", text, PACKAGES, complete=set(chosen) == set(PARTS))
