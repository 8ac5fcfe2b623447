"""``python -m benchmarks explanations``: every part in turn, and the section of the page."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.explanations import shapley
from benchmarks.explanations.agreement import agreement
from benchmarks.explanations.coverage import coverage
from benchmarks.explanations.dice import counterfactuals
from benchmarks.explanations.pack import pack
from benchmarks.page import PAGE, circumstances, replace_section
from gradum.errors import GradumError

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
    """Run the named parts; if all are run, they become a section of docs/benchmarks.md."""
    chosen = [part for part in parts.split(",") if part]
    if not folder or not set(chosen) <= set(PARTS):
        sys.exit(f"usage: python -m benchmarks explanations FOLDER [{','.join(PARTS)}]")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    warnings.filterwarnings("ignore")
    try:
        texts = list(_printed(chosen, Path(folder)))
    except GradumError as error:
        sys.exit(f"error: {error}")
    ending = f"{shapley.versions()}\n\n{circumstances(PACKAGES)}\n"
    print(ending)
    if set(chosen) == set(PARTS):
        replace_section(PAGE, "explanations", "\n".join([*texts, ending]))


def _printed(parts: Sequence[str], tables: Path) -> Iterator[str]:
    """Yield each part's results, and print them as soon as known: all parts take an hour."""
    for part in parts:
        text = PARTS[part](tables)
        print(text, flush=True)
        yield text
