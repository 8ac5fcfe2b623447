"""A question is added as CONTRIBUTING says, to a copy of the package: a method and a command."""

import json
import os
import subprocess
import sys
from pathlib import Path

from edited_package import Edited

ROOT = Path(__file__).parents[2]

STUDY = """
import msgspec
import numpy as np
from gradum.run.predicting import predict_typed


class Extremes(msgspec.Struct, frozen=True):
    rows: int
    largest: float


def extremes(fitted, features, numbers) -> Extremes:
    answers = predict_typed(fitted, features).value
    return Extremes(len(numbers), float(np.max(answers)))
"""

SHOWN = """
import polars as pl
from gradum.show.document import Shown, lines


class ExtremeAnswers(Shown):
    def __init__(self, found):
        self.found = found

    @property
    def frame(self):
        return pl.DataFrame({"largest": [self.found.largest]})

    def _parts(self):
        yield from lines([f"The largest of {self.found.rows} answers is {self.found.largest:.3f}."])
"""

ASKED = """
from gradum.api.asked_rows import asked_rows


def extremes(self, data=None):
    from gradum.show.extremes import ExtremeAnswers
    from gradum.study.extremes import extremes

    return ExtremeAnswers(extremes(self.fitted, *asked_rows(self, data, None)))
"""

COMMAND = """
from gradum.app.cli import options
from gradum.app.cli.console import load_model, write, write_json


def command(model: options.Model, data: options.Table, as_json: options.Json = False) -> None:
    \"\"\"Say what a model answers at most.\"\"\"
    answer = load_model(model).extremes(data)
    write_json(answer.found) if as_json else write(answer)
"""

ASK = """
import sys
import gradum
from gradum.app.cli import main
from synthetic import ONCE, task

folder, *asked = sys.argv[1:]
assert gradum.__file__.startswith(folder)
table = task("amount", 120)
model = gradum.fit(table, "amount", model="linear", learning_curve=False, **ONCE)
model.save("m.gradum")
table.write_csv("t.csv")
assert model.extremes(table).frame["largest"].item() == model.predict(table).max()
sys.argv = ["gradum", *asked]
main()
"""


def test_a_toy_question_is_a_method_and_a_command(tmp_path):
    package = Edited(tmp_path)
    for file, text in (
        ("study/extremes.py", STUDY),
        ("show/extremes.py", SHOWN),
        ("api/extremes.py", ASKED),
        ("app/cli/extremes.py", COMMAND),
    ):
        (package.path / file).write_text(text)
    package.add("api/model.py", "from gradum.api.extremes import extremes", "from gradum.api.infer")
    package.add("api/model.py", "    extremes = extremes", "    row_page = row_page")
    package.add("app/cli/__init__.py", "    extremes,", "    failures,")
    package.add("app/cli/__init__.py", "    extremes,", "    fit,\n    resume,")
    said = ask(tmp_path, "extremes", "m.gradum", "t.csv", "--json")
    largest = json.loads(said)["largest"]
    assert json.loads(said) == {"rows": 120, "largest": largest}
    text = ask(tmp_path, "extremes", "m.gradum", "t.csv")
    assert text == f"The largest of 120 answers is {largest:.3f}.\n"


def ask(folder, *asked):
    """Run a command of the copy on a model that the copy has fitted; return what it prints."""
    return subprocess.run(
        [sys.executable, "-c", ASK, str(folder), *asked],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT / "tests")])},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
