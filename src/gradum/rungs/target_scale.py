"""A numeric target on the scale of the models, and the way back to its own units."""

from __future__ import annotations

import msgspec
import numpy as np

from gradum.core.bounds import Affine, Exp, Graph, Interpolated, Limited, Operation
from gradum.core.losses import Loss
from gradum.rungs.smearing import TRAINING, ResidualSpread, factor_of

BEYOND = 1e-3  # of a logarithm: far more than rounding, and hardly any change of its exponential


class TargetScale(msgspec.Struct, frozen=True):
    """Models learn (t - centre) / scale, where t is the target or its logarithm.

    A prediction f goes back by t = centre + scale f; if t is the logarithm, the number is exp(t)
    times a smearing factor (`gradum.rungs.smearing`).
    """

    centre: float
    scale: float
    """Over the training rows, in units of t: the mean and the standard deviation or, for losses
    that outliers do not pull, the median and the mean distance from it. For a loss with a
    logarithmic link, they are 0 and the mean, so that the logit 0 is the mean."""
    low: float
    high: float
    """Smallest and largest training target, in the target's own units."""
    log: bool = False
    """Whether t is the logarithm of the target."""
    smearing: float = 1.0
    """The smearing factor that is right if residuals spread equally; 1 without the logarithm."""
    spread: ResidualSpread | None = None
    """How residuals spread, and the factor by prediction if they do not spread equally; None
    without the logarithm, or if all predictions are the same."""

    @classmethod
    def fit(
        cls, target: np.ndarray, weight: np.ndarray, *, log: bool, robust: bool = False
    ) -> TargetScale:
        """Measure the target (n,) and weight (n,) of training rows; ``robust`` uses the median."""
        values = np.log(target) if log else target
        if robust:
            centre = float(np.quantile(values, 0.5, weights=weight, method="inverted_cdf"))
            scale = float(np.average(np.abs(values - centre), weights=weight))
        else:
            centre = float(np.average(values, weights=weight))
            scale = float(np.sqrt(np.average(np.square(values - centre), weights=weight)))
        return cls(centre, scale or 1.0, float(target.min()), float(target.max()), log)

    @classmethod
    def of(cls, loss: Loss, target: np.ndarray, weight: np.ndarray, *, log: bool) -> TargetScale:
        """Measure the target (n,) and weight (n,) of training rows on the scale that suits a loss.

        Raises
        ------
        TargetError
            The loss has no meaning for such a target.
        """
        if loss.link == "log":
            loss.check_target(target)
            mean = float(np.average(target, weights=weight))
            return cls(0.0, mean, float(target.min()), float(target.max()))
        return cls.fit(target, weight, log=log, robust=not loss.quadratic)

    @property
    def rises(self) -> bool:
        """Whether predictions rise with their scaled values, except for rounding."""
        follows = self.spread is None or self.spread.rises
        return self.scale > 0 and (not self.log or (follows and self.smearing > 0))

    def forward(self, target: np.ndarray) -> np.ndarray:
        """Bring targets to the models' scale."""
        return (self.logged(target) - self.centre) / self.scale

    def within(self, values: np.ndarray) -> np.ndarray:
        """Clamp numbers to the range of the training targets."""
        return np.clip(values, self.low, self.high)

    def logged(self, target: np.ndarray) -> np.ndarray:
        """Return the logarithms of targets, if the models learn logarithms."""
        return np.log(target) if self.log else target

    def inverse(self, scaled: np.ndarray, *, clamp: bool) -> np.ndarray:
        """Bring predictions back; ``clamp`` holds them within the range of the training targets."""
        values = self.centre + self.scale * scaled
        if self.log:
            # A straight line grows without bound, and its exponential far faster: beyond the range
            # of the training targets, it may rise and fall by that range once more, not further.
            low, high = np.log(self.low), np.log(self.high)
            values = np.clip(values, 2 * low - high, 2 * high - low)
            values = np.exp(values) * self._factor(values)
        return self.within(values) if clamp else values

    def graph(self, *, clamp: bool) -> Graph:
        """Return `inverse` for one prediction as a graph, for bounds.

        exp(t) f(t) is the exponential of t + log f(t), a curve of straight pieces.
        """
        operations: list[Operation] = [
            Affine(np.full((1, 1), self.scale), np.full(1, self.centre), roundings=2)
        ]
        if self.log:
            low, high = np.log(self.low), np.log(self.high)
            known = np.array(self.spread.at if self.spread else ())
            at = np.unique(
                np.clip([2 * low - high, *known, 2 * high - low], 2 * low - high, 2 * high - low)
            )
            operations.append(Interpolated(at, at + np.log(self._factor(at))))
            if clamp:  # so that bounds of the exponential end a little beyond the limits
                operations.append(Limited(low - BEYOND, high + BEYOND))
            operations.append(Exp())
        if clamp:
            operations.append(Limited(self.low, self.high))
        return Graph.of(1, *operations)

    def quantile(self, scaled: np.ndarray) -> np.ndarray:
        """Bring quantiles back: sorted, not clamped, and from logarithms without smearing."""
        return self.unlogged(self.centre + self.scale * scaled)

    def unlogged(self, values: np.ndarray) -> np.ndarray:
        """Undo `logged`."""
        with np.errstate(over="ignore"):
            return np.exp(values) if self.log else values

    def largest(self, scaled: float) -> float:
        """Return a bound on predictions with scaled values up to that size; it may be infinite."""
        straight = abs(self.centre) + self.scale * scaled
        if not self.log:
            return straight
        farthest = np.exp(2 * np.log(self.high) - np.log(self.low))
        factors = self.spread.factors if self.spread else ()
        return straight + float(max(factors, default=self.smearing) * farthest)

    def with_smearing(
        self, target: np.ndarray, scaled: np.ndarray, weight: np.ndarray, *, where: str = TRAINING
    ) -> TargetScale:
        """Return the scale with the smearing factor measured on known rows.

        Parameters
        ----------
        target, scaled, weight : ndarray of shape (n,)
            The rows' targets, their predictions on the models' scale, and their weights.
        where : str
            Which rows these are, in words.
        """
        if not self.log:
            return self
        predicted, true = self.centre + self.scale * scaled, np.log(target)
        factor = factor_of(predicted, true, weight)
        spread = (
            ResidualSpread.of(predicted, true, weight, where) if np.ptp(predicted) > 0 else None
        )
        return msgspec.structs.replace(self, smearing=factor, spread=spread)

    def settled(
        self,
        loss: Loss,
        target: np.ndarray,
        logits: np.ndarray,
        weight: np.ndarray,
        *,
        where: str = TRAINING,
    ) -> TargetScale:
        """Return the scale with what known rows (n,) say of a network's logits (n,).

        For logarithms, this is the smearing. Under a logarithmic link, predicted means are made to
        add up to what was observed: a network that stops early, and a mean of several logits,
        predict too little or too much in all (M. Wüthrich, Bias regularization in neural network
        models for general insurance pricing, 2020).
        """
        if loss.link != "log":
            return self.with_smearing(target, logits, weight, where=where)
        observed = weight @ self.forward(target)
        predicted = weight @ loss.inverse_link(logits[:, None])
        sound = np.isfinite(predicted) and min(observed, predicted) > 0
        factor = float(observed / predicted) if sound else 1.0
        return msgspec.structs.replace(self, scale=self.scale * factor)

    def _factor(self, predicted: np.ndarray) -> np.ndarray | float:
        """Return the smearing factor of predicted logarithms (n,)."""
        by_prediction = self.spread.factor if self.spread else None
        return self.smearing if by_prediction is None else by_prediction(predicted)
