"""Calibration: a step after the logits that makes probabilities mean what they say.

Each way is a file with a struct that has its own fit, and a member of ``WAYS`` in `choice`, which
decides whether one is worth having.
"""

from gradum.rungs.calibration.calibration import Calibration, PostStep
from gradum.rungs.calibration.choice import WAYS, chosen_calibration
from gradum.rungs.calibration.held_out_logits import HeldOutLogits
from gradum.rungs.calibration.matrix_scaling import MatrixScaling
from gradum.rungs.calibration.quadratic import QuadraticScaling
from gradum.rungs.calibration.temperature import TemperatureScaling

__all__ = [
    "WAYS",
    "Calibration",
    "HeldOutLogits",
    "MatrixScaling",
    "PostStep",
    "QuadraticScaling",
    "TemperatureScaling",
    "chosen_calibration",
]
