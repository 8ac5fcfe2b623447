"""The registry of losses: a loss is one file here and one line below."""

from __future__ import annotations

from gradum.core.losses.absolute_error import AbsoluteError
from gradum.core.losses.checks import check_shapes
from gradum.core.losses.gamma import Gamma
from gradum.core.losses.huber import Huber
from gradum.core.losses.likelihood import Likelihood
from gradum.core.losses.log_loss import LogLoss
from gradum.core.losses.loss import Loss
from gradum.core.losses.ordered import Ordered
from gradum.core.losses.poisson import Poisson
from gradum.core.losses.quantile import Quantile
from gradum.core.losses.squared_error import SquaredError
from gradum.core.losses.tweedie import Tweedie
from gradum.errors import SpecError
from gradum.messages import listed

LOSSES: dict[str, Loss] = {
    loss.name: loss
    for loss in (
        SquaredError(),
        AbsoluteError(),
        Huber(),
        Quantile(),
        LogLoss(),
        Poisson(),
        Gamma(),
        Tweedie(),
        Ordered(),
    )
}


def learned_loss(classes: int | None, metric: str | None = None) -> Loss:
    """Return the loss that rungs learn: the metric's choice, or the first loss for the target.

    Parameters
    ----------
    classes : int or None
        K; None where the target is a number.
    metric : str, optional
        The metric that judges, if the rung takes it into account.
    """
    suited = [loss for loss in LOSSES.values() if (loss.link == "logit") == (classes is not None)]
    return next((loss for loss in suited if metric in loss.chosen_by), suited[0])


def resolve(loss: str | Loss) -> Loss:
    """Return the loss of that name, or the loss itself.

    A name may have the loss's own numbers after a colon, as in ``quantile:0.9``.

    Raises
    ------
    SpecError
        No loss has that name, or it does not take these numbers.
    """
    if not isinstance(loss, str):
        if not isinstance(loss, Loss):
            raise SpecError(
                "The loss is {loss!r}.",
                "Choose one of {names}, or a loss.",
                loss=loss,
                names=listed(list(LOSSES)),
            )
        return loss
    name, colon, numbers = loss.partition(":")
    if name not in LOSSES:
        raise SpecError(
            "There is no loss {loss!r}.",
            "Choose one of {names}.",
            loss=loss,
            names=listed(list(LOSSES)),
        )
    if not colon:
        return LOSSES[name]
    try:
        return LOSSES[name].at(*map(float, numbers.split(",")))
    except SpecError:  # a number out of range
        raise
    except (ValueError, TypeError):  # no number, or too many
        raise SpecError(
            "The loss {loss!r} has no number after its colon.",
            "Give one, as in quantile:0.9, tweedie:1.5 or huber:1.",
            loss=loss,
        ) from None


__all__ = [
    "LOSSES",
    "AbsoluteError",
    "Gamma",
    "Huber",
    "Likelihood",
    "LogLoss",
    "Loss",
    "Ordered",
    "Poisson",
    "Quantile",
    "SquaredError",
    "Tweedie",
    "check_shapes",
    "learned_loss",
    "resolve",
]
