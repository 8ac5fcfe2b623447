"""``python -m benchmarks NAME [ARGUMENTS]``."""

from __future__ import annotations

import sys
from importlib import import_module

BENCHMARKS = {
    "speed": "[NETS] [ROUNDS] [LIBRARIES]",
    "fits": "[ROUNDS]",
    "latency": "[ROUNDS] [wall | processor] [ROWS]",
    "memory": "[ROWS] [FOLDER]",
    "peaks": "[SMALLER] [held | blocks]",
    "start": "[ROUNDS]",
    "footprint": "[MODELS]",
    "fuzz": "COUNT [SEED] | atheris SECONDS",
    "coverage": "[DRAWS] [FITS] | precision [DRAWS] | means [DRAWS]",
    "watch": "[FITS] [ROWS]",
    "leaks": "[DRAWS] [fits | no-fits]",
    "guarantees": "[SPLITS] [DRAWS]",
    "explanations": "FOLDER [PARTS]",
    "adaptive": "FOLDER",
    "prediction_sets": "FOLDER [EFFORT] [SEEDS] [SETS]",
    "expected": "FOLDER [SEEDS] [MODELS] | simulated [DRAWS]",
    "intervals": "FOLDER [SEEDS]",
    "quality": "--data FOLDER [OPTIONS], which --help lists",
    "parts": "FOLDER [SETS] [PARTS]",
    "rungs": "FOLDER [SEEDS]",
    "monotone": "FOLDER [DRAWS] [EFFORT] [SETS]",
    "certified": "FOLDER [SETS] [ROWS] [POINTS] [RUNGS]",
    "chance": "FOLDER [SETS] [ROWS] [TIMES] [RUNGS]",
    "points": "[COUNT] [SEED]",
    "proofs": "FOLDER [SETS] [ROWS] [SECONDS] [RUNGS]",
    "compress": "FOLDER [SETS] [ROWS]",
    "calibration": "FOLDER [SPLITS] [ROWS] [SETS]",
    "nist": "",
    "encoding": "",
    "export": "FOLDER [SETS] | speed [ROUNDS]",
    "convex": "[TASKS] [SIZES] [ROUNDS]",
    "resume": "[KILLS]",
    "sequence": "[STREAMS]",
    "groups": "[DRAWS]",
    "trust": "[SETS] [RUNS]",
    "verification": "FOLDER [SECONDS] | random [COUNT] [SEED]",
    "results": "FILE",
    "house": "[FOLDER]",
    "grids": "FOLDER [SETS] [SIDES]",
    "series": "FOLDER [SEEDS] [SETS]",
    "texts": "FOLDER [SETS] [SEEDS] [SIDES]",
    "served": "[ROUNDS] | soak [MINUTES]",
    "freeze": "FOLDER [TABLES]",
    "lab": "[SECONDS]",
    "engines": "scaling | overhead | kills | store | peers [ARGUMENTS]",
    "gpu": "",
    "counts": "[ROWS] [SEEDS] [MODEL]",
    "forecast": "FOLDER [SETS] [SEEDS] | public FOLDER [SETS] [NAME=VALUE …] | "
    "simulated [DRAWS] [reported | tried]",
    "mutated_panels": "[COUNT] [SEED] [FIRST]",
    "kernels": "[KERNELS]",
    "games": "[SEEDS] [GAMES] [SIDES]",
}


def main() -> None:
    """Run the benchmark named on the command line."""
    name, *arguments = sys.argv[1:] or [""]
    if name not in BENCHMARKS:
        usages = "\n".join(
            f"  python -m benchmarks {name} {BENCHMARKS[name]}" for name in BENCHMARKS
        )
        sys.exit(f"usage:\n{usages}")
    import_module(f"benchmarks.{name}").main(*arguments)


if __name__ == "__main__":
    main()
