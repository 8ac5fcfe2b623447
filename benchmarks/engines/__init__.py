"""Tables on processes and clusters: how passes scale, what they cost, and what kills change.

``python -m benchmarks engines`` and one of

- ``scaling [ROWS]``: one process, two, and two runs beside each other, for the passes over a table,
  for folds, for lanes and for the networks of an ensemble (`scaling`);
- ``overhead [ROUNDS]``: what Ray adds to a pass over 64 blocks (`overhead`);
- ``kills [WORKERS] [DRIVERS]``: workers and drivers killed at random moments (`kills`);
- ``store [ROWS]``: a table in a store of objects on this machine, beside polars (`ranges`);
- ``peers [ROWS] [SIDES]``: beside XGBoost on Dask, dask-ml and Spark (`peers`).
"""

from __future__ import annotations

import sys
from importlib import import_module

PARTS = {
    "scaling": "scaling",
    "overhead": "overhead",
    "kills": "kills",
    "store": "ranges",
    "peers": "peers",
}


def main(part: str = "", *arguments: str) -> None:
    """Run a part; its imports stay out of the processes of other libraries."""
    if part not in PARTS:
        sys.exit(f"usage: python -m benchmarks engines {' | '.join(PARTS)}")
    import_module(f"benchmarks.engines.{PARTS[part]}").main(*arguments)
