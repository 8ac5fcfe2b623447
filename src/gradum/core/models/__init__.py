"""Models: one family, the feed-forward network, of which the linear model is the shallowest."""

from __future__ import annotations

from gradum.core.models.activations import ACTIVATIONS, Activation
from gradum.core.models.architecture import Embedding
from gradum.core.models.input_blocks import Inputs
from gradum.core.models.network import Network
from gradum.core.models.parameters import Params

__all__ = ["ACTIVATIONS", "Activation", "Embedding", "Inputs", "Network", "Params"]
