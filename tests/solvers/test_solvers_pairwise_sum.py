"""Terms are added in the tree that Higham describes, whatever they are."""

import math

import numpy as np
import pytest

from gradum.solvers.pairwise_sum import PairwiseSum


def bracketed(count):
    total = PairwiseSum()
    for term in range(count):
        total.add(Bracket(str(term)))
    return total.total()


class Bracket(str):
    """A text that shows which sums were taken."""

    def __add__(self, other):
        return Bracket(f"({self!s}{other!s})")


@pytest.mark.parametrize(
    ("count", "tree"),
    [
        (1, "0"),
        (2, "(01)"),
        (3, "((01)2)"),
        (5, "(((01)(23))4)"),
        (7, "(((01)(23))((45)6))"),
        (8, "(((01)(23))((45)(67)))"),
    ],
)
def test_the_tree_depends_on_the_number_of_terms(count, tree):
    assert bracketed(count) == tree


def test_rounding_hardly_grows_with_the_number_of_terms():
    terms = np.random.default_rng(0).uniform(0.1, 0.2, 100_000)
    total = PairwiseSum()
    for term in terms.tolist():
        total.add(term)
    exact = math.fsum(terms)
    assert abs(total.total() - exact) <= math.log2(len(terms)) * np.finfo(float).eps * exact
