"""One seed, many named streams, so that adding a stage never shifts the others."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the random generator of one named stream of a seed.

    Parameters
    ----------
    seed : int
        The run's only seed, at least 0.
    *names : str or int
        The path of the stream, such as ``"shuffle"`` or ``"fold", 3``.

    Returns
    -------
    numpy.random.Generator
        PCG64 seeded by ``SeedSequence([seed, crc32(name), ...])``: the same seed
        and names give the same numbers on every machine.
    """
    words = [zlib.crc32(str(name).encode()) for name in names]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))
