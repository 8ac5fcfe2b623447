"""Records everything that a user can see, so that two commits can be compared.

``python -m benchmarks freeze FOLDER [TABLES]`` goes through thirteen drawn tables (each kind of
column and of task; in memory and in blocks; cross-validated, by group, by time, weighted; a
forecast), runs every command on each, and writes the output into FOLDER, a file per command: what
the terminal shows, JSON, the words of pages with a hash of their charts, hashes of weights,
predictions and exported files, and what the methods of `Model` return that no command asks for.
Beside them stand the help of every command, the JSON schemas of the tools, and refusals.
If FOLDER already exists, it compares instead, shows the lines that differ, and ends with 1 if there
are any. Run it on the commit before and on the one after, on the same machine. The clock hardly
advances, so that seconds are 0 and no search ends by time. TABLES, separated by commas, restricts
it to some of them.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import hashlib
import html.parser
import inspect
import io
import itertools
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import polars as pl

TICKS = itertools.count(1)


def _slow_clock() -> float:
    """Return the seconds of a clock that advances by a billionth at each look."""
    return next(TICKS) * 1e-9


time.perf_counter = time.monotonic = _slow_clock  # before anything in gradum imports them

import gradum  # noqa: E402
from gradum.app.cli import COMMANDS, app  # noqa: E402
from gradum.app.cli import main as command_line  # noqa: E402
from gradum.app.tools.tool import tools_of  # noqa: E402
from gradum.errors import GradumError  # noqa: E402

ROWS, NEW_ROWS = 260, 60
LANGUAGES = ("en", "zh")
MASKS = (
    (r'("(?:[a-z_]*(?:bytes|seconds)|memory|created|started|version)": ?)[^,}\]\n]+', r"\1#"),
    (r"\d[\d.,]* (?=MB\b|GB\b|MiB\b|GiB\b)", "# "),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?Z?", "#"),
)
"""Patterns of what depends on the day or the machine, and what is written instead."""


@dataclass(frozen=True)
class Frozen:
    """One table, and how it is fitted."""

    target: str
    columns: tuple[str, ...]
    options: tuple[str, ...] = ("--effort", "quick", "--model", "ladder")
    property: str = "robust size ±1"


TABLES = {
    "two-classes": Frozen("label", ("size", "age", "colour", "member")),
    "many-classes": Frozen("grade", ("size", "age", "colour", "city")),
    "number": Frozen("amount", ("size", "age", "colour", "member")),
    "cross-validated": Frozen("label", ("size", "age"), ("--cv", "3", "--model", "linear")),
    "by-group": Frozen("amount", ("size", "age", "who"), ("--group", "who", "--model", "linear")),
    "by-time": Frozen("amount", ("size", "colour", "when"), ("--time", "when", "--model", "mlp")),
    "weighted": Frozen(
        "grade", ("size", "age", "share"), ("--weight", "share", "--model", "linear")
    ),
    "texts": Frozen("label", ("size", "words"), ("--model", "linear")),
    "dates": Frozen("amount", ("size", "day", "member"), ("--model", "linear", "--refit")),
    "logarithm": Frozen(
        "amount", ("size", "city"), ("--log-target", "--model", "pack", "--effort", "quick")
    ),
    "in-blocks": Frozen(
        "label", ("size", "age", "colour", "member"), ("--blocks", "--model", "linear")
    ),
    "number-in-blocks": Frozen("amount", ("size", "age", "city"), ("--blocks", "--model", "mlp")),
    "forecast": Frozen(
        "amount",
        ("size", "store", "stamp"),
        ("--horizon", "4", "--time", "stamp", "--series", "store", "--effort", "quick"),
    ),
}
FORMS = {"onnx": "model.onnx", "javascript": "model.mjs", "sql": "model.sql"}
REFUSALS = (
    "fit nowhere.csv --target label",
    "fit rows.csv --target lable",
    "fit rows.csv --target size --task binary",
    "fit rows.csv --target size --effort fast",
    "fit rows.csv --target size --model forest",
    "fit rows.csv --target size --cv 1",
    "fit rows.csv --target size --loss poisson -o x",
    "fit rows.csv --target size --numeric colours",
    "fit rows.csv --target size --horizon 3",
    "fit rows.csv --target size --seed one",
    "inspect rows.csv --target lable",
    "predict run nowhere.csv -o other.csv",
    "predict nowhere new.csv -o said.csv",
    "predict run new.csv -o said.txt",
    "predict run new.csv -o other.csv --interval 2",
    "predict run new.csv -o other.csv --rung forest",
    "evaluate run new.csv --threshold 2",
    "watch run new.csv -o watch.txt",
    "watch run new.csv --false-alarm 2",
    "stress run new.csv --rows 0",
    "stress run new.csv --rows many",
    "stress run new.csv --budget size=1,size=2",
    "stress run new.csv --budget tiny",
    "stress run new.csv --budget size",
    "stress run new.csv --certify -1",
    "stress run new.csv --time-limit 0",
    "stress run new.csv --frozen sizes",
    "stress run new.csv --together size,colour",
    "stress run new.csv --levels -1",
    "stress run new.csv --share 2",
    "trust run new.csv --thresholds nowhere.toml",
    "explain run rows.csv --row 0",
    "explain run rows.csv --row 3 -o row.txt",
    "counterfactual run rows.csv",
    "counterfactual run rows.csv --row 3 --count 0",
    "counterfactual run rows.csv --row 3 --frozen sizes",
    "infer rows.csv --target lable",
    "verify run new.csv --property nonsense",
    "export run -o model.txt",
    "compress run -o small --budget much",
    "compare run nowhere",
    "report nowhere",
    "explain-step run rows.csv --row 0",
    "resume nowhere",
    "rerun nowhere -o again",
    "play chess",
    "serve nowhere",
    "strss run new.csv",
)
"""Commands that each have one mistake."""


def main(folder: str, tables: str = ",".join(TABLES)) -> None:
    """Write what a user sees, or compare it with what was written."""
    if folder.startswith("-"):
        sys.exit(__doc__)
    before = Path(folder).absolute()
    with tempfile.TemporaryDirectory() as place:
        now = Path(place, "record") if before.exists() else before
        with _command_line_of_one_machine():
            for name in tables.split(","):
                _freeze(TABLES[name], now / name, Path(place, name))
            _write(now / "help", _helps())
            _write(now / "tools", _schemas())
        if now != before:
            sys.exit(_differences(before, now, [*tables.split(","), "help", "tools"]))


@contextlib.contextmanager
def _command_line_of_one_machine() -> Iterator[None]:
    """Give every terminal the same width, colours and place for compiled programs."""
    with mock.patch.dict(os.environ, {"COLUMNS": "100", "NO_COLOR": "1", "LANG": "en_US.UTF-8"}):
        yield


def _freeze(table: Frozen, record: Path, place: Path) -> None:
    """Write the output of the commands for one table, in a folder of its own."""
    place.mkdir()
    for name, rows, seed in (("rows.csv", ROWS, 0), ("new.csv", NEW_ROWS, 1)):
        drawn = _panel(rows) if "store" in table.columns else _table(rows, seed)
        drawn.select([*table.columns, table.target]).write_csv(place / name)
    with contextlib.chdir(place):
        _write(record, _fitted(table))
        for language in LANGUAGES:
            _write(record / language, _asked(table, language))
            _write(record / language / "methods", _methods(language))
            if table is TABLES["two-classes"]:
                _write(record / language, _refused(language))


def _fitted(table: Frozen) -> Iterator[tuple[str, str]]:
    """Fit, and yield the terminal, the weights, the predictions and the files of the run."""
    yield "fit", _run("fit", "rows.csv", "--target", table.target, *table.options, "-o", "run")
    model = gradum.load("run")
    new = pl.read_csv("new.csv").drop(table.target)
    ask = model.forecast if model.fitted.spec.is_forecast else functools.partial(model.predict, new)
    said = {rung: _hash(np.asarray(ask(rung=rung)).astype(str)) for rung in model.fitted.rungs}
    yield "weights", f"{model.fitted.provenance.fingerprint}\n{said}\n"
    for file in ("metrics.json", "findings.json", "schema.json", "history.jsonl", "spec.toml"):
        if Path("run", file).exists():
            yield file, Path("run", file).read_text(encoding="utf-8")


def _asked(table: Frozen, language: str) -> Iterator[tuple[str, str]]:
    """Yield the output of every command for the run, and the words of every page."""
    row = ("rows.csv", "--row", "3")
    asked: dict[str, tuple[str, ...]] = {
        "inspect": ("inspect", "rows.csv", "--target", table.target),
        "predict": ("predict", "run", "new.csv", "-o", "said.csv", "--force", "--interval", "0.9"),
        "evaluate": ("evaluate", "run", "new.csv"),
        "watch": ("watch", "run", "new.csv", "-o", "watch.html"),
        "stress": ("stress", "run", "new.csv", "--rows", "3", "-o", "stress.html"),
        "trust": ("trust", "run", "new.csv", "-o", "trust.html"),
        "explain": ("explain", "run"),
        "explain-row": ("explain", "run", *row, "-o", "row.html"),
        "counterfactual": ("counterfactual", "run", *row),
        "infer": ("infer", "rows.csv", "--target", table.target),
        "verify": ("verify", "run", "new.csv", "--rows", "3", "--property", table.property),
        "report": ("report", "run", "-o", "report.html"),
        "compare": ("compare", "run", "run"),
        "explain-step": ("explain-step", "run", *row, "-o", "step.html"),
    }
    if language == "en":
        asked |= {
            f"export-{form}": ("export", "run", "-o", file, "--force")
            for form, file in FORMS.items()
        }
        asked |= {
            "compress": ("compress", "run", "-o", "small", "--force"),
            "rerun": ("rerun", "run", "-o", "again", "--force"),
            "resume": ("resume", "run"),
            "compare-solvers": ("compare-solvers", "rows.csv", "--target", table.target),
        }
    for name, words in asked.items():
        yield name, _run(*words, "--lang", language)
        if name not in ("report", "explain-step", "rerun", "resume"):
            yield f"{name}.json", _run(*words, "--json", "--lang", language)
    for file in FORMS.values() if language == "en" else ():
        if Path(file).exists():
            yield file, _hash([_masked(Path(file).read_bytes().decode("latin-1"))])
    for page in sorted(Path().glob("*.html")):
        yield page.name, _page(page.read_text(encoding="utf-8"))
        page.unlink()


def _methods(language: str) -> Iterator[tuple[str, str]]:
    """Ask the model what no command asks, and yield each result as it shows itself."""
    model, new = gradum.load("run"), pl.read_csv("new.csv")
    row = new.head(1)
    asked = {
        "alike": lambda: model.alike(row),
        "alike-of-the-run": lambda: model.alike(row=3, count=2),
        "influence": lambda: model.influence(row),
        "influence-on-all": lambda: model.influence(count=3),
        "effects": lambda: model.effects(),
        "surrogate": lambda: model.surrogate(),
        "score": lambda: model.score(new),
        "guarantee": lambda: model.guarantee(0.9),
        "predict-set": lambda: model.predict_set(new, 0.9),
        "predict-interval": lambda: model.predict_interval(new, 0.9),
        "predict-proba": lambda: model.predict_proba(new),
        "scores": lambda: model.scores,
        "coefficients": lambda: model.coefficients,
        "importance": lambda: model.importance,
        "forecast": lambda: model.forecast(),
    }
    for name, ask in asked.items():
        gradum.language(language)
        try:
            yield name, _shown(ask())
        except GradumError as error:
            yield name, f"{type(error).__name__}: {error}\n"
        finally:
            gradum.language("en")


def _shown(result: Any) -> str:
    """Return what a terminal shows of a result, and the words of its page, if it has one."""
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=100, color_system=None, highlight=False, markup=False).print(result)
    page = _page(result.page()) if hasattr(result, "page") else ""
    return out.getvalue() + page


def _refused(language: str) -> Iterator[tuple[str, str]]:
    """Yield what is said of commands with one mistake each."""
    yield "refusals", "".join(_run(*line.split(), "--lang", language) for line in REFUSALS)


def _schemas() -> Iterator[tuple[str, str]]:
    """Yield the JSON schema of each tool, and the parameters of each method of `Model`."""
    import typer

    for tool in tools_of(typer.main.get_command(app)):
        yield tool.name, json.dumps([tool.description, tool.schema], indent=1) + "\n"
    methods = inspect.getmembers(gradum.Model, inspect.isfunction)
    shown = (
        f"{name}({', '.join(f'{each.name}={each.default!r}' for each in _parameters(method))})\n"
        for name, method in methods
        if not name.startswith("_")
    )
    yield "methods", "".join(shown)


def _parameters(method: Any) -> list[inspect.Parameter]:
    return list(inspect.signature(method).parameters.values())


def _helps() -> Iterator[tuple[str, str]]:
    for name in COMMANDS:
        for language in LANGUAGES:
            yield f"{name}.{language}", _run(name, "--help", "--lang", language)


def _run(*words: str) -> str:
    """Run ``gradum WORDS`` in this process; return what it prints, and its exit code."""
    out, errors, code = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.object(sys, "argv", ["gradum", *words]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(errors),
    ):
        try:
            command_line()
        except SystemExit as ended:
            code = ended.code or 0
        finally:
            gradum.language("en")
    refusal = errors.getvalue() if code == 2 else ""
    return f"$ gradum {' '.join(words)}\n{out.getvalue()}{refusal}[{code}]\n"


@dataclass
class _Words(html.parser.HTMLParser):
    """The words of a page, one per line, and a hash of the data of its charts."""

    lines: list[str] = field(default_factory=list)
    within: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.within.append("charts" if ("type", "application/json") in attrs else tag) if tag in (
            "script",
            "style",
        ) else None

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.within.pop()

    def handle_data(self, data: str) -> None:
        if not self.within and data.strip():
            self.lines.append(" ".join(data.split()))
        elif self.within[-1:] == ["charts"]:
            self.lines.append(f"charts {_hash([_masked(data)])}")


def _page(text: str) -> str:
    words = _Words()
    words.feed(text)
    return "\n".join(words.lines) + "\n"


def _write(record: Path, seen: Iterator[tuple[str, str]]) -> None:
    record.mkdir(parents=True, exist_ok=True)
    for name, text in seen:
        Path(record, f"{name}.txt").write_text(_masked(text), encoding="utf-8")
        print(f"{record.parent.name}/{record.name}/{name}", flush=True)


def _masked(text: str) -> str:
    text = text.replace(str(Path.cwd()), ".")
    for pattern, mask in MASKS:
        text = re.sub(pattern, mask, text)
    return text


def _differences(before: Path, now: Path, names: list[str]) -> bool:
    """Print the lines that differ, file by file; tell whether there are any."""
    records = [
        {
            path.relative_to(root): path.read_text(encoding="utf-8")
            for name in names
            for path in (root / name).rglob("*.txt")
        }
        for root in (before, now)
    ]
    differing = 0
    for path in sorted(records[0].keys() | records[1].keys()):
        lines = [record.get(path, "").splitlines() for record in records]
        if lines[0] != lines[1]:
            differing += 1
            print(
                "\n".join(
                    difflib.unified_diff(*lines, f"before/{path}", f"now/{path}", n=0, lineterm="")
                )
            )
    print(f"{len(records[0])} before, {len(records[1])} now; differing: {differing}")
    return differing > 0


def _table(rows: int, seed: int) -> pl.DataFrame:
    """Draw a table with every kind of column and of target, the same for the same seed."""
    rng = np.random.default_rng(seed)
    size, age = rng.normal(50, 10, rows).round(1), rng.gamma(4, 10, rows).round(1)
    colour, member = (
        rng.choice(["red", "green", "blue"], rows, p=[0.5, 0.3, 0.2]),
        rng.random(rows) < 0.4,
    )
    level = 0.1 * (size - 50) + (colour == "red") - 0.8 * member
    noisy = level + rng.normal(0, 0.7, rows)
    chosen = rng.integers(0, 30, (rows, 8)) + 30 * (
        (noisy > 0)[:, None] & (rng.random((rows, 8)) < 0.3)
    )
    days = np.datetime64("2021-01-01") + rng.integers(0, 900, rows)
    return pl.DataFrame(
        {
            "size": size,
            "age": [
                None if missing else value
                for missing, value in zip(rng.random(rows) < 0.1, age, strict=True)
            ],
            "colour": colour,
            "member": np.where(member, "yes", "no"),
            "city": rng.choice([f"city {k:02}" for k in range(12)], rows),
            "words": [" ".join(f"word{k}" for k in line) for line in chosen],
            "day": days.astype(str),
            "who": np.arange(rows) % 40,
            "when": np.datetime64("2023-01-01") + np.arange(rows),
            "share": rng.integers(1, 4, rows),
            "amount": np.exp(1 + 0.3 * level + 0.2 * rng.normal(size=rows)).round(3),
            "label": np.where(noisy > 0, "good", "bad"),
            "grade": np.array(["low", "middle", "high"])[np.digitize(noisy, [-0.5, 0.6])],
        }
    )


def _panel(rows: int) -> pl.DataFrame:
    """Draw two series of days, with a week and a column that is known beforehand."""
    rng = np.random.default_rng(7)
    days = np.arange(rows // 2)
    parts = [
        pl.DataFrame(
            {
                "store": [store] * len(days),
                "stamp": np.datetime64("2024-01-01") + days,
                "size": rng.normal(0, 1, len(days)).round(2),
            }
        ).with_columns(
            amount=(level + pl.Series(4.0 * (days % 7 == 5)) + pl.col("size")).round(2)
            + pl.Series(rng.normal(0, 0.5, len(days)).round(2))
        )
        for store, level in (("north", 20), ("south", 9))
    ]
    return pl.concat(parts)


def _hash(parts: Mapping[str, str] | list[str] | np.ndarray) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]
