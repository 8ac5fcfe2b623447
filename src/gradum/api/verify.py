"""A network in ONNX against a property in VNN-LIB."""

from __future__ import annotations

import math
import os

import numpy as np

from gradum.ship.exchange.onnx_network import read_network
from gradum.ship.exchange.vnnlib import read_property
from gradum.study.verification import Domain, VerificationOutcome, verify_all


def verify_network(
    network: str | os.PathLike,
    stated: str | os.PathLike,
    *,
    seconds: float = math.inf,
    seed: int = 0,
) -> VerificationOutcome:
    """Find out whether a network from an ONNX file has a property from a VNN-LIB file.

    As in the verification competition, a proof is of the network in exact arithmetic, with the
    file's weights. A counterexample is made of float32 numbers, wherever the property's box has
    any, and counts only if the output that ONNX Runtime has there is unsafe as well.

    Parameters
    ----------
    network, stated : str or path
        The files.
    seconds : float
        Where the search ends undecided.
    seed : int
        Of the attack.

    Raises
    ------
    ModelFileError, PropertyError
        A file cannot be read, or they do not belong together.
    """
    onnx, claimed = read_network(network), read_property(stated)
    claimed.check_fits(onnx.graph)
    domains = [Domain.of_case(case, np.float32) for case in claimed.cases]
    return verify_all(onnx.graph, domains, replay=onnx.run, seconds=seconds, seed=seed)
