"""Each part that the engine does not rest on can be taken away: its files, and what lists it.

Nobody else may import it, within functions or for types alone, which is read from the source for
every part. What is left fits, reports and is tested: here without one part of each axis at once,
which takes a few seconds; where ``GRADUM_DETACH=all`` asks for it, as ``.ci/run`` does, without
every part in turn instead, several at a time.
"""

import json
import os
import re
import shutil
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from edited_package import PACKAGE, Edited, module_of
from forks import run_in_fork

TESTS = Path(__file__).parent
IMPORT = re.compile(r"^ *from (gradum[\w.]*) import (\([^)]*\)|[^\n(]*)", re.MULTILINE)
ENGINE = ("scores/test_scores_metrics.py", "solvers/test_solvers_standard.py")

USE = """
import json
import sys
import pytest
import gradum
from gradum.app.cli import main
from gradum.run.judging import judge_rungs
from gradum.rungs.spread import fit as spread
from gradum.study.explanation import judged

# As short as other tests judge and explain, by modules that nothing below takes away.
judge_rungs.RESAMPLES, spread.STRENGTHS, spread.FOLDS = (200, 200), (1e2, 1e0), 2
judged.ANSWERS, judged.MOST_PRODUCTS = 3_000, 1e8
folder, commands, *engine = sys.argv[1:]
assert gradum.__file__.startswith(folder)
for command, codes in json.loads(commands):
    sys.argv = ["gradum", *command]
    try:
        main()
    except SystemExit as end:
        assert (end.code or 0) in codes, (command, end.code)
alone = ["--noconftest", "-p", "no:cacheprovider", "--numprocesses", "0", "--quiet"]
alone += ["--assert", "plain", "-p", "no:hypothesispytest"]  # whose modules pytest would rewrite
alone += ["--basetemp", "engine", "-p", "no:unraisableexception"]  # nothing to tidy up afterwards
sys.exit(pytest.main([*alone, *engine]))
"""


class Part(NamedTuple):
    """Its files and folders within the package, and the files that list it."""

    name: str
    files: tuple[str, ...]
    listed_in: tuple[str, ...]
    named_in: tuple[str, ...] = ()
    """Files that list its name alone, without an import."""


def kind(file):
    return Part(f"kind {Path(file).stem}", (f"tables/kinds/{file}",), ("tables/kinds/__init__.py",))


def rung(name, *more, listed_in):
    """A rung: its folder, and what rests on it."""
    rungs = ("rungs/options.py", "rungs/registry.py", "rungs/settings.py")
    files = (f"rungs/{name}", *more)
    return Part(f"rung {name}", files, (*rungs, *listed_in), ("rungs/names.py",))


def question(name, *methods, more="", also=(), others=()):
    """A command, if there is one of this name, methods of the model, and files of neither."""
    command = f"app/cli/{name}.py"
    commands = (command,) if (PACKAGE / command).exists() else ()
    asked = {"app/cli/__init__.py": commands, "api/model.py": methods, more: also}
    files = tuple(file for files in asked.values() for file in files)
    places = (place for place, files in asked.items() if files)
    return Part(f"question {name}", files, (*places, *others))


def asked(name, *more, others=()):
    """A question with a folder, and what rests on it."""
    listed = ("questions/__init__.py", "api/model.py", *others)
    return Part(f"question {name}", (f"questions/{name}", *more), listed)


def finding(name, *more, picture=True, others=()):
    """What is found, how it is drawn and shown, and files and registries of it besides."""
    usual = f"study/findings/{name}.py", f"show/templates/sections/{name}.html"
    pictures = (f"show/pictures/{name}.py",) if picture else ()
    files = tuple(file for file in (*usual, *pictures, *more) if (PACKAGE / file).exists())
    report = ("show/report.py",) if picture else ()
    return Part(f"finding {name}", files, ("study/findings/findings.py", *report, *others))


EXPLAIN = ("api/row_page.py", "questions/explain")
"""The page of a row shows rows like it, and changes of it."""
FORM = ("api/what_if.py",)
"""The form for one row in a report: a module of the exports, perhaps of a compressed model."""
PLAY = (
    *("games", "api/play.py", "api/game_report.py", "app/cli/play.py", "app/cli/play_progress.py"),
    *("ship/play_folder.py", "show/game"),
)
"""Games, in whose report a module of the exports plays."""
SOLVERS = (
    *("api/compare_solvers.py", "run/compare_solvers.py"),
    *("show/answers/solvers.py", "show/pictures/solvers.py"),
)

PARTS = {
    part.name: part
    for part in (
        # Weights and targets are of numbers.
        *map(
            kind,
            ("boolean", "categorical", "date", "text", "time_of_day", "picture", "sound", "series"),
        ),
        kind("inert.py"),
        # The baseline and the linear rung are the engine's.
        rung(
            "mlp",
            *(*SOLVERS, "app/cli/compare_solvers.py"),
            listed_in=("__init__.py", "app/cli/__init__.py"),
        ),
        rung("pack", "estimators/pack.py", listed_in=("estimators/__init__.py",)),
        rung("convolution", listed_in=()),
        # To fit, to predict and to report is the engine's.
        asked("alike", *EXPLAIN),
        question("compare"),
        question(
            "compress",
            *("api/compress.py", "api/compressed_run.py", "run/distillation"),
            more="api/report.py",
            also=FORM,
            others=("api/export.py", "app/cli/export.py"),
        ),
        question("compare_solvers", more="__init__.py", also=SOLVERS),
        asked(
            "counterfactual",
            *EXPLAIN,
            "questions/stress",
            "api/trust/stress.py",
            others=("api/trust/parts.py",),
        ),
        asked("influence"),
        asked("effects"),
        question("evaluate", "api/evaluation.py"),
        asked("explain", "api/row_page.py"),
        question(
            "explain_step",
            more="__init__.py",
            also=(
                *("api/explain_step.py", "study/explain_step.py"),
                *("show/step/explain_step.py", "show/step/step_page.py", "show/step/step_lines.py"),
            ),
        ),
        question(
            "export",
            *("api/export.py", "ship/forms", "ship/recording", *PLAY),
            more="api/report.py",
            also=FORM,
            others=("app/cli/resume.py",),
        ),
        question("infer", "api/inference.py", more="api/__init__.py", also=("api/offset.py",)),
        question("inspect"),
        question("rerun"),
        Part("question mcp", ("app/cli/mcp.py", "app/tools"), ("app/cli/__init__.py",)),
        Part("question play", PLAY, ("app/cli/__init__.py", "app/cli/resume.py")),
        question("resume"),
        Part(
            "question serve",
            ("app/cli/serve.py", "serve", "show/templates/serve.html", "show/templates/serve.js"),
            ("app/cli/__init__.py",),
        ),
        Part("question mlflow", ("mlflow",), ()),
        asked("stress", "api/trust/stress.py", others=("api/trust/parts.py",)),
        question("trust", "api/trust", "show/answers/trust.py"),
        question("verify", "api/properties.py", "api/verify.py"),
        asked("watch", "api/trust/drift.py", others=("api/trust/parts.py",)),
        # The importance of columns orders what the other findings show.
        finding("confusion", others=("show/page/notebook.py",)),
        finding("forecast"),
        finding("growth", "study/findings/extrapolation.py"),
        finding("ranking"),
        finding(
            "reliability",
            *("study/findings/miscalibration.py", "api/trust/calibration.py"),
            others=("api/trust/parts.py",),
        ),
        finding("residuals", others=("show/page/notebook.py",)),
        finding("segments", others=("api/runs.py",)),
        Part(
            "finding surrogate",
            (
                "study/explanation/surrogate.py",
                "show/answers/surrogate.py",
                "api/surrogate.py",
                "show/templates/sections/surrogate.html",
            ),
            ("study/findings/findings.py", "api/model.py"),
        ),
        finding("threshold", others=("api/runs.py",)),
        finding("threshold_table", picture=False),
        finding("net_benefit"),
        finding("log_odds", picture=False),
        finding("refits", picture=False),
        finding("worst", picture=False),
    )
}
FIT = ["fit", "t.csv", "--model", "linear", "--cv", "2", "--quiet"]
FOR_COSTS = ["--cost", "FP=1,FN=5"]
REFUSED = {
    "finding segments": ["--slice", "colour"],
    "finding threshold": FOR_COSTS,
    "finding growth": ["--learning-curve"],
    "finding refits": ["--refits", "2"],
}
"""An option that only asks for what was taken away."""
TOGETHER = (
    *("kind date", "rung mlp", "question stress", "question verify", "finding residuals"),
    *REFUSED,
)
CLASSES = ("confusion", "ranking", "threshold", "threshold_table", "net_benefit", "log_odds")
OF_TWO_CLASSES = {f"finding {name}" for name in CLASSES}
RUNS = 11
PAIRS = [{run, (run + apart) % RUNS} for apart in range(1, 6) for run in range(RUNS)]
WITHOUT = [
    tuple(name for name, pair in zip(PARTS, PAIRS, strict=False) if run in pair)
    for run in range(RUNS)
]
"""What is taken away together. Each part is taken from two runs, and no other from the same two:
of any two parts there is a run with the second that is without the first, and what rests on a part
fails in the two that are without it.
"""
ASKED = WITHOUT if os.environ.get("GRADUM_DETACH") == "all" else [TOGETHER]


@cache
def imports():
    """What each file of the package imports, within functions too."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        pairs = IMPORT.findall(path.read_text())
        names = {
            f"{home}.{name}"
            for home, found_names in pairs
            for name in re.findall(r"\w+", found_names)
        }
        found[path.relative_to(PACKAGE).as_posix()] = names
    return found


@pytest.mark.parametrize("name", PARTS)
def test_only_what_lists_a_part_imports_it(name):
    part = PARTS[name]
    assert all((PACKAGE / file).exists() for file in part.files)
    modules = [f"{module_of(file)}." for file in part.files]
    importers = {
        file
        for file, names in imports().items()
        if not any(Path(file).is_relative_to(own) for own in part.files)
        and any(f"{name}.".startswith(module) for name in names for module in modules)
    }
    assert importers == set(part.listed_in)


def test_every_part_is_taken_from_two_runs_of_its_own():
    assert len(PARTS) <= len(PAIRS) == len(set(map(frozenset, PAIRS)))
    assert [sum(name in names for names in WITHOUT) for name in PARTS] == [2] * len(PARTS)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A column of each kind, and a target of numbers."""
    rng = np.random.default_rng(0)
    size = rng.normal(size=60)
    words = ["good", "bad", "warm", "cold", "late", "soon", "never"]
    columns = {
        "size": size,
        "member": rng.choice(["yes", "no"], 60),
        "colour": rng.choice(["red", "green", "blue"], 60),
        "hour": [f"{row % 24:02}:{row:02}" for row in range(60)],
        "day": [f"2024-{1 + row % 12:02}-{1 + row % 28:02}" for row in range(60)],
        "said": [" ".join(rng.choice(words, 8)) for _ in range(60)],
        "id": [f"row {row}" for row in range(60)],
        "nothing": ["x"] * 60,
        "again": size,
        "amount": size + rng.normal(size=60),
        "won": (size + rng.normal(size=60) > 0).astype(int),
    }
    path = tmp_path_factory.mktemp("table") / "t.csv"
    pl.DataFrame(columns).write_csv(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("names", ASKED, ids=", ".join)
def test_the_rest_fits_and_reports(names, table, tmp_path):
    package = Edited(tmp_path)
    for name in names:
        part = PARTS[name]
        package.detach(part.files, (*part.listed_in, *part.named_in), name.rpartition(" ")[2])
    shutil.copy(table, tmp_path)
    costs = FOR_COSTS if "finding threshold" not in names else []
    fits = {"amount": []} | ({"won": costs} if OF_TWO_CLASSES.intersection(names) else {})
    refused = [REFUSED[name] for name in names if name in REFUSED]
    commands = [
        *(([*FIT, "--target", "won", *option, "--out", "refused"], [2]) for option in refused),
        *(
            ([*FIT, "--target", target, *more, "--out", target, "--no-learning-curve"], [0])
            for target, more in fits.items()
        ),
        *([(["trust", "amount"], [0, 3])] if "question trust" not in names else []),
    ]
    engine = [TESTS / file for file in ENGINE]
    asked = [tmp_path, json.dumps(commands), *engine]
    done = run_in_fork(USE, *asked, folder=tmp_path, path=[tmp_path, TESTS])
    assert done.returncode == 0, done.stdout + done.stderr
    for option in refused:
        assert f"{option[0]} has no effect" in done.stderr
    assert not (tmp_path / "refused").exists()
    for target in fits:
        assert "<h2" in (tmp_path / target / "report.html").read_text()
    if "question verify" in names and "question trust" not in names:
        assert "This gradum is without verify" in " ".join(done.stdout.split())
