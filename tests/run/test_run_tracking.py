"""A run as numbers for trackers: those of the events, the history and the scores, and no others."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest

import gradum
from gradum.run.events.events import EpochDone, Judged, Passed, PathStep, RungStarted
from gradum.run.events.tracking import curves, tracked
from synthetic import ONCE, task

EPOCH = EpochDone(3, 30, 0.5, 0.75, 1.0)
GUIDE = Path(__file__).parent.parent.parent / "docs/track.md"


def told(*events):
    numbers = []
    listener = tracked(lambda *number: numbers.append(number))
    for event in events:
        listener(event)
    return numbers


def test_each_fit_of_a_model_has_names_of_its_own():
    assert told(
        RungStarted("linear", 1, 2),
        PathStep("linear", 1, 13, 100.0, 0.25),
        RungStarted("mlp", 2, 2, epochs=5),
        EPOCH,
        RungStarted("mlp", 0, 0, epochs=5),
        EPOCH,
        RungStarted("mlp", 0, 0),
        EpochDone(4, 40, 0.5, None, 1.0),
        RungStarted("linear", 0, 0),
        Passed("linear", 2, 1_000, 0.125, 1.0),
    ) == [
        ("linear/fold-1/alpha", 100.0, 1),
        ("linear/fold-1/validation_loss", 0.25, 1),
        ("mlp/fold-2/objective", 0.5, 3),
        ("mlp/fold-2/validation_loss", 0.75, 3),
        ("mlp/objective", 0.5, 3),
        ("mlp/validation_loss", 0.75, 3),
        ("mlp/refit/objective", 0.5, 4),
        ("linear/objective", 0.125, 2),
    ]


def test_a_judgement_tells_the_scores_with_their_intervals(classifier):
    numbers = told(Judged(classifier.fitted.judgement))
    known = {name: value for name, value, _ in numbers}
    assert len(known) == len(numbers)
    assert {step for *_, step in numbers} == {0}
    metric = classifier.fitted.judgement.verdict.metric
    expected = {}
    for rung, part, name, *found in classifier.scores.iter_rows():
        homes = [f"{part}/{name}"] if rung == classifier.used else []
        homes += [f"{rung}/test/{name}"] if (part, name) == ("test", metric) else []
        for home in homes:
            ends = zip((home, f"{home}_low", f"{home}_high"), found, strict=True)
            expected |= {end: value for end, value in ends if value == value}
    assert known == expected
    assert all(re.fullmatch(r"[\w/.\- ]+", name) for name in known)  # what MLflow takes


def test_what_is_told_while_models_learn_is_their_history():
    numbers = []
    listener = tracked(lambda *number: numbers.append(number))
    model = gradum.fit(task("amount", 300), "amount", on_event=listener, **ONCE)
    while_learning = [number for number in numbers if number[2] > 0]
    assert while_learning
    assert sorted(while_learning) == sorted(curves(model.fitted.rungs.values()))


class Recorder:
    """The trackers of the guide, as far as it uses them; keeps what it is told."""

    told: ClassVar[list] = []

    def __init__(self, *_, **__):
        self.told.clear()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def add_scalar(self, tag, scalar_value, global_step):  # TensorBoard
        self.told.append((tag, scalar_value, global_step))

    def define_metric(self, name, *, step_metric):  # Weights & Biases
        assert (name, step_metric) == ("*", "step")

    def log(self, values):
        step = values.pop("step")
        self.told.extend((name, value, step) for name, value in values.items())

    def track(self, value, name, *, step):  # Aim
        self.told.append((name, value, step))


@pytest.mark.parametrize("module", ["torch.utils.tensorboard", "wandb", "aim"])
def test_ten_lines_of_the_guide_hand_a_tracker_every_number(module, classifier, monkeypatch):
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (block,) = (block for block in blocks if re.search(rf"(from|import) {module}\b", block))
    assert len([line for line in block.splitlines() if line]) <= 10
    events = RungStarted("mlp", 0, 0), EPOCH, Judged(classifier.fitted.judgement)

    def fit(table, target, on_event):
        for event in events:
            on_event(event)

    stand_in = ModuleType(module)
    stand_in.SummaryWriter = stand_in.init = stand_in.Run = Recorder
    monkeypatch.setitem(sys.modules, module, stand_in)
    monkeypatch.setattr(gradum, "fit", fit)
    exec(compile(block, str(GUIDE), "exec"), {})
    assert Recorder.told == told(*events)
