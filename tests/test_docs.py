"""The documents say what the code does: every key, every command, every choice, every example."""

import io
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from datetime import date
from functools import partial
from pathlib import Path

import mcp
import msgspec
import numpy as np
import polars as pl
import pytest
import soundfile
from msgspec import structs
from PIL import Image

import gradum
from asgi_client import Client
from command_line import run, short_reports
from gradum.api import save_run
from gradum.app.cli import app
from gradum.app.tools import server as tool_server
from gradum.games import simple_policies
from gradum.questions.counterfactual.result import (
    ColumnChange,
    Counterfactual,
    RowCounterfactuals,
)
from gradum.questions.influence.influence import MOST_COEFFICIENTS
from gradum.run.judging.by_class import ClassScores
from gradum.run.options import options
from gradum.run.spec.spec import SplitSpec
from gradum.rungs import transfer_set
from gradum.rungs.calibration import choice, matrix_scaling, quadratic, temperature
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.mlp.fit import LEARNING_RATES
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.pack.inputs import BESIDE_SCORES, TEXT_COLUMNS
from gradum.rungs.pack.spec import EFFORTS, PackSpec
from gradum.scores.metrics import METRICS
from gradum.serve import app as serving
from gradum.serve import server
from gradum.ship.run_spec import RunSpec
from gradum.study.coverage.coverage import Coverage, SetSize, WidthAt, Widths
from gradum.study.coverage.covered_groups import GroupCoverage
from gradum.study.explanation.explain import Contribution, RowExplanation
from gradum.study.explanation.interactions import Interaction, Interactions
from gradum.study.explanation.judged import (
    FEWEST_BACKGROUND,
    FEWEST_ROWS,
    MOST_BACKGROUND,
    MOST_COLUMNS,
    MOST_ROWS,
    JudgedExplanation,
    JudgedRow,
)
from gradum.study.explanation.learned import BACKGROUND_ROWS
from gradum.study.explanation.overall import ColumnOverall, Direction, LevelContribution, Overall
from gradum.study.explanation.shapley import MOST_EXACT, TOLERANCE
from gradum.study.explanation.surrogate import (
    MOST_GROWN,
    MOST_JUDGED,
    READABLE,
    Fidelity,
    Rule,
    Surrogate,
)
from gradum.study.findings.confusion import Confusion
from gradum.study.findings.findings import Findings
from gradum.study.findings.growth import Growth
from gradum.study.findings.importance import Importance
from gradum.study.findings.ranking import Lift, RankingCurve, Top
from gradum.study.findings.reliability import Reliability, ReliabilityBin
from gradum.study.findings.residuals import Residuals
from gradum.study.findings.segments import Segment, Segments
from gradum.study.findings.threshold_table import AtThreshold, ThresholdTable
from gradum.study.findings.worst import WorstRow
from gradum.study.profile import ColumnProfile
from gradum.study.uncertainty import Coefficients
from node import NODE
from pages import assert_page_shows, script
from synthetic import FEW, FILTERS, FOLDS_ONCE, SHORT, TINY

ROOT = Path(__file__).parent.parent
WORDS = {4: "four", 5: "five", 6: "six", 8: "eight"}
CODE = re.compile(r"`([a-z_0-9]+)`")


@pytest.mark.slow
def test_every_key_of_metrics_json_is_documented(classifier, tmp_path):
    with short_reports():
        save_run(classifier, tmp_path, RunSpec("t.csv", classifier.fitted.spec))
    said = msgspec.json.decode((tmp_path / "metrics.json").read_bytes())
    documented = set(CODE.findall((ROOT / "docs/metrics.md").read_text()))
    judgement, rung = said["judgement"], said["rungs"]["mlp"]
    keys = {*said, *judgement, *judgement["verdict"], *rung, *said["provenance"], *METRICS}
    known = {*rung["certificate"]}
    assert keys | known <= documented


def test_every_key_of_findings_json_is_documented():
    documented = set(CODE.findall((ROOT / "docs/metrics.md").read_text()))
    parts = [Findings, Reliability, ReliabilityBin, Importance, Segments, Segment, Growth]
    parts += [Coefficients, Confusion, RankingCurve, Residuals, ColumnProfile, WorstRow]
    parts += [Lift, Top, ThresholdTable, AtThreshold, ClassScores, Surrogate, Fidelity, Rule]
    parts += [JudgedExplanation, JudgedRow, RowExplanation, Contribution, Interactions, Interaction]
    parts += [Overall, ColumnOverall, Direction, LevelContribution]
    parts += [Coverage, GroupCoverage, Widths, WidthAt, SetSize]
    keys = {name for part in parts for name in part.__struct_fields__}
    assert keys <= documented


def test_every_key_of_counterfactual_json_is_documented():
    documented = set(CODE.findall((ROOT / "docs/metrics.md").read_text()))
    parts = [RowCounterfactuals, Counterfactual, ColumnChange]
    keys = {name for part in parts for name in part.__struct_encode_fields__}
    assert keys | {"sentence", "why_none"} <= documented


PAGES = [*ROOT.glob("*.md"), *ROOT.glob("benchmarks/*.md"), *ROOT.glob("docs/**/*.md")]
ELSEWHERE = re.compile(
    r"~/|runs/|build/|\.gradum-run/|\.pytest_cache/|.*/ROOM\.po|(mlp|linear|test|learning_curve)/"
)  # made by runs and users, of any room, or numbers of a run


def absent(page, names):
    """Those of the files and folders that a page names which there are not."""
    homes = [ROOT, ROOT / "src/gradum", page.parent]
    return [
        name
        for name in names
        if not ELSEWHERE.match(name) and not any((home / name).exists() for home in homes)
    ]


def test_every_file_that_a_page_names_exists():
    known = {
        path.name
        for home in ("src", "tests", "benchmarks")
        for path in ROOT.glob(f"{home}/**/*.py")
    }
    found = 0
    for page in PAGES:
        text = page.read_text()
        paths = re.findall(r"`((?:[\w.~-]*[A-Za-z~][\w.~-]*/)+[\w.-]*)`", text)  # 01/2024 is none
        assert not absent(page, paths), page
        assert known.issuperset(re.findall(r"`(\w+\.py)`", text)), page
        found += len(paths)
    assert found > 200


def test_every_file_that_the_checks_name_exists():
    checks = ROOT / ".ci/run"
    named = re.findall(r"\btests/[\w/.]+|\.ci/[\w.]+", checks.read_text())
    assert len(named) > 10
    assert not absent(checks, named)


def test_every_package_that_pyproject_names_has_a_least_version():
    told = subprocess.run(
        [sys.executable, ".ci/least.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {re.match(r"[\w.-]+", requirement)[0] for listed in lists for requirement in listed}
    assert {line.split("==")[0] for line in told.stdout.splitlines()} == names
    assert "jax" in names
    assert "ray" in names


def test_the_tour_names_every_command():
    tour = (ROOT / "docs/tour.md").read_text()
    for command in app.registered_commands:
        assert f"gradum {command.name} " in tour


@pytest.mark.parametrize(("page", "words"), [("README.md", 900), ("docs/how-it-decides.md", 1300)])
def test_a_page_that_is_to_be_read_at_once_is_short(page, words):
    assert len((ROOT / page).read_text().split()) <= words


def test_the_numbers_in_the_guide_to_choices_are_the_defaults():
    guide = " ".join((ROOT / "docs/choices.md").read_text().split())
    split, linear, mlp, pack = SplitSpec(), LinearSpec(), MLPSpec(), PackSpec()
    quick, best, (first, second) = EFFORTS["quick"], EFFORTS["best"], pack.hidden_layer_sizes
    assert first == second
    for said in (
        f"Fewer than {split.small_table_rows:,} rows**: 5-fold cross-validation, done twice below "
        f"{split.repeated_below_rows} rows",
        f"{split.test:.0%} of the rows are held out for judging, "
        f"{split.validation:.0%} of the rest",
        f"on a path of {len(linear.strengths)} strengths",
        f"by {linear.folds}-fold cross-validation up to {linear.folds_up_to_rows:,} rows",
        f"two hidden layers of {mlp.hidden_layer_sizes[0]} ReLU units",
        f"from {LEARNING_RATES[mlp.solver]} to 0 over at most {mlp.max_epochs} epochs",
        f"an L2 penalty of {mlp.strength:g} / n",
        f"has not improved for {mlp.patience}",
        f"an embedding of {mlp.embedding_size} numbers",
        f"Each of the {pack.members} networks has two hidden layers of {first} ReLU units",
        f"divided into {WORDS[pack.folds]} folds, and each member learns without one of them",
        f"counts as much as {pack.shrinkage} rows",
        f"more than {pack.one_hot_levels} levels are embedded",
        f"down to {TEXT_COLUMNS} columns",
        f"to {BESIDE_SCORES} of these",
        f"up to {pack.text_scores} classes, to",
        f"`--effort quick` trains {WORDS[quick.members]} networks for {quick.epochs} epochs, "
        f"`best` {best.members} for {best.epochs}. Above {pack.epochs_at:,} rows",
        f"A step needs {choice.FEWEST_ROWS} rows of equal weight",
        f"one number between {1 / temperature.MOST} and {temperature.MOST:g}.",
        f"from {quadratic.FEWEST_OF_A_CLASS} rows of each class on",
        f"of 3 to {matrix_scaling.MOST_CLASSES} classes",
        f"from {matrix_scaling.FEWEST_ROWS} rows a class on",
        f"cross-validated on the same rows in {WORDS[choice.FOLDS]} folds",
        f"Shapley values before {BACKGROUND_ROWS} background rows",
        f"Up to {MOST_EXACT} columns",
        f"is below {TOLERANCE} of the range",
        f"{FEWEST_ROWS} to {MOST_ROWS} judged rows",
        f"{FEWEST_BACKGROUND} to {MOST_BACKGROUND} background rows",
        f"more than {MOST_COLUMNS + 1} columns the {MOST_COLUMNS} most important",
        f"at most {MOST_COEFFICIENTS:,} coefficients",
        f"up to {MOST_GROWN:,} rows that the model learned from",
        f"up to {MOST_JUDGED:,} others; it is shown from R² {READABLE} on",
    ):
        assert said in guide, said


def test_the_reference_of_the_commands_is_up_to_date():
    commands = script("commands")
    assert (ROOT / "docs/commands.md").read_text() == commands.reference(), (
        "run python docs/commands.py"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder as the guides suppose it: a table, rows to predict, and rows put aside."""
    folder = tmp_path_factory.mktemp("guides")
    penguins = pl.read_csv(ROOT / "examples/penguins.csv", infer_schema=False)
    penguins.write_csv(folder / "penguins.csv")
    bikes = pl.read_csv(ROOT / "examples/bikes.csv", infer_schema=False)
    rare = bikes.filter(pl.col("weather") == "heavy rain or snow")
    pl.concat([rare, bikes.gather_every(16)]).write_csv(folder / "bikes.csv")
    penguins.drop("species").head(7).write_csv(folder / "new.csv")
    penguins.gather_every(5).write_csv(folder / "held_out.csv")
    for name, rows in (("data", penguins), ("new", penguins.drop("species"))):
        (folder / name).mkdir()
        rows[:200].write_parquet(folder / name / "part-1.parquet")
        rows[200:].write_parquet(folder / name / "part-2.parquet")
    draw_photos(folder / "photos")
    record_words(folder)
    sell(folder)
    open_shops(folder)
    run_pumps(folder)
    write_messages(folder)
    (folder / "token").write_text(TOKEN)
    (folder / "token").chmod(0o600)
    return folder


def draw_photos(folder):
    """Pictures of bars that lie or stand, a subfolder each."""
    rng = np.random.default_rng(0)
    for name in ("lying", "standing"):
        (folder / name).mkdir(parents=True)
        for number in range(20):
            grey = rng.integers(0, 60, (12, 12)).astype(np.uint8)
            grey[int(rng.integers(1, 10))] = 255
            picture = Image.fromarray(grey if name == "lying" else grey.T)
            picture.save(folder / name / f"{number}.png")


def record_words(folder):
    """Tones of four speakers, who say one of two words, and the table of them."""
    rng, rows = np.random.default_rng(0), []
    for number in range(40):
        word, speaker, time = ("low", "high")[number % 2], number // 10, np.arange(1600) / 8000
        hertz = (300 if word == "low" else 900) * (1 + speaker / 20)
        wave = 0.3 * np.sin(2 * np.pi * hertz * time) + rng.normal(0, 0.01, 1600)
        soundfile.write(folder / f"{number}.wav", wave, 8000)
        rows.append((f"{number}.wav", f"s{speaker}", word))
    table = pl.DataFrame(rows, ("file", "speaker", "word"), orient="row")
    table.write_csv(folder / "recordings.csv")


def sell(folder):
    """Units that two stores sell a day, by a week's rhythm."""
    days = pl.date_range(date(2024, 1, 1), date(2024, 4, 30), eager=True)
    rng, rhythm = np.random.default_rng(0), np.array([5, 5, 6, 6, 9, 12, 8])
    stores = [
        pl.DataFrame(
            {
                "date": days,
                "store": store,
                "units": level * rhythm[np.arange(len(days)) % 7] + rng.poisson(9, len(days)),
            }
        )
        for store, level in (("north", 3), ("south", 8))
    ]
    pl.concat(stores).write_csv(folder / "sales.csv")


def open_shops(folder):
    """The tables that the guide to forecasts makes."""
    with pytest.MonkeyPatch.context() as there:
        there.chdir(folder)
        exec(blocks("docs/forecast.md", "python")[0], {})


def run_pumps(folder):
    """The pressure of pumps while they run, with a jump where one is faulty."""
    rng = np.random.default_rng(0)
    pressure = rng.normal(size=(40, 30)).cumsum(axis=1).round(3)
    pressure[::2, 15:18] += 9.0
    table = pl.DataFrame({"pressure": pressure.tolist(), "faulty": [True, False] * 20})
    table.write_ndjson(folder / "pumps.jsonl")


def write_messages(folder):
    """Short messages, of which those that want something spell it in many ways."""
    rng = np.random.default_rng(0)
    wanted, others = (
        ("claim your fr33 prize", "you have won a pr1ze!!", "FREE-prizes for you"),
        ("see you at home", "i am on my way", "thx, talk to you later"),
    )
    texts = [
        f"{rng.choice(wanted if spam else others)} {rng.choice(['ok', 'today'])} {number}"
        for number, spam in enumerate([True, False] * 60)
    ]
    pl.DataFrame({"text": texts, "spam": [True, False] * 60}).write_csv(folder / "messages.csv")


TOKEN = "a-word-of-many-letters"
GUIDES = [
    "README.md",
    "docs/tour.md",
    *(f"docs/{name}.md" for name in ("quick-start", "analyst", "validator", "student", "choices")),
    "docs/intervals.md",
    "docs/media.md",
    "docs/series.md",
    "docs/forecast.md",
    "docs/trust.md",
    "docs/export.md",
    "docs/from-csv-to-service.md",
    "docs/compress.md",
]


def blocks(document, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)


def commands(document):
    """The command lines of a document, without their comments."""
    lines = "".join(blocks(document, "sh")).replace("\\\n", "").splitlines()
    return [text for line in lines if (text := line.partition("  #")[0].strip())]


FITS_PENGUINS = next(line for line in commands("docs/quick-start.md") if "runs/penguins" in line)


SHORTLY = {
    "fit": ["--cv", "2", "--max-epochs", "2", "--no-learning-curve"],
    "compare-solvers": ["--max-epochs", "2"],
    "stress": ["--rows", "4"],
    "serve": ["--port", "0"],
    "compress": ["--budget", "100000%"],
    "play": ["--steps", "2000"],
}


def ask_examples(application, *_, **__):
    """What a server does in the guides: each model answers the row that its page shows."""
    client = Client(application)
    for slot in application.state.service.shelf.slots.values():
        headers = {"Authorization": f"Bearer {TOKEN}"}
        body = {"records": [slot.served.example]}
        answer = client.post(f"/models/{slot.named.name}/predict", body, headers)
        assert answer.status == 200, answer


async def list_tools(folder, tools):
    """What an assistant asks at first."""
    async with mcp.Client(tool_server.server(folder, tools)) as client:
        assert len((await client.list_tools()).tools) == len(tools)


def obey(line):
    """Run a printed command in the current folder; its fits are short and few, and its reports."""
    with short_reports(), pytest.MonkeyPatch.context() as patched:
        patched.setitem(EFFORTS, "standard", structs.replace(FEW, pairs=0))
        few = {"linear": SHORT, "mlp": TINY, "convolution": FILTERS}
        make_spec = partial(options.make_spec, **few, split=FOLDS_ONCE)
        patched.setattr(options, "make_spec", make_spec)
        patched.setattr(server, "run", ask_examples)
        patched.setattr(tool_server, "serve", list_tools)
        patched.setattr(simple_policies, "QUICK", simple_policies.Effort(2, 1, 2))
        patched.setattr(transfer_set, "TIMES", 1)
        patched.setattr(transfer_set, "FEWEST", 200)
        before, pipe, command = line.rpartition(" | ")
        if pipe:
            table = Path(before.removeprefix("cat ")).read_bytes()
            patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(table)))
        program, *words = shlex.split(command)
        assert program == "gradum", line
        by_group = ["--cv", "3"] if "--group" in words else []  # two leave too few to learn from
        ended = run(*words, *SHORTLY.get(words[0], []), *by_group)
    assert ended.code == 0, f"{line}: {ended.err}"


@pytest.fixture(scope="module")
def with_penguins(folder, tmp_path_factory):
    """The folder after the quick start's fit, on which other guides build."""
    fitted = tmp_path_factory.mktemp("fitted")
    shutil.copytree(folder, fitted, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(fitted)
        obey(FITS_PENGUINS)
    return fitted


@pytest.mark.slow
@pytest.mark.parametrize("guide", [guide for guide in GUIDES if commands(guide)])
def test_every_command_of_a_guide_runs(guide, request, tmp_path, monkeypatch):
    """As printed and in its order; the quick start's fit, on which many build, has run once."""
    lines = commands(guide)
    builds = [line for line in lines if "runs/penguins" in shlex.split(line)]
    assert FITS_PENGUINS not in builds[1:]  # it comes first, so that it can have run before
    begun = "with_penguins" if builds else "folder"
    shutil.copytree(request.getfixturevalue(begun), tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    for line in lines:
        if line != FITS_PENGUINS:
            obey(line)
    for lines in blocks(guide, "js") if NODE else []:
        asked = [NODE, "--input-type=module"]
        assert subprocess.run(asked, input=lines.encode(), capture_output=True, check=True).stdout


def test_every_request_of_the_guide_to_serving_is_answered(with_penguins):
    """As printed and in its order, by the model of the guide's fit."""
    client = Client(serving(with_penguins / "runs/penguins"))
    requests = blocks("docs/from-csv-to-service.md", "text")
    assert len(requests) > 1
    for request in requests:
        first, _, body = request.partition("\n")
        method, path = first.split()
        assert method == "POST"
        assert client.post(path, body.encode()).status == 200


def test_the_guides_print_commands():
    assert sum(len(commands(guide)) for guide in GUIDES) > 10


@pytest.fixture(scope="module")
def short_fit():
    """``gradum.fit`` with a short fit in place of the whole ladder, and two folds.

    The guides begin with one fit of one file, which is made once.
    """
    shortly = {"linear": SHORT, "split": FOLDS_ONCE, "learning_curve": False}
    fit, made = gradum.fit, {}

    def fit_shortly(data, *target, **options):
        if not isinstance(data, str):
            return fit(data, *target, **shortly | options)
        asked = repr((data, target, options))
        if asked not in made:
            made[asked] = fit(data, *target, **shortly | {"model": "linear", "cv": 2} | options)
        return made[asked]

    return fit_shortly


@pytest.mark.parametrize("guide", GUIDES)
def test_every_python_of_the_guides_runs(guide, tmp_path, folder, short_fit, monkeypatch):
    """As printed, with short fits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gradum, "fit", short_fit)
    monkeypatch.setitem(EFFORTS, "quick", structs.replace(FEW, members=6, folds=3))
    monkeypatch.setattr(transfer_set, "TIMES", 1)
    monkeypatch.setattr(transfer_set, "FEWEST", 200)
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    for block in blocks(guide, "python"):
        exec(compile(block, guide, "exec"), {})


CHAPTERS = sorted(path.name for path in (ROOT / "docs/chapters").glob("[0-9]*.md"))


@pytest.mark.slow
@pytest.mark.usefixtures("judged_as_for_users")
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_chapter_runs_prints_what_it_shows_and_draws_its_pictures(chapter, tmp_path):
    chapters, page = script("chapters"), ROOT / "docs/chapters" / chapter
    outputs = chapters.run(page, tmp_path)
    assert_page_shows(outputs, chapters.shown_outputs(page))
    drawn = {path.name for path in tmp_path.iterdir()}
    assert drawn == set(chapters.shown_images(page))


def test_every_chapter_is_in_the_index():
    assert len(CHAPTERS) == 11
    index = (ROOT / "docs/chapters/README.md").read_text()
    assert [f"({chapter})" in index for chapter in CHAPTERS] == [True] * 11


EXERCISE = re.compile(
    r"^\*\*(\d)\.\*\* (\S.*?)\n\n<details><summary>Answer</summary>\n\n(\S.*?)\n\n"
    r"```python\n(.*?)```\n\n```text\n(.+?)```\n\n</details>$",
    re.DOTALL | re.MULTILINE,
)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_chapter_ends_with_five_exercises_whose_answers_are_run(chapter):
    """What an answer prints is compared with what stands below it, as every block's is."""
    text = (ROOT / "docs/chapters" / chapter).read_text()
    before, _, exercises = text.partition("\n## Exercises\n")
    assert "<details>" not in before
    assert "\n## " not in exercises
    found = EXERCISE.findall(exercises)
    assert [number for number, *_ in found] == list("12345")
    assert exercises.count("<details>") == exercises.count("```python") == 5
    run = script("chapters").BLOCK.findall(text)[-5:]
    assert [(code, printed) for _, _, _, code, printed in found] == run
    for _, question, answer, code, _ in found:
        assert question[-1] in "?."
        assert len(answer.split()) >= 4
        assert "print(" in code


def test_every_file_that_a_document_links_to_is_there():
    for page in PAGES:
        prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)#]+)", prose):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page}: {link}"


def test_the_reference_has_every_name_that_gradum_offers():
    reference = (ROOT / "docs/reference.md").read_text()
    named = set(re.findall(r"^\.\. auto\w+:: gradum\.(\w+)$", reference, re.MULTILINE))
    assert named == set(gradum.__all__)
