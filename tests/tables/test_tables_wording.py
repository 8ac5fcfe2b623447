"""The ends of a range, written alike."""

import pytest

from gradum.tables.wording import number, span


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (5000, 775_000, "from 5,000 to 775,000"),
        (-2400, 99_999, "from -2,400 to 99,999"),
        (1990, 2024, "from 1990 to 2024"),
        (0, 1_000_000, "from 0 to 1,000,000"),
        (0.5, 4000, "from 0.5 to 4,000"),
        (94, 2024, "from 94 to 2,024"),
        (1875, 2010, "from 1875 to 2010"),
        (2400, 7200.5, "from 2,400 to 7,200.5"),
        (4642.98, 7200.5, "from 4,643 to 7,200.5"),
    ],
)
def test_both_ends_of_a_span_are_written_alike(low, high, said):
    assert span(low, high) == said


@pytest.mark.parametrize(
    ("value", "beside", "said"),
    [
        (2024, (), "2024"),
        (4983, (), "4,983"),
        (-2024, (), "-2,024"),
        (2024, (94, 1586), "2,024"),
        (2207, (1900, 2009), "2207"),
        (1234.5, (1900, 2009), "1,234.5"),
    ],
)
def test_a_year_has_no_comma_nor_what_stands_beside_years(value, beside, said):
    assert number(value, beside) == said
