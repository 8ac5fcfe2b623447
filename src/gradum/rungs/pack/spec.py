"""The settings of a pack, and how much of it an effort buys."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import msgspec

from gradum.errors import SpecError
from gradum.messages import say
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
from gradum.rungs.rung_spec import Settings, refuse_effort

DRAWN = (
    *("learning_rate", "decay", "frequency"),
    *("dropout", "column_dropout", "label_smoothing", "teaching"),
)
Members = Annotated[int, msgspec.Meta(ge=2, le=10_000)]


class PackSpec(Settings, frozen=True):
    """How the packed ensemble is trained.

    Ranges are drawn from for each member by itself: learning rate and decay log-uniformly, the
    others uniformly by the members that have any. The defaults were chosen by held-out loss on
    16 public tables, on rows that no published figure was measured on; docs/accuracy.md tells
    what each part brings.

    Parameters
    ----------
    members, folds : int
        M networks in all; each holds out one of the folds.
    epochs, epochs_at : int
        Epochs at most, for so many rows; more rows get fewer, by the root of their number, and less
        decay, in proportion to it.
    fewest_epochs, patience : int
        The least that many rows get; epochs in which no member improves before all end.
    hidden_layer_sizes : tuple of int
        Of each member.
    batch_size : int
        Rows a step; fewer on small tables.
    most_codes, all_codes : int
        Codes of a numeric column, and of all columns together, about; those of pairs not counted.
    pairs : int
        Sums and differences of two numeric columns at most, which count as columns.
    steps, ramps, waves : float
        Shares of the members whose codes are steps at thresholds that tell the target apart,
        ramps between quantiles, waves of random frequencies.
    wide : float
        Share of the steps' members that begin with the linear model of their codes.
    one_hot_levels, embedding_size : int
        Columns of more levels than that are embedded in so many numbers.
    embedding_decay : float
        Decay of the embeddings over that of the weights on few rows. It acts at every step, and a
        rare level learns in few of them: it stays near 0 unless its rows agree.
    learning_rate, decay, dropout, column_dropout, label_smoothing, frequency : pair of float
        Ranges: Adam's step, decoupled weight decay, shares of hidden units and of columns left out
        at random in training, the share of a class that is spread over all in the training loss,
        standard deviation of the waves' frequencies.
    undropped : float
        Share of the members without dropout, as many without dropped columns, and as many whose
        classes are not smoothed.
    taught : float
        Share of the members that learn from a teacher, where there is one.
    teaching : pair of float
        Range of the share of the teacher's answer in what such a member learns.
    scale_factor, leak_factor : float
        Of the learning rates of the diagonal layer before the first and of the units' leaks; 0
        leaves out either.
    muon : float
        Of the learning rate by which hidden matrices take Muon's steps; 0 where they take Adam's.
    text_scores : int
        Scores of texts at most, one a class; of more classes there are none, for every member
        would grow with them.
    shrinkage : int
        Held-out rows of a member's own that count as much as the median of all members where its
        best epoch is told; with 0 its own rows alone tell it.
    flat : float
        Share of the training before the learning rate falls to 0 along a cosine.
    picks : int
        Steps of the greedy selection in a fold: its members' weights are multiples of 1 / picks.
    kept : int
        Members that are kept at most; never fewer than one of each fold.
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
        """Return the pack that an effort buys; raise SpecError where there is no such effort."""
        refuse_effort(effort)
        return EFFORTS[effort]

    def __post_init__(self) -> None:
        """Refuse values that no pack can use."""
        refuse_beyond_ranges(self)
        if self.members < self.folds:
            raise SpecError(
                say(
                    "A pack of {members} members cannot hold out {folds} folds.",
                    members=self.members,
                    folds=self.folds,
                ),
                say("Give at least two folds, and a member for each."),
            )
        if not self.steps + self.ramps + self.waves > 0:
            raise SpecError(
                say("The shares of a pack's steps, ramps and waves are all 0."),
                say("Give one above."),
            )
        for name in DRAWN:
            low, high = getattr(self, name)
            if low > high:
                raise SpecError(
                    say(
                        "A pack's {name} is drawn from {low} to {high}.",
                        name=name,
                        low=low,
                        high=high,
                    ),
                    say("Give the lower number first."),
                )

    def epochs_for(self, rows: int) -> int:
        """Return the most epochs on so many rows."""
        many = self.epochs * math.sqrt(self.epochs_at / max(rows, self.epochs_at))
        return min(self.epochs, max(self.fewest_epochs, math.ceil(many)))

    def decay_factor(self, rows: int) -> float:
        """Return what decays of weights are multiplied by on so many rows: 1, then 1 / rows.

        A weight that decays by λ in each step of size η forgets over 1 / (η λ) steps, which is ever
        less of an epoch where that has more steps (X. Wang and L. Aitchison, "How to set AdamW's
        weight decay as you scale model and dataset size", ICML 2025).
        """
        return self.epochs_at / max(rows, self.epochs_at)

    def batch_for(self, rows: int) -> int:
        """Return rows a step: at least eight steps an epoch, from 16 rows up."""
        size = self.batch_size
        while size > 16 and rows < 8 * size:
            size //= 2
        return size


EFFORTS: dict[str, PackSpec] = {
    # Four networks cannot afford an unlucky draw: all are of the kind that is best by itself.
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
        shrinkage=0,  # the median of so few is no better than a member's own rows
    ),
    "standard": PackSpec(),
    "best": PackSpec(members=48, epochs=32, kept=24),
}
