"""The command line called in this process: what it prints, and the code it ends with."""

import contextlib
import io
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache, partial

import pytest
import typer.main

import gradum
from gradum.app.cli import main, waiting
from gradum.run.options import options
from gradum.show import report
from gradum.study.explanation import judged
from synthetic import FOLDS_ONCE, SHORT

# Typer else makes all commands anew at every call, which takes a third of what a short one does.
typer.main.get_command = cache(typer.main.get_command)

# However busy the machine is, commands do not say how far they are: tests compare what they say.
waiting.LONG = math.inf


@dataclass(frozen=True)
class Ended:
    """What a command left."""

    code: int
    out: str
    err: str


def run(*arguments):
    """Run ``gradum …`` and catch its end."""
    out, err, before, code = io.StringIO(), io.StringIO(), sys.argv, 0
    sys.argv = ["gradum", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.argv = before
        gradum.language("en")
    return Ended(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def reports_of(sections_of, most_rows):
    """Let reports have these sections, and explain so many rows."""
    with pytest.MonkeyPatch.context() as patched:  # which no test undoes
        patched.setattr(report, "sections_of", sections_of)
        patched.setattr(judged, "MOST_ROWS", most_rows)
        yield


short_reports = partial(reports_of, lambda *_: [], judged.FEWEST_ROWS)
"""Reports of their first lines only: Altair and explanations take two thirds of a short run."""

whole_again = partial(reports_of, report.sections_of, judged.MOST_ROWS)


@contextlib.contextmanager
def short_paths(split=FOLDS_ONCE):
    """Let commands fit linear rungs on a path of four strengths, and draw folds once."""
    with pytest.MonkeyPatch.context() as patched:
        make_spec = partial(options.make_spec, linear=SHORT, split=split)
        patched.setattr(options, "make_spec", make_spec)
        yield


IN_STEP = """
import sys
from functools import partial

from command_line import short_paths, short_reports
from gradum.app.cli import main
from gradum.app.cli.progress import JsonLines
from gradum.rungs.pack.spec import EFFORTS
from synthetic import FEW, ONCE

def in_step(lines, event, tell=JsonLines.__call__):
    tell(lines, event)
    sys.stdin.readline()

EFFORTS["quick"] = FEW
JsonLines.__call__ = in_step
with short_paths(ONCE["split"]), short_reports():
    main()
"""


def in_step(folder, *arguments):
    """Start ``gradum … --json`` with short fits; after each event it waits for a line."""
    return subprocess.Popen(
        [sys.executable, "-c", IN_STEP, *arguments, "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def specs_that_fit_asks_for(monkeypatch):
    """A list that ``gradum fit`` adds what it would run to, instead of running it."""
    asked = []

    @contextlib.contextmanager
    def new_run(run_spec, *_, **__):
        asked.append(run_spec)
        yield None, None

    monkeypatch.setattr("gradum.app.cli.fit.new_run", new_run)
    monkeypatch.setattr("gradum.app.cli.fit.carry_out", lambda *_, **__: None)
    return asked
