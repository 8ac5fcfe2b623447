"""``python -m benchmarks NAME``."""

from __future__ import annotations

import sys

from benchmarks import encoding

BENCHMARKS = {"encoding": encoding.main}


def main() -> None:
    """Run the benchmark that is named on the command line."""
    names = sys.argv[1:]
    if len(names) != 1 or names[0] not in BENCHMARKS:
        sys.exit(f"usage: python -m benchmarks {{{','.join(BENCHMARKS)}}}")
    BENCHMARKS[names[0]]()


if __name__ == "__main__":
    main()
