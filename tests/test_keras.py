"""The page on Keras does what it shows, in a process of its own: it sets JAX and Keras up."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gradum.core import ACTIVATIONS, L2
from gradum.solvers import SGD, Adam
from pages import assert_page_shows, script

DOCS = Path(__file__).parent.parent / "docs"
PROGRAM = """
import json, sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import chapters

outputs = chapters.run(Path(sys.argv[1]) / "keras.md", Path(sys.argv[2]))
import jax, keras, numpy as np

sure = keras.losses.BinaryCrossentropy()(np.array([[1.0]]), np.array([[0.0]]))
rules = (keras.optimizers.SGD, keras.optimizers.Adam)
facts = {
    "rates": [float(rule().learning_rate) for rule in rules],
    "epsilon": keras.optimizers.Adam().epsilon,
    "penalty": float(keras.regularizers.L2(0.1)(np.full((2, 3), 2.0))),
    "sure mistake": float(sure),
    "slope": float(jax.grad(keras.activations.relu)(0.0)),
}
print(json.dumps([outputs, facts]))
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What the page printed, block by block, and what Keras says of its own conventions."""
    folder = tmp_path_factory.mktemp("keras")
    command = [sys.executable, "-c", PROGRAM, DOCS, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_page_shows_what_both_libraries_print(ran):
    assert_page_shows(ran[0], script("chapters").shown_outputs(DOCS / "keras.md"))


@pytest.mark.slow
def test_three_models_agree_under_three_methods_to_a_millionth(ran):
    """The page's own comparison of weights after 100 steps, each far from where it began."""
    lines = [line for output in ran[0] for line in output.splitlines() if "moved by" in line]
    assert len(lines) == 9
    assert all(line.endswith("agree to 1e-6") for line in lines)
    moved = [float(line.partition("moved by ")[2].partition(",")[0]) for line in lines]
    assert min(moved) > 0.5


@pytest.mark.slow
def test_the_page_states_both_conventions(ran):
    facts = ran[1]
    np.testing.assert_allclose(facts["rates"], [0.01, 0.001], rtol=1e-6)
    assert (SGD().learning_rate, Adam().learning_rate) == (0.1, 0.001)
    assert (facts["epsilon"], Adam().epsilon) == (1e-7, 1e-8)
    weights = {"layers": [{"weight": np.full((2, 3), 2.0)}]}
    np.testing.assert_allclose(facts["penalty"], L2(0.2).value(weights), rtol=1e-6)
    np.testing.assert_allclose(facts["sure mistake"], 16.1, atol=0.05)
    assert (facts["slope"], ACTIVATIONS["relu"].derivative(np.zeros(1))[0]) == (0.0, 0.5)
