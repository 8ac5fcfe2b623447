"""The settings of a pack, and their values for each effort."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import msgspec

from gradum.errors import SpecError
from gradum.rungs.number_ranges import (
    AboveZero,
    AtLeastTwo,
    Epochs,
    Factor,
    FromNone,
    FromOne,
    Share,
    ShareBelowOne,
    Width,
    refuse_beyond_ranges,
)
from gradum.rungs.rung_spec import Settings, fewer_epochs, fewer_rows_a_step, refuse_effort

DRAWN = (
    *("learning_rate", "decay", "frequency"),
    *("dropout", "column_dropout", "label_smoothing", "teaching"),
)
Members = Annotated[int, msgspec.Meta(ge=2, le=10_000)]


class PackSpec(Settings, frozen=True):
    """How the packed ensemble is trained.

    Each member draws its own values from the ranges: learning rate, decay and frequency
    log-uniformly, the others uniformly for the members that use them. The defaults were chosen by
    held-out loss on 16 public tables, on rows that no published figure was measured on;
    docs/accuracy.md tells what each part contributes.

    Parameters
    ----------
    members, folds : int
        M networks in all, and the number of folds; each network holds out one of the folds.
    epochs, epochs_at : int
        The most epochs, for up to ``epochs_at`` rows. More rows get fewer epochs, by the square
        root of their number, and less decay, in proportion to it.
    fewest_epochs, patience : int
        The epochs that many rows get at least; the epochs without a gain in any member before all
        end.
    hidden_layer_sizes : tuple of int
        The widths of each member's hidden layers.
    batch_size : int
        Rows per step; fewer on small tables.
    most_codes, all_codes : int
        The most codes of a numeric column, and of all columns together (roughly); codes of pairs
        are not counted.
    pairs : int
        The most sums and differences of two numeric columns, which count as columns.
    steps, ramps, waves : float
        Shares of the members whose codes are steps at thresholds that tell the target apart, ramps
        between quantiles, or waves of random frequencies.
    wide : float
        Share of the members with steps that begin with the linear model of their codes.
    one_hot_levels, embedding_size : int
        Columns with more levels than ``one_hot_levels`` are embedded, in ``embedding_size``
        numbers.
    embedding_decay : float
        Decay of the embeddings relative to that of the weights on few rows. It acts at every step,
        while a rare level learns in only a few of them: it stays near 0 unless its rows agree.
    learning_rate, decay, dropout, column_dropout, label_smoothing, frequency : pair of float
        Ranges of Adam's step, the decoupled weight decay, the shares of hidden units and of columns
        left out at random in training, the share of a class that is spread over all classes in the
        training loss, and the standard deviation of the waves' frequencies.
    undropped : float
        Share of the members without dropout; also of those without dropped columns, and of those
        whose classes are not smoothed.
    taught : float
        Share of the members that learn from a teacher, if there is one.
    teaching : pair of float
        Range of the share of the teacher's answer in what such a member learns.
    scale_factor, leak_factor : float
        Factors of the learning rates of the diagonal layer before the first layer and of the units'
        leaks; 0 leaves either out.
    muon : float
        Factor of the learning rate by which hidden matrices take Muon's steps; 0 if they take
        Adam's.
    text_scores : int
        The most classes for each of which texts have scores; with more classes there are none,
        because every member would grow with them.
    shrinkage : int
        The number of held-out rows of a member's own that count as much as the median of all
        members in finding its best epoch; with 0, its own rows alone decide.
    flat : float
        Share of the training that comes before the learning rate falls to 0 along a cosine.
    picks : int
        Steps of the greedy selection in a fold: its members' weights are multiples of 1 / picks.
    kept : int
        The most members that are kept, but never fewer than one per fold.
    """

    members: Members = 24
    folds: AtLeastTwo = 8
    epochs: Epochs = 24
    epochs_at: FromOne = 4000
    fewest_epochs: Epochs = 3
    patience: FromOne = 7
    hidden_layer_sizes: tuple[Width, ...] = (128, 128)
    batch_size: FromOne = 128
    most_codes: FromNone = 32
    all_codes: FromNone = 320
    pairs: FromNone = 6
    steps: Factor = 0.5
    ramps: Factor = 0.25
    waves: Factor = 0.25
    wide: Share = 0.6
    one_hot_levels: FromNone = 40
    embedding_size: Width = 4
    embedding_decay: Factor = 10.0
    learning_rate: tuple[AboveZero, AboveZero] = (4e-3, 1.2e-2)
    decay: tuple[AboveZero, AboveZero] = (3e-2, 1.0)
    dropout: tuple[ShareBelowOne, ShareBelowOne] = (0.0, 0.4)
    column_dropout: tuple[ShareBelowOne, ShareBelowOne] = (0.0, 0.7)
    label_smoothing: tuple[ShareBelowOne, ShareBelowOne] = (0.0, 0.2)
    undropped: Share = 0.4
    frequency: tuple[AboveZero, AboveZero] = (0.03, 1.0)
    taught: Share = 2 / 3
    teaching: tuple[ShareBelowOne, ShareBelowOne] = (0.3, 0.95)
    scale_factor: Factor = 6.0
    leak_factor: Factor = 1.0
    muon: Factor = 0.0
    text_scores: FromNone = 32
    shrinkage: FromNone = 32
    flat: ShareBelowOne = 0.5
    picks: FromOne = 16
    kept: FromOne = 12

    of_every_effort: ClassVar[bool] = False

    @classmethod
    def of_effort(cls, effort: str) -> PackSpec:
        """Return the pack of an effort; raise SpecError if there is no such effort."""
        refuse_effort(effort)
        return EFFORTS[effort]

    def __post_init__(self) -> None:
        """Refuse values with which no pack can be trained."""
        refuse_beyond_ranges(self)
        if self.members < self.folds:
            raise SpecError(
                "A network ensemble of {members} members cannot hold out {folds} folds.",
                "Give at least two folds, and a member for each.",
                members=self.members,
                folds=self.folds,
            )
        if not self.steps + self.ramps + self.waves > 0:
            raise SpecError(
                "The shares of a network ensemble's steps, ramps and waves are all 0.",
                "Give one above.",
            )
        for name in DRAWN:
            low, high = getattr(self, name)
            if low > high:
                raise SpecError(
                    "A network ensemble's {name} is drawn from {low} to {high}.",
                    "Give the lower number first.",
                    name=name,
                    low=low,
                    high=high,
                )

    def epochs_for(self, rows: int) -> int:
        """Return the most epochs on so many rows."""
        many = fewer_epochs(self.epochs, self.epochs_at, rows)
        return min(self.epochs, max(self.fewest_epochs, math.ceil(many)))

    def decay_factor(self, rows: int) -> float:
        """Return the factor of the decay of weights on so many rows: 1, then falling as 1 / rows.

        A weight that decays by λ in each step of size η forgets over 1 / (η λ) steps. The more
        steps an epoch has, the smaller is the part of it that these make up (X. Wang and L.
        Aitchison, "How to set AdamW's weight decay as you scale model and dataset size", ICML
        2025).
        """
        return self.epochs_at / max(rows, self.epochs_at)

    def batch_for(self, rows: int) -> int:
        """Return the rows per step on so many rows."""
        return fewer_rows_a_step(self.batch_size, rows)


EFFORTS: dict[str, PackSpec] = {
    # With only four networks, an unlucky draw costs too much: all are of the kind that is best
    # alone.
    "quick": PackSpec(
        members=4,
        folds=4,
        epochs=11,
        steps=1.0,
        ramps=0.0,
        waves=0.0,
        wide=0.5,
        undropped=0.5,
        learning_rate=(8e-3, 1.2e-2),
        column_dropout=(0.05, 0.15),
        dropout=(0.05, 0.15),
        label_smoothing=(0.0, 0.0),
        flat=0.2,
        shrinkage=0,  # the median of so few members is no better than a member's own rows
    ),
    "standard": PackSpec(),
    "best": PackSpec(members=48, epochs=32, kept=24),
}
