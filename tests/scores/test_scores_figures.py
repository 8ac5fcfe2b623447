import math

import pytest

from gradum.scores.figures import figure


@pytest.mark.parametrize(
    ("value", "options", "written"),
    [
        (0.123456, {}, "0.1235"),
        (0.123456, {"digits": 3}, "0.123"),
        (54812.7, {}, "54,813"),
        (-54812.7, {}, "-54,813"),
        (0.02, {"sign": True}, "+0.02"),
        (2000.4, {"sign": True}, "+2,000"),
        (3.2e12, {}, "3.2e+12"),
        (math.nan, {}, "–"),
        (None, {}, "–"),
    ],
)
def test_figures_are_written_for_people(value, options, written):
    assert figure(value, **options) == written
