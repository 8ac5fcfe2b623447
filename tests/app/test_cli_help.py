"""Help answers at once: nothing heavy is imported before a command runs."""

import json
import re
import subprocess
import sys

import pytest

import gradum
from command_line import run

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


def test_the_bare_command_shows_its_help_and_its_exit_codes(gradum_command):
    ended = gradum_command()
    assert (ended.code, ended.err) == (2, "")
    said = " ".join(ended.out.split())
    assert "1 the machine failed (a full disk, say); 2 something given cannot be used" in said
    assert "Commands: fit" in said


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
