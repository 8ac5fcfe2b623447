"""The commands and code by which a report says that a run is repeated, read back."""

import shlex

import pytest
import typer
from msgspec import structs

import gradum
from command_line import specs_that_fit_asks_for
from gradum.app.cli import app
from gradum.run.spec.spec import Cost, ReportSpec, Spec, SplitSpec
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.pack.spec import PackSpec
from gradum.show.repeat import command, only_python, python
from gradum.tables.schema.schema import Overrides

PLAIN = Spec("species")
ASKED = Spec(
    "bill length [mm]",
    task="multiclass",
    model="linear",
    metric="auc",
    class_weight="balanced",
    drop_rare_classes=True,
    log_target=True,
    refit=True,
    effort="best",
    time_limit=90.5,
    seed=7,
    overrides=Overrides(drop=("a b", "-c"), categorical=("d'e",), group="g", weight="w"),
    split=SplitSpec(folds=4),
    mlp=MLPSpec(max_epochs=9),
    max_memory=2_000_000_000,
    report=ReportSpec(("sex", "-c"), Cost(1.0, 2.5), rows=False, learning_curve=False),
)
PARTS = structs.replace(
    ASKED,
    model="mlp",
    mlp=MLPSpec(hidden_layer_sizes=(8, 4), max_epochs=9, schedule="constant"),
    pack=PackSpec(members=6, folds=3, decay=(0.1, 0.5)),
    split=SplitSpec(test=0.3, folds=4),
)
DEFAULT_PACK = structs.replace(PLAIN, effort="quick", pack=PackSpec())


def read_back(line, monkeypatch):
    """The spec and the files that ``gradum fit`` would run with, given this line."""
    asked = specs_that_fit_asks_for(monkeypatch)
    words = shlex.split(line)
    assert words[0] == "gradum"
    typer.main.get_command(app)(words[1:], standalone_mode=False)
    return asked[0]


@pytest.mark.parametrize("spec", [PLAIN, ASKED])
def test_the_command_asks_for_the_same_run(spec, monkeypatch):
    run_spec = read_back(command(spec, "my table.csv", test="held out.csv"), monkeypatch)
    assert run_spec.spec == spec
    assert run_spec.data.endswith("/my table.csv")
    assert run_spec.test.endswith("/held out.csv")


def test_a_plain_run_is_a_plain_command():
    assert command(PLAIN, "penguins.csv") == "gradum fit penguins.csv --target species"
    assert python(PLAIN, "penguins.csv").splitlines()[2:] == [
        "model = gradum.fit(",
        "    'penguins.csv',",
        "    target='species',",
        ")",
    ]


@pytest.mark.parametrize("spec", [PLAIN, ASKED, PARTS, DEFAULT_PACK])
def test_the_python_asks_for_the_same_run(spec, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "gradum.fit", lambda data, target, **options: asked.append((data, target, options))
    )
    exec(python(spec, "my table.csv", test="held out.csv"), {})
    data, target, options = asked[0]
    assert (data, options.pop("test")) == ("my table.csv", "held out.csv")
    assert gradum.api.make_spec(target, **options) == spec


def test_what_the_command_line_cannot_say_is_said():
    assert only_python(PARTS)
    assert not only_python(ASKED)
