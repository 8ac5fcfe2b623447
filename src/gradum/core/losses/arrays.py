"""One formula for two libraries of arrays."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def array_module(*arrays: Any) -> ModuleType:
    """Return ``jax.numpy`` if any array is JAX's, else ``numpy``."""
    return jnp if any(isinstance(array, jax.Array) for array in arrays) else np
