"""The lab's lessons: each task solved and missed, by training and by numbers found otherwise."""

import contextlib
import io

import msgspec
import numpy as np
import pytest
from lab_node import answered_by

import gradum
from gradum.lab.built_in import built_in
from gradum.lab.page import sentences
from gradum.messages import say
from node import needs_node

pytestmark = needs_node

MODULES = ("lessons.js", "mathematics/training.js", "watching.js", "state.js", "table.js")
PROGRAM = """
const { LESSONS, isSolved } = $lessons, { DEFAULTS } = $state, { Training, taken } = $training;
const { logitsOf } = $training, { encoded, outputsOf } = $table, { viewOf } = $watching;
const runs = new Map();
function seen(lesson, { epochs, ...patch }) {
  const state = { ...DEFAULTS, ...LESSONS[lesson - 1].state, ...patch };
  const key = JSON.stringify([state, epochs]);
  if (runs.has(key)) return runs.get(key);
  const table = given.tables[state.data], data = encoded(table, state.loss);
  const rows = [data.training, data.heldOut].map((places) => taken(data, places));
  const machine = new Training(state, outputsOf(table), ...rows);
  for (let epoch = 0; epoch < epochs && machine.finishEpoch(); epoch++);
  const { history, diverged, epoch, network, params } = machine, { inputs, target } = rows[1];
  const logits = logitsOf(network, params, inputs), looks = { axes: [0, 0], row: state.row };
  const right = logits.filter((logit, row) => logit > 0 === (target[row] === 1)).length;
  const few = { history, diverged, epoch, scores: { accuracy: right / target.length } };
  const view = epochs > 5 ? few : viewOf(machine, table, data, looks, true);
  runs.set(key, { state, table, view, kept: null });
  return runs.get(key);
}
const answer = given.cases.map(({ lesson, task, now, kept, answer }) => {
  const other = kept && seen(lesson, kept), whole = { ...seen(lesson, now), kept: other };
  return isSolved(LESSONS[lesson - 1], LESSONS[lesson - 1].tasks[task - 1], whole, answer);
});
"""
LOOK = f"""{PROGRAM.split("const answer")[0]}
const views = Object.fromEntries(given.looks.map(([name, lesson, now]) => {{
  const {{ view: {{ row, before, scores }} }} = seen(lesson, now);
  return [name, {{ row, before, scores }}];
}}));
const answer = {{ lessons: LESSONS, views }};
"""
LOOKS = {
    "classes": (4, {"epochs": 5}),
    "network": (6, {"epochs": 1}),
    "scores": (9, {"epochs": 20}),
}


@pytest.fixture(scope="module")
def tables():
    """The built-in tables as the page has them."""
    return {each.key: msgspec.to_builtins(each, enc_hook=str) for each in built_in()}


@pytest.fixture(scope="module")
def looked(tables):
    """The lessons, and what the lab computes in some of them."""
    looks = [(name, *where) for name, where in LOOKS.items()]
    return answered_by(MODULES, LOOK, {"tables": tables, "looks": looks})


@pytest.fixture(scope="module")
def line(tables):
    """The columns x and y of the line's rows that train."""
    table = tables["line"]
    return np.delete(np.array(table["rows"]), table["held_out"], axis=0).T


def answers(tables, line, looked):
    """Right answers by lesson and task, none of them by the lessons' own functions."""
    (x, y), (row_x, row_y) = line, tables["line"]["rows"][5]
    views = looked["views"]
    hessian = 2 * np.array([[np.mean(x * x), np.mean(x)], [np.mean(x), 1]])
    slopes = -2 * np.array([np.mean(x * y), np.mean(y)])
    logit = views["classes"]["row"]["sums"][0][0]
    right, rows = views["scores"]["scores"]["accuracy"], len(tables["spiral"]["held_out"])
    best = np.polyfit(x, y, 1)
    return {
        (1, 1): [2 * row_x + 1, (2 * row_x + 1 - row_y) ** 2],
        (1, 2): list(best),
        (2, 1): [-2 * row_y * row_x, -2 * row_y],
        (2, 2): list(-0.1 * slopes),
        (2, 3): [2, 5],
        (3, 3): [2 / np.linalg.eigvalsh(hessian)[1]],
        (4, 1): [1 / (1 + np.exp(-logit)), np.log(1 + np.exp(-logit))],
        (6, 1): by_differences(views["network"]),
        (9, 1): [1.96 * np.sqrt(right * (1 - right) / rows)],
    }


def by_differences(view):
    """Sum and output of unit 1.1, and derivatives as difference quotients of the row's loss."""
    row, (first, last) = view["row"], view["before"]
    w, b = np.reshape(first["weight"], (2, 2)), np.array(first["bias"])
    v, c, x = np.array(last["weight"]), last["bias"][0], np.array(row["inputs"])

    def loss(shift=0.0, unit=0.0, weight=0.0):
        moved = w + np.array([[weight, 0], [0, 0]])
        logit = v @ np.tanh(x @ moved + b + [unit, 0]) + c + shift
        return np.log(1 + np.exp(-logit if row["target"] == 1 else logit))

    def slope(**by):
        ((name, h),) = by.items()
        return (loss(**{name: h}) - loss(**{name: -h})) / (2 * h)

    total = (x @ w + b)[0]
    return [total, np.tanh(total), slope(shift=1e-5), slope(unit=1e-5), slope(weight=1e-5)]


def test_what_is_typed_or_marked_is_right_or_not(tables, line, looked):
    epochs = {4: 5, 6: 1, 9: 20}
    cases, expected = [], []
    for (lesson, task), right in answers(tables, line, looked).items():
        now = {"epochs": epochs.get(lesson, 0)}
        wrong = [[-value for value in right], [1.1 * value + 0.1 for value in right], [None]]
        if task == 3 and lesson == 2:
            wrong = [[], [2], [5], [2, 5, 7], [3, 5], [1, 2]]
        for answer, solves in [(right, True), *((each, False) for each in wrong)]:
            cases.append({"lesson": lesson, "task": task, "now": now, "answer": answer})
            expected.append(solves)
        cases.append(
            {**cases[-len(wrong) - 1], "now": {**now, "data": other_table(looked, lesson)}}
        )
        expected.append(False)
    cases.append({"lesson": 2, "task": 3, "now": {"epochs": 0}, "answer": [2, 3, 5]})
    before = {"lesson": 4, "task": 1, "now": {"epochs": 0}, "answer": [0.5, np.log(2)]}
    early = {"lesson": 9, "task": 1, "now": {"epochs": 5}, "answer": [0.1]}
    found = answered_by(MODULES, PROGRAM, {"tables": tables, "cases": [*cases, before, early]})
    assert list(zip(cases, found, strict=False)) == list(zip(cases, [*expected, True], strict=True))
    assert found[-2:] == [False, False]


def other_table(looked, lesson):
    """A table of the same kind that is not the lesson's."""
    own = looked["lessons"][lesson - 1]["state"]["data"]
    return {"line": "sine", "moons": "spiral", "spiral": "moons"}[own]


PARTS = {"network", "formulas", "compare", "boundary", "curves", "surface", "scores", "controls"}
CONTROLS = {
    "hidden",
    "activation",
    "penalty",
    "alpha",
    "dropout",
    "solver",
    "rate",
    "batch",
    "seed",
}
SGD, ADAM = {"solver": "sgd", "epochs": 100}, {"solver": "adam", "epochs": 100}
FREE, HELD = {"epochs": 400}, {"epochs": 400, "penalty": "l2"}
REACHED = [  # lesson, task, the present run, the kept one, whether that solves it
    (3, 1, {"rate": 3, "epochs": 20}, None, True),
    (3, 1, {"rate": 0.1, "epochs": 20}, None, False),
    (3, 2, {"rate": 0.75, "epochs": 10}, None, True),
    (3, 2, {"rate": 0.1, "epochs": 100}, None, False),
    (4, 2, {"rate": 1, "epochs": 100}, None, True),
    (4, 2, {"rate": 0.1, "epochs": 20}, None, False),
    (4, 2, {"rate": 3, "epochs": 60, "hidden": [2]}, None, False),
    (5, 1, {"hidden": [2, 2], "activation": "identity", "epochs": 50}, None, True),
    (5, 1, {"hidden": [2, 2], "epochs": 50}, None, False),
    (5, 1, {"hidden": [2], "activation": "identity", "epochs": 50}, None, False),
    (5, 2, {"hidden": [4], "epochs": 150}, None, True),
    (5, 2, {"hidden": [2], "epochs": 150}, None, False),
    (5, 2, {"hidden": [5], "epochs": 150}, None, False),
    (7, 1, FREE, None, True),
    (7, 1, {"epochs": 20}, None, False),
    (7, 2, HELD, FREE, True),
    (7, 2, HELD, None, False),
    (7, 2, FREE, FREE, False),
    (7, 2, FREE, HELD, False),
    (8, 1, ADAM, SGD, True),
    (8, 1, SGD, ADAM, False),
    (8, 1, {**ADAM, "rate": 0.02}, SGD, False),
    (8, 1, ADAM, None, False),
    (8, 1, ADAM, {**SGD, "epochs": 20}, False),
    (8, 2, {**SGD, "rate": 0.5}, None, True),
    (8, 2, {"solver": "momentum", "rate": 0.1, "epochs": 100}, None, True),
    (8, 2, SGD, None, False),
    (8, 2, {**ADAM, "rate": 0.02}, None, False),
    (9, 2, {"epochs": 50, "seed": 2}, {"epochs": 50}, True),
    (9, 2, {"epochs": 50}, {"epochs": 50}, False),
    (9, 2, {"epochs": 60, "seed": 2}, {"epochs": 50}, False),
    (9, 2, {"epochs": 50, "seed": 2}, None, False),
]


@pytest.mark.slow
def test_what_is_to_be_reached_can_be_and_is_not_at_once(tables, line):
    x, _ = line
    bound = 1 / np.linalg.eigvalsh([[np.mean(x * x), np.mean(x)], [np.mean(x), 1]])[1]
    near = [
        (3, 1, {"rate": share * bound, "epochs": 300}, None, share > 1) for share in (0.97, 1.03)
    ]
    cases = [
        {"lesson": lesson, "task": task, "now": now, "kept": kept}
        for lesson, task, now, kept, _ in REACHED + near
    ]
    found = answered_by(MODULES, PROGRAM, {"tables": tables, "cases": cases})
    for case, solved, (*_, expected) in zip(cases, found, REACHED + near, strict=True):
        assert solved == expected, case


def test_every_task_is_solved_and_missed_here(tables, line, looked):
    tasks = {
        (at + 1, place + 1)
        for at, lesson in enumerate(looked["lessons"])
        for place in range(len(lesson["tasks"]))
    }
    typed = set(answers(tables, line, looked))
    for solves in (True, False):
        assert typed | {(a, b) for a, b, *_, solved in REACHED if solved == solves} == tasks
    assert len(looked["lessons"]) == 9


def test_the_printed_program_is_wrong_as_it_stands_and_right_when_both_lines_are_mended(looked):
    lines = looked["lessons"][1]["tasks"][2]["lines"]

    def printed(target, model):
        program = [*lines]
        if target:
            program[2] = "y = 3 * x + 2 + noise"
        if model:
            program[0] += "\nx = np.column_stack([x, np.ones(100)])"
            program[2] = program[2].replace("x +", "x[:, :1] +")
            program[3], program[8] = "w = np.zeros((2, 1))", "print(0.5 * w[0] + w[1])"
            slopes = "x[:, :, None] * (predicted - y)[:, None]"  # [row, weight, target]
            program[6] = f"    slope = 2 * np.mean({slopes}, axis=(0, 2))[:, None]"
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec("\n".join(program), {"np": np, "rng": np.random.default_rng(0)})
        return float(out.getvalue().strip("[]\n"))

    assert abs(printed(False, False)) < 0.4
    assert printed(True, False) == pytest.approx(1.5, abs=0.4)
    assert printed(False, True) == pytest.approx(2, abs=0.4)
    assert printed(True, True) == pytest.approx(3.5, abs=0.15)


def test_every_sentence_of_the_lessons_is_known_in_both_languages(looked):
    known = set(sentences())

    def texts(value, name=""):
        if isinstance(value, dict):
            for key, each in value.items():
                yield from texts(each, key)
        elif isinstance(value, list):
            for each in value:
                yield from texts(each, name)
        elif name in ("title", "says", "hints", "why"):
            yield value

    found = list(texts(looked["lessons"]))
    assert len(found) > 100
    assert set(found) <= known
    with gradum.language("zh"):
        assert [each for each in found if say(each) == each and "tanh" not in each] == []


def test_lessons_name_parts_and_controls_that_there_are(looked):
    for lesson in looked["lessons"]:
        named = [part for passage in lesson["passages"] for part in passage.get("parts", [])]
        assert len(named) == len(set(named))
        assert set(named) <= PARTS
        assert ("controls" in named) == bool(lesson["controls"])
        assert set(lesson["controls"]) <= CONTROLS
