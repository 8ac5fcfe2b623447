"""The registry of settings: what can be set of each rung, by its name; no JAX is needed for it."""

from __future__ import annotations

from gradum.rungs.convolution.spec import ConvolutionSpec
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.pack.spec import PackSpec
from gradum.rungs.rung_spec import Settings

SETTINGS: dict[str, type[Settings]] = {
    "linear": LinearSpec,
    "mlp": MLPSpec,
    "pack": PackSpec,
    "convolution": ConvolutionSpec,
}
"""The settings of every kind that has any, simplest first; each is a field of a run's spec."""
