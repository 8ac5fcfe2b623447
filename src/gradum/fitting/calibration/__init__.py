"""Calibration: a step after the logits that makes probabilities mean what they say.

A file a step, each a struct with its own fit; `choice` decides whether one is worth having.
"""

from gradum.fitting.calibration.choice import Calibration, chosen_calibration
from gradum.fitting.calibration.held_out_logits import HeldOutLogits
from gradum.fitting.calibration.matrix import MatrixScaling
from gradum.fitting.calibration.quadratic import QuadraticScaling
from gradum.fitting.calibration.temperature import TemperatureScaling

__all__ = [
    "Calibration",
    "HeldOutLogits",
    "MatrixScaling",
    "QuadraticScaling",
    "TemperatureScaling",
    "chosen_calibration",
]
