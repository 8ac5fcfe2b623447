"""A question is added as CONTRIBUTING says, to a copy of the package, and every door has it."""

import json
from pathlib import Path

import pytest

from edited_package import Edited
from forks import run_in_fork

TESTS = Path(__file__).parents[1]

QUESTION = """
from __future__ import annotations

from typing import Annotated

from gradum.questions.statement import Knob, Table, question


@question("extremes", page=True, frame=True)
def extremes(
    self,
    data: Table,
    *,
    count: Annotated[int, Knob("How many answers to show.", "N", least=1)] = 3,
    smallest: Annotated[bool, Knob("Show the smallest instead of the largest.")] = False,
):
    \"\"\"Say what a model answers at most.\"\"\"
    from gradum.questions.extremes.answer import ExtremeAnswers, extremes_of
    from gradum.questions.rows.asked_rows import asked_rows

    features, _ = asked_rows(self, data, None)
    return ExtremeAnswers(extremes_of(self.fitted, features, count, smallest))
"""

ANSWER = """
import msgspec
import numpy as np
import polars as pl
from gradum.run.predicting import predict_typed
from gradum.show.document.document import Document, Section, TextTable
from gradum.show.page.documented import Documented


class Extremes(msgspec.Struct, frozen=True):
    rows: int
    answers: list[float]


def extremes_of(fitted, features, count, smallest):
    answers = np.sort(predict_typed(fitted, features).value)
    shown = answers[:count] if smallest else answers[::-1][:count]
    return Extremes(len(answers), shown.tolist())


class ExtremeAnswers(Documented):
    def __init__(self, found):
        self.found = found

    @property
    def frame(self):
        return pl.DataFrame({"answer": self.found.answers})

    def document(self):
        table = TextTable(("answer",), [(f"{answer:.3f}",) for answer in self.found.answers], 0)
        section = Section("extremes", "The answers", tables=[table], draw=self._pictures)
        said = f"The first of {self.found.rows} answers is {self.found.answers[0]:.3f}."
        return Document("Extremes", said, [section])

    def _pictures(self):
        import altair as alt
        from gradum.show.pictures.picture import Chart, Picture, data

        chart = Chart(data([{"answer": answer} for answer in self.found.answers]))
        chart = chart.mark_tick().encode(x=alt.X("answer:Q"))
        return [Picture("ticks", "Answers as ticks", chart, "The answers as ticks.")]
"""

PART = """
from gradum.api.trust.part import TrustPart
from gradum.show.document.trust_section import PartFinding
from gradum.study.trust import Line

BOUNDED = Line("extremes.bounded", "Answers are bounded")


def _of_model(examined, thresholds):
    if examined.table is None:
        return PartFinding([BOUNDED.not_checked("No table.", "Name one.")])
    found = examined.model.extremes(examined.table).found
    holds = max(found.answers) < 1e9
    return PartFinding([BOUNDED.judged(holds, "Below it.", figure="small", threshold="1e9")])


PART = TrustPart("extremes", "How large are answers?", (BOUNDED,), _of_model)
"""

ASK = """
import json
import sys
import gradum
import typer
from gradum.app.cli import app, main
from gradum.app.tools.tool import tools_of
from synthetic import ONCE, task

assert gradum.__file__.startswith(sys.argv[1])
table = task("amount", 120)
model = gradum.fit(table, "amount", model="linear", learning_curve=False, **ONCE)
model.save("m.gradum")
table.write_csv("t.csv")
answers = model.predict(table)
assert model.extremes(table).frame["answer"][0] == answers.max()
assert model.extremes(table, count=1, smallest=True).found.answers == [answers.min()]
assert "How many answers to show." in model.extremes.__doc__
(tool,) = [tool for tool in tools_of(typer.main.get_command(app)) if tool.name == "extremes"]
print(json.dumps(tool.schema["properties"]["count"]))
for way in ([], ["--json"], ["--quiet", "-o", "page.html"], ["--count", "0"]):
    sys.argv = ["gradum", "extremes", "m.gradum", "t.csv", *way]
    try:
        main()
    except SystemExit as end:
        assert (end.code or 0) == (2 if "--count" in way else 0), end.code
sys.argv = ["gradum", "trust", "m.gradum", "t.csv", "--json"]
try:
    main()
except SystemExit:
    pass
"""


@pytest.mark.slow
def test_a_toy_question_reaches_every_door(tmp_path):
    package = Edited(tmp_path)
    folder = package.path / "questions" / "extremes"
    folder.mkdir()
    (folder / "question.py").write_text(QUESTION)
    (folder / "answer.py").write_text(ANSWER)
    (package.path / "api" / "trust" / "extremes.py").write_text(PART)
    asked = "from gradum.questions.extremes.question import extremes"
    package.add("questions/__init__.py", asked, "from gradum.questions.influence")
    package.add("questions/__init__.py", "    extremes,", "    influence,")
    package.add("api/model.py", asked, "from gradum.questions.influence")
    package.add("api/model.py", "    extremes = extremes", "    influence = influence")
    package.add("api/trust/parts.py", "    extremes,", "    groups,")
    package.add("api/trust/parts.py", "    extremes.PART,", "    groups.PART,")
    done = run_in_fork(ASK, tmp_path, folder=tmp_path, path=[tmp_path, TESTS])
    assert done.returncode == 0, done.stderr
    schema, text, table, *_, found, trust = done.stdout.strip().split("\n")
    assert json.loads(schema) == {
        **{"type": "integer", "minimum": 1, "default": 3},
        "description": "How many answers to show.",
    }
    largest = json.loads(found)["answers"][0]
    assert json.loads(found)["rows"] == 120
    assert text == f"The first of 120 answers is {largest:.3f}."
    assert table.strip() == "answer"
    assert "count is 0. Give a whole number from 1 to 2,147,483,647." in done.stderr
    page = (tmp_path / "page.html").read_text()
    assert "Answers as ticks" in page
    assert f'<td class="n">{largest:.3f}</td>' in page
    assert "extremes.bounded" in trust
