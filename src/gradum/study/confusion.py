"""Which classes are taken for which."""

from __future__ import annotations

import msgspec

from gradum.study.evidence import Evidence


class Confusion(msgspec.Struct, frozen=True):
    """Counts of judged rows by true and by predicted class.

    Parameters
    ----------
    labels : tuple of str
        The classes shown, in the order of the model's.
    counts : tuple of tuple of int
        (K, K): row of the true class, column of the predicted one.
    mistaken : tuple of (str, str, int)
        True class, predicted class, rows: the most frequent mistakes, most frequent first.
    others : str
        A sentence on classes left out of ``counts`` where there are more than can be read.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    mistaken: tuple[tuple[str, str, int], ...]
    others: str = ""


def confusion(evidence: Evidence) -> Confusion:
    """Count the judged rows by true and predicted class."""
    raise NotImplementedError
