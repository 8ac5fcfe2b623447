"""Packs, networks and bulk prediction on a graphics processor, through JAX as on any other device.

``gpu`` says that there is no device where JAX finds none.
"""

from __future__ import annotations

import time

import jax
import numpy as np
import polars as pl

import gradum

ROWS = 50_000


def main() -> None:
    """Print the seconds of each fit and of a prediction, or that there is no device."""
    devices = [device for device in jax.devices() if device.platform != "cpu"]
    if not devices:
        print("JAX finds no graphics processor here: nothing was measured.")
        return
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 20))
    frame = pl.DataFrame({f"x{k}": x[:, k] for k in range(20)})
    frame = frame.with_columns(y=pl.Series(x[:, 0] * x[:, 1] + rng.normal(size=ROWS)))
    print(f"device: {devices[0].device_kind}")
    for model in ("mlp", "pack"):
        started = time.perf_counter()
        fitted = gradum.fit(frame, "y", model=model, learning_curve=False, explain=False)
        print(f"{model}: fitted in {time.perf_counter() - started:.1f} s")
        started = time.perf_counter()
        fitted.predict(frame)
        print(f"{model}: {ROWS:,} rows predicted in {time.perf_counter() - started:.2f} s")
