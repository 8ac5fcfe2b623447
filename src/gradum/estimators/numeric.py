"""The losses of the regressions."""

from __future__ import annotations

from typing import Any

from gradum.core import Loss
from gradum.core.losses import resolve
from gradum.errors import SpecError
from gradum.messages import say


def number_loss(loss: Any) -> Loss:
    """Return the loss of that name, or the loss itself.

    Raises
    ------
    SpecError
        It is a loss of classes.
    """
    resolved = resolve(loss)
    if resolved.link == "logit":
        raise SpecError(
            say("{loss} is a loss of classes.", loss=resolved.name), say("Use a classifier for it.")
        )
    return resolved
