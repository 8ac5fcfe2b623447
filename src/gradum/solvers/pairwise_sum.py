"""Sums in a tree whose shape depends on the number of terms alone.

Of n terms, the first 2ᵏ are added as a tree of their own, with the greatest k for which 2ᵏ < n, and
so are the others. Rounding grows with log n, and log n partial sums are held.

Source: Higham, Accuracy and Stability of Numerical Algorithms (2002), section 4.1.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

Term = TypeVar("Term", bound=Any)


class PairwiseSum(Generic[Term]):
    """The sum of terms that come one by one, in their order."""

    def __init__(self) -> None:
        self._sums: list[tuple[int, Term]] = []  # the number of terms of each falls

    def add(self, term: Term) -> None:
        """Take in the next term, which may be changed by this."""
        count = 1
        while self._sums and self._sums[-1][0] == count:
            term = self._sums.pop()[1] + term
            count *= 2
        self._sums.append((count, term))

    def total(self) -> Term:
        """Return the sum of all terms; there has to be one."""
        terms = [term for _, term in self._sums]
        total = terms.pop()
        while terms:
            total = terms.pop() + total
        return total
