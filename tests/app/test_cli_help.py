"""Help answers at once: nothing heavy is imported before a command runs."""

import json
import os
import re
import subprocess
import sys

import pytest
import typer

import gradum
from command_line import run
from gradum.app.cli import app

COMMANDS = ["fit", "predict", "evaluate", "explain-step", "inspect", "rerun"]
HEAVY = ["jax", "jaxlib", "sklearn", "scipy", "numpy", "polars", "pandas", "altair", "optax"]
PROBE = """
import contextlib, io, json, sys
import gradum

def heavy():
    return sorted(set(%r) & set(sys.modules))

found = {"import gradum": ["", 0, heavy()]}
from gradum.app.cli import main
for line in sys.argv[1:]:
    sys.argv = ["gradum", *line.split()]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    found[line] = [said.getvalue(), code, heavy()]
found["modules"] = len(sys.modules)
print(json.dumps(found))
"""
"""One process after the other would take a third of a second; nothing here needs its own."""


@pytest.fixture(scope="module")
def probed():
    """What each command says, its code, and what is imported by then."""
    lines = ["--help", *(f"{command} --help" for command in COMMANDS), "--version"]
    program = [sys.executable, "-c", PROBE % HEAVY, *lines]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("arguments", [[], *([command] for command in COMMANDS)], ids=str)
def test_help_imports_nothing_heavy(arguments, probed):
    said, code, heavy = probed[" ".join([*arguments, "--help"])]
    assert code == 0
    assert heavy == []
    assert f"Usage: gradum {' '.join(arguments)}".strip() in said
    if not arguments:
        assert all(command in said for command in COMMANDS)


def test_the_version_is_told(probed):
    assert probed["--version"] == [f"gradum {gradum.__version__}\n", 0, []]


def test_importing_gradum_imports_neither_jax_nor_scikit_learn(probed):
    assert probed["import gradum"] == ["", 0, []]


def test_help_imports_few_modules(probed):
    """What help takes is to import: it has 330 modules by the end, and NumPy alone has 140."""
    assert probed["modules"] < 420


@pytest.mark.parametrize("arguments", [["forest"], ["fit"], ["fit", "t.csv"], ["predict"]])
def test_an_incomplete_command_says_what_is_missing(arguments, gradum_command):
    ended = gradum_command(*arguments)
    assert ended.code == 2
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert re.search(r"\. See gradum( fit| predict)? --help\.$", ended.err)


def test_help_says_the_exit_codes(gradum_command):
    said = " ".join(gradum_command("--help").out.split())
    assert "1 the machine failed (a full disk, say); 2 something given cannot be used" in said


def sections(text):
    """The lines of a help below each heading."""
    found = {}
    for block in text.split("\n\n"):
        heading, *lines = block.splitlines()
        if heading.endswith(":") and not heading.startswith(" "):
            found[heading[:-1]] = lines
    return found


def test_every_command_stands_in_a_group_with_its_whole_first_sentence(gradum_command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    found = sections(gradum_command("--help").out)
    assert list(found) == ["Options", "Learn", "Use", "Ask", "Trust", "Understand"]
    lines = {
        name: line
        for group in list(found.values())[1:]
        for line in group
        for name in [line.split()[0]]
    }
    assert set(lines) == set(app_commands())
    for name, command in app_commands().items():
        sentence = command.help.partition("\n\n")[0]
        assert lines[name] == f"  {name:<15}  {sentence}"
        assert len(lines[name]) <= 78


def app_commands():
    return typer.main.get_command(app).commands


def test_the_ten_options_that_most_need_come_first(gradum_command):
    found = sections(gradum_command("fit", "--help").out)
    assert next(iter(found)) == "Arguments"
    assert list(found)[1] == "Most used"
    names = [line.split()[0].rstrip(",") for line in found["Most used"] if line.startswith("  -")]
    assert names[:2] == ["-t", "-o"]
    assert len(names) == 10
    assert [name for name in found if name not in ("Arguments", "Most used", "Options")] == [
        *("Learning", "Reading the table", "Judging", "Columns", "Forecasts", "The report"),
        *("Large tables", "The MLP"),
    ]
    said = gradum_command("fit", "--help").out
    shown = [each for each in app_commands()["fit"].params if each.param_type_name == "option"]
    assert all(re.search(rf"^  .*{re.escape(each.opts[0])}\b", said, re.M) for each in shown)


@pytest.mark.parametrize("name", sorted(typer.main.get_command(app).commands))
def test_a_default_is_said_once(name, gradum_command):
    for option in gradum_command(name, "--help").out.split("\n  -"):
        assert len(re.findall(r"Default:|\[default:", option)) <= 1


def test_alone_it_says_what_to_do_next_with_neither_a_table_nor_a_run(
    gradum_command, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    ended = gradum_command()
    assert (ended.code, ended.err) == (2, "")
    first, _, *steps, _, last = ended.out.splitlines()
    assert first == "There is neither a table nor a run here. Three commands to go on with:"
    assert [step.split()[1] for step in steps] == ["inspect", "fit", "lab"]
    assert last == "gradum --help lists all commands."


def test_alone_it_names_the_table_of_the_folder_as_a_shell_takes_it(
    gradum_command, tmp_path, monkeypatch
):
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".hidden.csv").touch()
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "my $(sales)\x1b[1m.CSV").touch()
    monkeypatch.chdir(tmp_path)
    said = gradum_command().out
    assert "\x1b" not in said
    assert "gradum inspect 'my $(sales)\\x1b[1m.CSV'" in said
    assert "hidden" not in said


def test_alone_it_goes_on_with_the_newest_run(gradum_command, tmp_path, monkeypatch):
    for name, time in (("b", 1), ("a", 2), ("c", 0)):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "model.gradum").touch()
        os.utime(folder / "model.gradum", (time, time))
    (tmp_path / "runs" / "unfinished").mkdir()
    (tmp_path / "new.csv").touch()
    monkeypatch.chdir(tmp_path)
    said = gradum_command().out
    assert said.startswith("runs/a is a run.")
    assert "gradum predict runs/a new.csv -o predictions.csv" in said
    monkeypatch.chdir(tmp_path / "runs" / "b")
    assert "gradum trust .  " in gradum_command().out


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("gradum compare", ["compare", "compare-solvers"]),
        ("gradum predict runs/x new.csv --by", ["--by-class"]),
    ],
)
def test_the_shell_is_told_how_a_word_may_go_on(words, found, monkeypatch):
    monkeypatch.setenv("_GRADUM_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    ended = run()
    assert (ended.code, ended.out.split(), ended.err) == (0, found, "")
