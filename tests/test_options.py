"""One table of options makes the command line, `gradum.fit`, the spec and what repeats a run."""

import inspect
import json
import re
import shlex
from operator import attrgetter
from pathlib import Path

import pytest
import typer

import gradum
from command_line import specs_that_fit_asks_for
from edited_package import Edited
from forks import run_in_fork
from gradum.app.cli import app
from gradum.app.cli.fit import FOREMOST
from gradum.errors import SpecError
from gradum.run.options.option_table import OPTIONS, OVERRIDES, Options, flag
from gradum.run.options.options import make_overrides, make_spec
from gradum.run.spec.spec import Spec
from gradum.show.repeat import command
from gradum.tables.schema.schema import Overrides

ROOT = Path(__file__).parent.parent
OF_THE_COMMAND = ["data", "target", "out"]
IN_THE_SPEC = {name: option for name, option in OPTIONS.items() if option.field is not None}
VALUES = {  # other than the default, of options that do not take any name
    "model": "mlp",
    "encoding": "GB18030",
    "effort": "quick",
    "task": "binary",
    "loss": "quantile:0.9",
    "ordered": "low<mid<high",
    "metric": "auc",
    "class_weight": "balanced",
    "cost": "FP=1,FN=2.5",
    "max_memory": "2GB",
    "monotone": "a+",
    "hidden": "64,32",
    "activation": "tanh",
    "solver": "momentum",
    "dropout": 0.25,
}


def parameters():
    return {each.name: each for each in typer.main.get_command(app).commands["fit"].params}


def value_of(name):
    """A value of an option that is not its default."""
    option, parameter = OPTIONS[name], parameters()[name]
    if parameter.is_flag:
        return option.default is not True
    return VALUES.get(name, 4 if parameter.metavar in ("K", "N", "SECONDS", "X") else "a")


def test_fit_shows_the_keywords_of_the_table_one_by_one():
    shown = inspect.signature(gradum.fit).parameters
    own = ["on_event", "stop", "teacher"]
    assert list(shown) == ["data", "target", *Options.__annotations__, *own]
    for name, hint in Options.__annotations__.items():
        declared, default = hint.__origin__, hint.__metadata__[0].default
        assert shown[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert shown[name].default == default
        assert shown[name].annotation == getattr(declared, "__forward_arg__", declared)
        assert f"\n{name} : " in gradum.fit.__doc__
        assert f"\n    {hint.__metadata__[0].help}\n" in gradum.fit.__doc__
    assert "**options" not in gradum.fit.__doc__


def test_the_command_has_the_options_of_the_table_the_foremost_first():
    table = [name for name, option in OPTIONS.items() if option.on_command_line]
    names = sorted(table, key=lambda name: name not in FOREMOST)
    assert set(names[: len(FOREMOST)]) == set(FOREMOST)
    own = ["force", "checkpoint_every", "dry_run", "as_json", "quiet"]
    assert list(parameters()) == [*OF_THE_COMMAND, *names, *own]
    assert not {"linear", "mlp", "pack", "split"} & set(names)
    assert parameters()["slices"].opts == ["--slice"]
    assert parameters()["rows"].secondary_opts == ["--no-rows"]
    assert parameters()["refit"].secondary_opts == []


def test_the_defaults_of_the_table_are_those_of_the_spec():
    for name, option in IN_THE_SPEC.items():
        held = attrgetter(option.field)(Spec("y"))
        if option.default is not None:
            assert option.read(option.default) == held, name
        assert make_spec("y", **{name: option.default}) == Spec("y"), name


@pytest.mark.parametrize("name", [n for n, option in IN_THE_SPEC.items() if option.on_command_line])
def test_an_option_goes_to_its_field_and_comes_back(name, monkeypatch):
    """From the command line and from Python, and from the command that repeats the run."""
    asked = specs_that_fit_asks_for(monkeypatch)

    def run(*words):
        typer.main.get_command(app)(["fit", "t.csv", *words], standalone_mode=False)
        return asked.pop().spec

    value, held = value_of(name), attrgetter(OPTIONS[name].field)
    if isinstance(value, bool):
        words = [f"--{'' if value else 'no-'}{flag(name)}"]
    else:
        words = [f"--{flag(name)}", str(value)]
    spec = run("-t", "y", *words)
    assert held(spec) == OPTIONS[name].read(value) != held(Spec("y"))
    assert make_spec("y", **{name: value}) == spec
    assert run(*shlex.split(command(spec, "t.csv"))[3:]) == spec


def test_columns_are_named_one_by_one_or_together():
    assert make_overrides() == Overrides()
    made = make_overrides(numeric="abc", drop=["d", "e"], text=(), date=None, weight="w")
    assert made == Overrides(numeric=("abc",), drop=("d", "e"), weight="w")
    assert set(OVERRIDES) == set(Overrides.__struct_fields__)


def test_what_is_no_part_of_the_spec_is_no_option_of_it():
    with pytest.raises(SpecError, match=r"no option 'test'.*Choose among activation, against,"):
        make_spec("y", test="t.csv")


TOY = """
import contextlib, importlib.util, inspect, io, json, shlex, sys
import gradum, typer
from gradum.app.cli import app, fit, main
from gradum.run.options.options import make_spec
from gradum.ship.run_spec import RunSpec, toml
from gradum.show.repeat import command, python

documents = sys.argv[1]
sys.argv = ["gradum", "fit", "--help"]
with contextlib.redirect_stdout(io.StringIO()) as helped, contextlib.suppress(SystemExit):
    main()
asked = []


@contextlib.contextmanager
def new_run(run_spec, *_, **__):
    asked.append(run_spec)
    yield None, None


fit.new_run, fit.carry_out = new_run, lambda *_, **__: None
spec = make_spec("y", toy=3)
repeats = command(spec, "t.csv")
typer.main.get_command(app)(shlex.split(repeats)[1:], standalone_mode=False)
page = importlib.util.spec_from_file_location("commands", documents)
commands = importlib.util.module_from_spec(page)
page.loader.exec_module(commands)
json.dump({
    "file": gradum.__file__,
    "help": helped.getvalue(),
    "signature": str(inspect.signature(gradum.fit).parameters["toy"]),
    "docstring": gradum.fit.__doc__,
    "reference": commands.reference(),
    "toml": toml(RunSpec("t.csv", spec)),
    "command": repeats,
    "python": python(spec, "t.csv"),
    "read_back": asked[0].spec == spec,
}, sys.stdout)
"""


@pytest.mark.slow
def test_an_option_is_added_in_the_table_and_in_the_spec(tmp_path):
    """As CONTRIBUTING.md says, to a copy of the package; everything else follows."""
    package = Edited(tmp_path)
    entry = '    toy: Annotated[int, Option("toy", "Play with N toys.", "N", default=1)]'
    package.add("run/options/option_table.py", entry, "    seed: Annotated[")
    package.add("run/spec/spec.py", "    toy: int = 1", "    seed: int = 0")

    ended = run_in_fork(TOY, ROOT / "docs/commands.py", folder=tmp_path, path=[tmp_path])
    assert ended.returncode == 0, ended.stderr
    made = json.loads(ended.stdout)
    assert re.search(r"\n  --toy N +Play with N toys\..*\n  --seed N ", made["help"])
    assert made["file"] == str(package.path / "__init__.py")
    assert made["signature"] == "toy: int = 1"
    assert "\ntoy : N\n    Play with N toys.\nseed : N\n" in made["docstring"]
    assert "| `--toy N` | Play with N toys. |\n| `--seed N` |" in made["reference"]
    assert "toy = 3\n" in made["toml"]
    assert made["command"] == "gradum fit t.csv --target y --toy 3"
    assert "    toy=3,\n" in made["python"]
    assert made["read_back"]
