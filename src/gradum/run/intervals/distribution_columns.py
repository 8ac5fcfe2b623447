"""Columns of predictive distributions beside predictions: quantiles, and probabilities beyond."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from gradum.errors import SpecError, TargetError
from gradum.messages import say, sentences
from gradum.run.intervals.conformal.distribution import check_level
from gradum.run.intervals.predictor import ConformalPredictor
from gradum.rungs.rung import Prediction


@dataclass(frozen=True)
class DistributionColumns:
    """The columns of distributions that are wanted."""

    conformal: ConformalPredictor
    """What makes the distributions."""
    levels: Mapping[str, float]
    thresholds: Mapping[str, float]
    """Probabilities whose quantiles are wanted, and numbers whose probability of being exceeded is
    wanted, by the names of their columns."""

    @classmethod
    def of(
        cls, conformal: ConformalPredictor, quantiles: str | None, beyond: str | None
    ) -> DistributionColumns:
        """Read what is wanted, numbers separated by commas: columns ``quantile_0.1``, ….

        Raises
        ------
        SpecError
            A word is not a number, or a quantile's probability is not between 0 and 1.
        TargetError
            The target is a class.
        """
        if conformal.classes:
            raise TargetError(
                "The target is a class, which has neither quantiles nor a threshold.",
                "Leave out --quantiles and --beyond: probabilities are written anyway.",
            )
        levels = _numbers("--quantiles", quantiles, "0.1,0.5,0.9")
        for level in levels:
            check_level(level)
        return cls(
            conformal,
            {f"quantile_{level:.15g}": level for level in levels},
            {f"beyond_{bound:.15g}": bound for bound in _numbers("--beyond", beyond, "250")},
        )

    @property
    def also(self) -> tuple[str, ...]:
        """The columns that are needed besides those that the model uses."""
        return self.conformal.also

    def columns(self, frame: pl.DataFrame, prediction: Prediction) -> pl.DataFrame:
        """Return these columns for checked rows (n)."""
        distribution = self.conformal.distribution(frame)
        quantiles = distribution.quantile(list(self.levels.values()))
        named = {name: quantiles[:, place] for place, name in enumerate(self.levels)}
        beyond = {name: distribution.beyond(bound) for name, bound in self.thresholds.items()}
        return pl.DataFrame(named | beyond)

    @property
    def sentence(self) -> str:
        """What is promised about the columns."""
        terms = self.conformal.terms
        if terms.name in ("none", "adaptive"):
            unknown = say("No guarantee holds for quantiles and probabilities beyond a threshold.")
            return sentences([unknown, terms.reason, terms.remedy])
        if terms.name == "split":
            return say(
                "A new row like the {rows:,} that judged lies below a quantile with the "
                "quantile's probability, to within 1 in {more:,}.",
                rows=terms.rows,
                more=len(self.conformal.scores) + 1,
            )
        return say(
            "A new row like the {rows:,} that judged lies below a quantile with about the "
            "quantile's probability.",
            rows=terms.rows,
        )


def _numbers(option: str, text: str | None, example: str) -> list[float]:
    """Read numbers separated by commas; raise SpecError if one is not a number."""
    if text is None:
        return []
    numbers = []
    for word in text.split(","):
        try:
            number = float(word)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise SpecError(
                "{option} holds {word!r}, which is not a number.",
                "Give numbers with commas between them, such as {option} {example}.",
                option=option,
                word=word,
                example=example,
            )
        numbers.append(number)
    return numbers
