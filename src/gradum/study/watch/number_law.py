"""The law of the numbers of new rows around their predictions, learned from judged rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.study.watch.answered import Answered, Learner
from gradum.study.watch.cross_fitting import CrossFitted

LEAST_SIZE = 1e-3
"""Of an error that is expected of a row, as a share of the mean error."""


@dataclass(frozen=True, eq=False)
class NumberLaw:
    """The targets of n new rows: y = ŷ + s t.

    Parameters
    ----------
    centre : ndarray of shape (n,)
        ŷ.
    log_size : CrossFitted
        ln s, the size of the error that is expected of a row.
    deviation : ndarray of shape (m,)
        t = (y − ŷ) / s of judged rows.
    weight : ndarray of shape (m,)
        How much each of them counts; the sum is their effective number.
    """

    centre: np.ndarray
    log_size: CrossFitted
    deviation: np.ndarray
    weight: np.ndarray

    @classmethod
    def learn(
        cls,
        judged: Answered,
        target: np.ndarray,
        new: Answered,
        *,
        alike: np.ndarray,
        learn: Learner,
        rng: np.random.Generator,
    ) -> NumberLaw:
        """Learn s by the columns and the answers; t is what s leaves of the errors (m,)."""
        error = target - judged.prediction.value
        mean = float(np.average(np.abs(error), weights=judged.weight)) or 1.0
        size = CrossFitted.by(
            learn, judged.values, np.abs(error) / mean, judged.weight, new.values, rng
        )
        log_size = CrossFitted(
            np.log(np.maximum(size.out_of_fold, LEAST_SIZE) * mean),
            np.log(np.maximum(size.of_new, LEAST_SIZE) * mean),
        )
        deviation = error / np.exp(log_size.out_of_fold)
        return cls(new.prediction.value, log_size, deviation, alike)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw targets of the new rows (n,), from a law that is drawn itself.

        Weights of the deviations are drawn as in the Bayesian bootstrap (D. B. Rubin, Annals of
        Statistics 9, 1981), each by a gamma distribution of its own weight.
        """
        passed = np.cumsum(rng.standard_gamma(self.weight))
        places = np.searchsorted(passed, rng.random(len(self.centre)) * passed[-1], side="right")
        deviation = self.deviation[np.minimum(places, len(passed) - 1)]
        return self.centre + np.exp(self.log_size.draw(rng)) * deviation
