"""A counterexample in the form of the verification competition."""

from __future__ import annotations

import numpy as np


def counterexample_text(x: np.ndarray, y: np.ndarray) -> str:
    """Return an input [d] and its output [k] as ``((X_0 0.5) … (Y_1 2.0))``, a number a line.

    Every number is written with as many digits as its float64 needs to be read back to the bit.
    """
    names = [f"X_{i}" for i in range(len(x))] + [f"Y_{j}" for j in range(len(y))]
    numbers = [float(number) for number in (*x, *y)]
    pairs = (f"({name} {number!r})" for name, number in zip(names, numbers, strict=True))
    return "({})".format("\n ".join(pairs))
