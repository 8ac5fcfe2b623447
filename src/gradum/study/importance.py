"""What each column of the table is worth: the score lost when its values are shuffled.

L. Breiman, Random forests, 2001; A. Fisher, C. Rudin and F. Dominici, All models are wrong, but
many are useful, 2019.
"""

from __future__ import annotations

import msgspec

from gradum.fitting.run import Run
from gradum.scores.bootstrap import Interval


class ColumnImportance(msgspec.Struct, frozen=True):
    """How much worse the rung in use scores when a column's values are shuffled among rows.

    Parameters
    ----------
    column : str
        A column of the table: all features made from it are shuffled together.
    increase : Interval
        Of the log loss, or of the RMSE in the target's unit; about 0 for a column that the model
        does not use.
    """

    column: str
    increase: Interval


class Importance(msgspec.Struct, frozen=True):
    """The columns by falling importance.

    Parameters
    ----------
    metric : str
        The metric that increases: "log_loss" or "rmse".
    columns : tuple of ColumnImportance
    rows, repeats : int
        Rows looked at, and shuffles of each.
    screened : int
        Columns left out because a quick look found nothing; 0 where every column was measured.
    """

    metric: str
    columns: tuple[ColumnImportance, ...]
    rows: int
    repeats: int
    screened: int = 0


def importance(run: Run) -> Importance:
    """Shuffle each source column among the judged rows of the models that judged them."""
    raise NotImplementedError
