"""Calibration: a step after the logits that makes probabilities mean what they say.

Each step is a file with a struct that has its own fit; `choice` decides whether one is worth
having.
"""

from gradum.rungs.calibration.choice import Calibration, chosen_calibration
from gradum.rungs.calibration.held_out_logits import HeldOutLogits
from gradum.rungs.calibration.matrix_scaling import MatrixScaling
from gradum.rungs.calibration.quadratic import QuadraticScaling
from gradum.rungs.calibration.temperature import TemperatureScaling

__all__ = [
    "Calibration",
    "HeldOutLogits",
    "MatrixScaling",
    "QuadraticScaling",
    "TemperatureScaling",
    "chosen_calibration",
]
