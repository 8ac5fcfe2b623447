"""The check of a random split: a quick model's scores under it, and by time or by group."""

from __future__ import annotations

from typing import Literal

import msgspec

from gradum.messages import say
from gradum.scores.figures import figure
from gradum.scores.metrics import METRICS

Way = Literal["time", "group"]
"""Another way to divide the rows; also the name of the option that asks for it."""


class SplitTrial(msgspec.Struct, frozen=True):
    """A quick model, judged on the same rows by a random split and by time or by group."""

    column: str
    """The column that orders or groups the rows."""
    by: Way
    metric: str
    """The metric of the scores, that of the run."""
    at_random: float
    divided: float
    """The scores of the same rows by models of equally many rows: rows drawn at random, and earlier
    rows or rows of other groups."""
    p_value: float
    """The p-value against the loss being no greater if the rows are divided by the column."""
    shown: bool
    """Whether the loss is greater beyond chance, allowing for the number of columns that were
    tried, and by an interval of the scores' difference."""
    useless: bool = False
    """Whether the quick model did hardly better than guessing on rows divided by the column."""

    @property
    def differs(self) -> bool:
        """Whether the two scores differ as they are written."""
        return self._values["at_random"] != self._values["divided"]

    @property
    def sentence(self) -> str:
        """What the scores do not tell, with both figures and the option that tells more."""
        if self.by == "time":
            return say(
                "The scored rows have training rows before and after them in {column!r}: a quick "
                "model has {metric} {at_random} on them, but {divided} if it learns only from "
                "earlier rows. If later rows are to be predicted, give --time {column!r}.",
                **self._values,
            )
        return say(
            "The scored rows share their {column!r} with training rows: a quick model has "
            "{metric} {at_random} on them, but {divided} if it learns only from rows with another "
            "{column!r}. If rows with a new {column!r} are to be predicted, give --group "
            "{column!r}.",
            **self._values,
        )

    @property
    def expectation(self) -> str:
        """What to expect if the rows to predict are not between those learned from."""
        if self.useless and self.by == "time":
            return say(
                "Do not use it for rows with a later {column!r}: a quick model that was tried on "
                "such rows did hardly better than guessing.",
                **self._values,
            )
        if self.useless:
            return say(
                "Do not use it for rows with a new {column!r}: a quick model that was tried on "
                "such rows did hardly better than guessing.",
                **self._values,
            )
        if self.by == "time":
            return say(
                "For rows with a later {column!r}, expect {metric} of about {divided}: that is "
                "what a quick model has on such rows, and {at_random} on others.",
                **self._values,
            )
        return say(
            "For rows with a new {column!r}, expect {metric} of about {divided}: that is what a "
            "quick model has on such rows, and {at_random} on others.",
            **self._values,
        )

    @property
    def brief(self) -> str:
        """What the scores do not tell, in few words."""
        if self.useless and self.by == "time":
            return say(
                "Rows with a later {column!r} are predicted hardly better than by guessing",
                **self._values,
            )
        if self.useless:
            return say(
                "Rows with a new {column!r} are predicted hardly better than by guessing",
                **self._values,
            )
        if self.by == "time":
            return say(
                "Rows with a later {column!r} are predicted worse than the scores say: a quick "
                "model has {metric} {divided} on them, {at_random} on others",
                **self._values,
            )
        return say(
            "Rows with a new {column!r} are predicted worse than the scores say: a quick model has "
            "{metric} {divided} on them, {at_random} on others",
            **self._values,
        )

    @property
    def option(self) -> str:
        """The option that judges so."""
        return f"--{self.by} {self.column!r}"

    @property
    def figures(self) -> str:
        """Both scores."""
        return say("{metric} {divided}, {at_random} at random", **self._values)

    @property
    def _values(self) -> dict[str, str]:
        return {
            "column": self.column,
            "metric": METRICS[self.metric].words,
            "at_random": figure(self.at_random, digits=2),
            "divided": figure(self.divided, digits=2),
        }


class SplitCheck(msgspec.Struct, frozen=True):
    """What was tried to check a split."""

    trials: tuple[SplitTrial, ...] = ()
    """The trials, those that were shown to matter first."""
    looked_at: tuple[str, ...] = ()
    """Every column that could order or group the rows."""
    neighbours: str = ""
    """What was found about the errors of rows that lie near each other, in words; empty for
    nothing."""
    unchecked: str = ""
    """Why little is known; empty if all columns were tried."""
    asked: bool = False
    """Whether the rows were divided by time or by group, as asked."""

    @property
    def shown(self) -> tuple[SplitTrial, ...]:
        """The trials that show that the split flatters."""
        return tuple(trial for trial in self.trials if trial.shown)
