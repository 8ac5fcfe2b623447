"""The ends of a range, written alike."""

import pytest

from gradum.tables.wording import span


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (5000, 775_000, "from 5,000 to 775,000"),
        (-2400, 99_999, "from -2,400 to 99,999"),
        (1990, 2024, "from 1990 to 2024"),
        (0, 1_000_000, "from 0 to 1,000,000"),
        (0.5, 4000, "from 0.5 to 4000"),
        (2400, 7200.5, "from 2,400 to 7,200.5"),
        (4642.98, 7200.5, "from 4,643 to 7,200.5"),
    ],
)
def test_both_ends_of_a_span_are_written_alike(low, high, said):
    assert span(low, high) == said
