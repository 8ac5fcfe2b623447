"""The Python that repeats a run of the lab prints the losses that the page shows."""

import contextlib
import io
import itertools

import numpy as np
import pytest
from lab_node import answered_by
from test_lab_mathematics import PENALTIES, SOLVERS
from test_lab_table import plain

from gradum.core import ACTIVATIONS, LOSSES
from gradum.lab.table import lab_table
from node import needs_node

LOSSES = {name: loss for name, loss in LOSSES.items() if not loss.one_score}  # not in the lab

pytestmark = needs_node
EPOCHS = 4
REPEAT = """
const answer = given.map(({ table, settings, epochs }) => {
  const data = $table.encoded(table, settings.loss);
  const [trains, held] = [data.training, data.heldOut].map((rows) => $training.taken(data, rows));
  const machine = new $training.Training(settings, $table.outputsOf(table), trains, held);
  for (let epoch = 0; epoch < epochs; epoch++) machine.finishEpoch();
  return {
    program: $python_program.pythonProgram(table, settings, epochs),
    history: machine.history.map(({ training, validation }) => [training, validation]),
  };
});
"""


def tables():
    """A table with a numeric target, one of two classes and one of three, and levels."""
    random = np.random.default_rng(0)
    columns = {
        "x": random.normal(size=40),
        "two": np.array(["a", "b"])[random.integers(0, 2, 40)],
        "three": np.array(["c", "d", "e"])[np.arange(40) % 3],
    }
    targets = {1: random.gamma(2.0, size=40), 2: columns["x"] > 0, 3: columns["three"][::-1]}
    return {k: lab_table({**columns, "y": y}, "y") for k, y in targets.items()}


def runs():
    """Every activation, loss, solver and penalty, with dropout and inputs off and without."""
    known = tables()
    losses = [(loss, 1) for loss in LOSSES if LOSSES[loss].link != "logit"]
    losses += [("log_loss", 2), ("log_loss", 3)]
    parts = zip(
        losses,
        itertools.cycle(ACTIVATIONS),
        itertools.cycle(SOLVERS),
        itertools.cycle(reversed(PENALTIES)),
        itertools.cycle([[4, 3], [5], [3, 2, 2], []]),
        itertools.cycle([0, 0.3]),
        itertools.cycle([[], [0, 2]]),
        strict=False,
    )
    for (loss, kind), activation, solver, penalty, hidden, dropout, off in parts:
        settings = {"loss": loss, "activation": activation, "solver": solver, "penalty": penalty}
        settings |= {"hidden": hidden, "dropout": dropout if hidden else 0, "alpha": 0.02}
        settings |= {"rate": 0.02, "batch": 7, "seed": 11, "off": off}
        yield {"table": plain(known[kind]), "settings": settings, "epochs": EPOCHS}


def test_programs_reach_the_same_losses():
    modules = ("python_program.js", "mathematics/training.js", "table.js")
    given = list(runs())
    assert {run["settings"]["activation"] for run in given} == set(ACTIVATIONS)
    for run, said in zip(given, answered_by(modules, REPEAT, given), strict=True):
        names, printed = {}, io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(said["program"], names)
        message = str(run["settings"])
        np.testing.assert_allclose(names["history"], said["history"], rtol=1e-9, err_msg=message)
        last = printed.getvalue().splitlines()[-1].split()
        assert [float(each) for each in last[1:]] == pytest.approx(said["history"][-1], rel=1e-5)
