"""The spec of the multi-layer perceptron rung."""

from __future__ import annotations

from typing import Annotated

import msgspec

from gradum.errors import SpecError
from gradum.messages import listed, say
from gradum.rungs.number_ranges import (
    MOST,
    WIDEST,
    AboveZero,
    Epochs,
    Factor,
    FromOne,
    Lanes,
    ShareBelowOne,
    Width,
    ranges_of,
    refuse_beyond_ranges,
)
from gradum.rungs.rung_spec import Settings
from gradum.tables.wording import shortened


class MLPSpec(Settings, frozen=True):
    """How the multi-layer perceptron rung is fitted.

    The defaults were chosen by held-out loss on 16 public tables, on rows that no published
    figure was measured on.

    Raises
    ------
    SpecError
        A value is out of its range, or a name is unknown.
    """

    hidden_layer_sizes: tuple[Width, ...] = (128, 128)
    """The width of each hidden layer."""
    activation: str = "relu"
    """The activation of a hidden unit, a name in `gradum.core.models.activations.ACTIVATIONS`."""
    learning_rate: AboveZero | None = None
    """The length of the first steps; it falls to 0 over ``max_epochs`` along ``schedule``. None
    stands for what suits the solver."""
    schedule: str = "cosine"
    """A name in `gradum.solvers.schedules`."""
    strength: Factor = 5.0
    """The penalty is ``alpha = strength / n`` for n training rows, as in the linear rung."""
    embedding_size: Width = 8
    """The number of values that stand for a level of a category with many levels."""
    max_epochs: Epochs = 64
    patience: FromOne = 16
    """The most epochs, and the most epochs without a gain on the validation rows."""
    most_visits: FromOne = 200_000_000
    """The most rows in all epochs together, for a table that does not fit in memory."""
    batch_rows: Annotated[int, msgspec.Meta(ge=0, le=MOST, title="batch_size")] = 0
    """Rows per step; 0 lets the number of rows decide."""
    solver: str = "adam"
    """A name in `gradum.solvers.first_order.FIRST_ORDER`. A solver that sees all rows at every step
    takes one step per epoch."""
    alpha: Factor | None = None
    """The penalty itself."""
    dropout: ShareBelowOne = 0.0
    """The probability that a hidden unit is left out of a step."""
    lanes: Lanes | None = None
    """How many networks learn side by side from parts of a table in blocks, and are averaged; a
    single one learns from all rows, if not given."""

    def __post_init__(self) -> None:
        """Refuse values with which no network can be trained."""
        width = ranges_of(MLPSpec)["hidden_layer_sizes"]
        if not self.hidden_layer_sizes or not all(map(width.holds, self.hidden_layer_sizes)):
            shown = ",".join(map(str, self.hidden_layer_sizes)) or say("none")
            raise SpecError(
                "The hidden layers are {shown}.",
                "Give widths from 1 to {widest:,}, such as 64,64; --model linear has no hidden "
                "layer.",
                shown=shortened(shown),
                widest=WIDEST,
            )
        refuse_beyond_ranges(self)
        self._refuse_unknown_names()

    def refuse_without_directions(self) -> None:
        """Raise SpecError if a network with these settings cannot be kept monotone."""
        if (self.activation, self.solver) == ("relu", "adam"):
            return  # without JAX
        from gradum.solvers.first_order import Monotone, resolve
        from gradum.solvers.first_order.kept_signs import refuse_falling

        refuse_falling(self.activation)
        Monotone(resolve(self.solver))

    def epochs(self, rows: int) -> int:
        """Return the most epochs on so many rows that do not fit in memory."""
        return min(self.max_epochs, max(1, self.most_visits // rows))

    def batch_size(self, rows: int) -> int:
        """Return the rows per step; if not given, for about 100 steps an epoch, but at most 256."""
        if self.batch_rows:
            return self.batch_rows
        for few in (32, 64, 128):
            if rows < 50 * few:
                return few
        return 256

    def penalty(self, rows: int) -> float:
        """Return alpha for so many training rows."""
        return self.strength / rows if self.alpha is None else self.alpha

    def _refuse_unknown_names(self) -> None:
        if (self.activation, self.solver, self.learning_rate) == ("relu", "adam", None):
            return  # without JAX, which a look at a table does not need
        from gradum.core.models.activations import ACTIVATIONS
        from gradum.solvers.first_order import resolve

        if self.activation not in ACTIVATIONS:
            raise SpecError(
                "There is no activation {activation!r}.",
                "Choose one of {names}.",
                activation=shortened(self.activation),
                names=listed(list(ACTIVATIONS)),
            )
        resolve(self.solver, self.learning_rate)
