"""The article's example, as it is printed, against the closed form of least squares."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np

EXAMPLE = Path(__file__).parent.parent / "examples/article.py"


def test_the_article_is_solved_by_hand_and_by_the_estimator():
    ran = subprocess.run([sys.executable, EXAMPLE], capture_output=True, text=True, check=True)
    rng = np.random.default_rng(42)
    x = rng.uniform(0.0, 1.0, size=(100, 1))
    y = 3 * x[:, 0] + 2 + rng.normal(0.0, 0.1, size=100)
    slope, intercept = np.polyfit(x[:, 0], y, 1)
    lines = re.findall(r"y = ([\d.]+) x \+ ([\d.]+); at x = 0.5, y = ([\d.]+)", ran.stdout)
    assert len(lines) == 2
    for line in lines:
        np.testing.assert_allclose(
            np.array(line, float), [slope, intercept, slope / 2 + intercept], atol=2e-3
        )
    assert "(100, 100)" in ran.stdout
    assert "(100, 1)" in ran.stdout


def test_the_loop_by_hand_is_at_most_25_lines():
    source = EXAMPLE.read_text()
    body = source[source.index("def by_hand") : source.index("def by_estimator")].strip()
    assert len(body.splitlines()) <= 25
