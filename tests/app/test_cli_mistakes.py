"""Values that no command can use, of every option that takes numbers: refused before anything."""

import pytest
import typer

from command_line import run
from gradum.app.cli import app
from gradum.show import report

NUMBERS = {
    *("N", "K", "X", "SECONDS", "SHARE", "SHARES", "NUMBER", "NUMBERS", "SIZE", "WIDTHS", "RATE"),
    *("DISTANCE", "MARGIN", "FP=1,FN=5", "UNIT|COL=AMOUNT,...", "LABEL|NUMBER", "PORT"),
}
WORDS = {
    *(
        "NAME",
        "NAMES",
        "COL",
        "COLS",
        "COL+",
        "HOW",
        "LOSS",
        "ORDER",
        "TASK",
        "SQL",
        "TABLE",
        "FILE",
        "FOLDER",
        "PLACE",
        "[TABLE]",
    ),
    *(
        "ADDRESS",
        "RIVAL",
        "ANSWER",
        "SCALE",
        "WORDS",
        "REGION",
        "LABEL",
        "KIND",
        "VALUE",
        "CODE",
        "COUNTRY",
    ),
    *(
        "RUN",
        "[RUN]",
        "ENGINE",
        "RUN_OR_MODEL",
        "RUN_OR_NET",
        "TABLE_OR_PROPERTY",
        "FORM",
        "MODEL...",
        "NAME=PATH",
        "GAME",
    ),
}
"""What stands in the help for a value; a new word has its place in one of both."""
COMMANDS = typer.main.get_command(app).commands
OPTIONS = [
    (command, option.opts[0])
    for command, made in COMMANDS.items()
    for option in made.params
    if option.metavar in NUMBERS and option.opts[0].startswith("--")
]
NEVER = ("nan", "inf", "-inf", "1e400", "-1", "0", "", "x")
ALLOWED = {
    "--alpha": {"0"},  # no penalty
    "--dropout": {"0"},
    "--seed": {"0"},
    "--levels": {"0"},
    "--skip-rows": {"0"},
    "--certify": {"0"},  # no proofs
    "--checkpoint-every": {"0"},  # none
    "--towards": {"0", "-1"},
    "--timeout": {"inf", "1e400"},  # until all is decided
    "--port": {"0"},  # any
}
"""What an option takes all the same, by its meaning."""
OF_PREDICT = {"--beyond": {"0", "-1"}}


@pytest.fixture(scope="module")
def given(tables, tmp_path_factory):
    """What each command needs besides the option: a run of a number, and its table."""
    table, folder = tables / "amount.csv", tmp_path_factory.mktemp("number") / "run"
    words = (table, "-t", "amount", "--model", "linear", "--cv", 2, "--no-learning-curve")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(report, "sections_of", lambda *_: [])  # whose charts take long
        assert run("fit", *words, "--no-explain", "-o", folder, "-q").code == 0
    fit = [table, "-t", "amount"]
    return {
        "fit": [*fit, "-o", "out"],
        "rerun": [folder, "-o", "out"],
        "predict": [folder, table, "-o", "out.csv"],
        "evaluate": [folder, table],
        "watch": [folder, table, "--stream", "-o", "out.html"],
        "stress": [folder, table, "--time-limit", "5", "-o", "out.html"],
        "trust": [folder, table, "-o", "out.html"],
        "explain": [folder, table, "--row", "1", "-o", "out.csv"],
        "counterfactual": [folder, table, "--row", "1", "--towards", "9", "-o", "out.csv"],
        "effects": [folder, "-o", "out.csv"],
        "alike": [folder, "--row", "1", "-o", "out.csv"],
        "influence": [folder, "--row", "1", "-o", "out.csv"],
        "infer": fit,
        "verify": [folder, "--property", "range -9..99"],
        "export": [folder, table, "-o", "out.onnx"],
        "compress": [folder, "-o", "out"],
        "serve": [folder],
        "lab": [*fit, "-o", "out.html"],
        "inspect": fit,
        "report": [folder, "-o", "out.html"],
        "compare": [folder, folder],
        "compare-solvers": [*fit, "-o", "out.html"],
        "play": ["cartpole", "-o", "out"],
        "explain-step": [folder, table, "--row", "1", "-o", "out.html"],
    }


def test_every_value_is_known_to_be_a_number_or_none():
    metavars = {option.metavar for made in COMMANDS.values() for option in made.params}
    assert metavars - {None, "[]"} <= NUMBERS | WORDS
    assert len(OPTIONS) > 40


@pytest.mark.parametrize(("command", "option"), OPTIONS, ids=map(" ".join, OPTIONS))
def test_what_no_command_can_use_is_refused_in_one_line(
    command, option, given, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    words = list(map(str, given[command]))
    if option in words:
        del words[words.index(option) : words.index(option) + 2]
    allowed = ALLOWED.get(option, set())
    if command == "predict":
        allowed = allowed | OF_PREDICT.get(option, set())
    for value in NEVER:
        if value in allowed:
            continue
        ended = run(command, *words, f"{option}={value}")
        assert (ended.code, ended.out) == (2, ""), value
        assert ended.err.startswith("error: "), value
        assert ended.err.count("\n") == 1, value
        assert not any(tmp_path.iterdir()), value


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fit", "--hidden", "99999999999"), "Give widths from 1 to 32,768, such as 64,64"),
        (("fit", "--batch-size", "0"), "Give --batch-size 1 or more, or leave it out"),
        (("fit", "--max-epochs", "99999999999"), "Give a whole number from 1 to 100,000"),
        (("fit", "--batch-size", "9" * 30), "Give a whole number from 0 to 2,147,483,647"),
        (("stress", "--together", "size"), "'size' is to stand together with none"),
        (("explain", "--together", "size"), "Give two columns or more"),
        (("explain", "--together", "size,size"), "'size' is named twice"),
        (("report", "--data", "nosuch.csv"), "Leave out --data, or give one of them"),
        (("report", "--data", "nosuch.csv", "--slice", "city"), "is read from this machine"),
    ],
)
def test_an_option_without_effect_is_refused_with_its_remedy(
    words, said, given, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    command, *others = words
    ended = run(command, *given[command], *others)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert not any(tmp_path.iterdir())


def test_nothing_else_is_asked_of_a_finished_run(given):
    (folder, *_) = given["rerun"]
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    for asked in (("--data", "nosuch.csv"), ("--against", "lightgbm")):
        ended = run("resume", folder, *asked)
        assert (ended.code, ended.out) == (2, "")
        assert f"to repeat it, gradum rerun {folder} takes both" in ended.err
    assert run("resume", folder).code == 0
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    ended = run("compare", folder, folder, "--data", "nosuch.csv")
    assert ended.code == 2
    assert "is read from this machine. Leave out --data." in ended.err


def test_a_mistyped_command_is_one_sentence_after_the_other(gradum_command):
    ended = gradum_command("ffit", "table.csv")
    assert ended.code == 2
    assert "'fit'? See" in ended.err
