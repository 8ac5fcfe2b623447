"""The settings of convolutional networks, and their values for each effort."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from gradum.rungs.number_ranges import (
    AboveZero,
    AtLeastTwo,
    Epochs,
    Factor,
    FromNone,
    FromOne,
    ShareBelowOne,
    Width,
    refuse_beyond_ranges,
)
from gradum.rungs.rung_spec import Settings, fewer_epochs, fewer_rows_a_step, refuse_effort

Members = Annotated[int, msgspec.Meta(ge=1, le=64)]


class ConvolutionSpec(Settings, frozen=True):
    """How convolutional networks are trained.

    The defaults were chosen by held-out rows among the training rows of public sets: digits,
    clothes and spoken digits; those of series, of the sets in ``docs/accuracy.md``.

    Parameters
    ----------
    members, folds : int
        How many networks, and the number of folds, one of which the first network holds out.
    epochs, epochs_at, fewest_epochs : int
        The epochs of each network, for up to ``epochs_at`` rows. More rows get fewer epochs, by the
        square root of their number, but never less than ``fewest_epochs``.
    series_epochs : int
        The same for tables with series; as many rows get as many epochs as those of pictures, where
        these are fewer.
    coarse_filters, fine_filters : int
        Filters of a layer: the last two layers have ``fine_filters``, those before them
        ``coarse_filters``.
    places : int
        Each of the first layers halves height and width, until a grid has at most so many places.
    seen_whole : int
        Grids of up to so many places are seen at every place before they are halved.
    series_places : int
        Series are halved in time, until at most so many places are left.
    hidden_units : int
        Width of the hidden layer, where grids meet the other columns.
    embedding_size : int
        The number of values that stand for a level of a category with many levels.
    batch_size : int
        Rows per step; fewer on small tables.
    learning_rate, decay : float
        The length of a step at its greatest, and the decoupled weight decay.
    column_rate : float
        Factor of the learning rate for what the hidden layer makes of columns that are no grids.
    label_smoothing : float
        The share of a class that is spread over all classes in the training loss.
    shift, scale, masked : float
        How training changes each grid that it shows: shifted by up to this share of each side,
        enlarged or reduced by up to this share, down and across by themselves, and with a stripe of
        up to this share hidden, one down and one across. 0 leaves it out.
    """

    members: Members = 2
    folds: AtLeastTwo = 10
    epochs: Epochs = 12
    epochs_at: FromOne = 20_000
    fewest_epochs: Epochs = 3
    series_epochs: Epochs = 60
    coarse_filters: Width = 32
    fine_filters: Width = 64
    places: FromOne = 64
    seen_whole: FromNone = 1_024
    series_places: FromOne = 16
    hidden_units: Width = 128
    embedding_size: Width = 8
    batch_size: FromOne = 64
    learning_rate: AboveZero = 0.02
    decay: Factor = 0.05
    column_rate: Factor = 1.0
    label_smoothing: ShareBelowOne = 0.1
    shift: ShareBelowOne = 0.07
    scale: ShareBelowOne = 0.1
    masked: ShareBelowOne = 0.1

    of_every_effort: ClassVar[bool] = False

    @classmethod
    def of_effort(cls, effort: str) -> ConvolutionSpec:
        """Return the settings of an effort; raise SpecError if there is no such effort."""
        refuse_effort(effort)
        return EFFORTS[effort]

    def __post_init__(self) -> None:
        """Refuse values with which no network can be trained."""
        refuse_beyond_ranges(self)

    def epochs_for(self, rows: int, *, series: bool) -> int:
        """Return the epochs of each network on so many rows, with series or without."""
        most = self.series_epochs if series else self.epochs
        epochs_at = self.epochs_at * (self.epochs / most) ** 2  # where most become fewer
        many = fewer_epochs(most, epochs_at, rows)
        return min(most, max(self.fewest_epochs, round(many)))

    def batch_for(self, rows: int) -> int:
        """Return the rows per step on so many rows."""
        return fewer_rows_a_step(self.batch_size, rows)


EFFORTS: dict[str, ConvolutionSpec] = {
    # In so few epochs, grids that are always others are learned less well.
    "quick": ConvolutionSpec(
        members=1,
        epochs=5,
        series_epochs=25,
        coarse_filters=24,
        fine_filters=56,
        scale=0.0,
        masked=0.0,
    ),
    "standard": ConvolutionSpec(),
    "best": ConvolutionSpec(members=4, epochs=24, series_epochs=120),
}
