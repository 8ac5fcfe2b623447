"""One side of a comparison, alone in this process: gets ready, then does a round on request.

It is started by `benchmarks.sides`. The first line says that it is ready, or why it cannot be
measured; each line sent to it requests a round, whose figures are the next line. What the libraries
print goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module

from benchmarks.sides import Absent, take_cores


def main(module: str, function: str, arguments: str) -> None:
    """Serve the rounds of the side that a function makes from these arguments."""
    take_cores()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def answer(**said: object) -> None:
        print(json.dumps(said), file=answers, flush=True)

    try:
        one_round = getattr(import_module(module), function)(**json.loads(arguments))
    except (ImportError, Absent) as error:
        return answer(absent=str(error))
    answer(absent="")
    for _ in sys.stdin:
        answer(**one_round())


if __name__ == "__main__":
    main(*sys.argv[1:])
