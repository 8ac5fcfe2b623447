"""The command line in Chinese: help that fits the terminal, mistakes and progress in words."""

import gettext
import html
import re
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from rich.cells import cell_len

import gradum
from command_line import run
from gradum.app.cli import COMMANDS, help_pages, progress
from gradum.app.cli.place import Place
from gradum.run.events.events import PathStep, RivalFitted, RungFinished, RungStarted
from gradum.run.options import options
from gradum.rungs.pack.spec import EFFORTS
from gradum.solvers.solution import EpochDone
from synthetic import FEW, FOLDS_ONCE, SHORT, TINY, mixed

pytestmark = pytest.mark.usefixtures("whole_reports")

NAMES = list(COMMANDS)
NOT_FIRST = "，。：；、？！）”]"


@pytest.fixture(autouse=True)
def locale_left_alone(monkeypatch):
    monkeypatch.setenv("LANGUAGE", "")
    monkeypatch.setenv("COLUMNS", "80")
    before = gettext.textdomain()
    yield
    gettext.textdomain(before)


@pytest.fixture
def chinese():
    with gradum.language("zh"):
        yield


@pytest.mark.parametrize("command", [[], *([name] for name in NAMES)], ids=str)
def test_help_is_chinese_and_as_wide_as_the_terminal(command):
    ended = run("--lang", "zh", *command, "--help")
    lines = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, "")
    assert lines[0].startswith(" ".join(["用法：gradum", *command, "["]))
    assert max(map(cell_len, lines)) <= 78
    assert not [line for line in lines if line.strip().startswith(tuple(NOT_FIRST))]
    commands, properties = "fit|resume|rerun", "monotone|irrelevant|robust"
    examples = "age to class|never no where age|never left where angle"
    typed = rf"gradum ({commands})|({properties}) [a-z]+|{examples}".replace(" ", r"\s+")
    words = re.sub(rf"{typed}|^用法.*", "", ended.out, flags=re.MULTILINE)
    assert re.findall(r"[A-Za-z]{2,} [a-z]{2,}|<\w+>|\[default|required", words) == []


def test_help_names_every_command_with_its_whole_first_sentence():
    said = "".join(run("--lang", "zh", "--help").out.split())
    for name in NAMES:
        page = run("--lang", "zh", name, "--help").out
        first = "".join(page.split("\n\n")[1].split())
        assert f"{name}{first}" in said


def test_english_help_stays_english_after_chinese():
    before = run("fit", "--help").out
    run("--lang", "zh", "fit", "--help")
    gettext.textdomain("messages")
    assert run("fit", "--help").out == before


@pytest.mark.parametrize("width", [7, 20, 61])
def test_lines_hold_the_text_whole_and_no_more_cells_than_asked(width):
    text = "学习率（例如 0.1）决定步长，验证损失 上升时停止；参见“gradum”。 [默认：0.1]"
    lines = list(help_pages.wrapped(text, width))
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert not [line for line in lines if line.startswith(tuple(NOT_FIRST))]
    assert not [line for line in lines if line.endswith(("（", "“", "["))]
    if width > 15:  # wider than any piece
        assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("fit --nope", "没有选项 --nope。"),
        ("fit t.csv", "缺少选项 --target / -t。参见 gradum fit --help。"),
        ("fit", "缺少参数“表”。参见 gradum fit --help。"),
        ("fit t.csv -t", "选项 -t 需要一个值。"),
        ("fit t.csv -t y --cv abc", "--cv 的值不是整数。参见 gradum fit --help。"),
        ("infer t.csv -t y --level abc", "--level 的值不是数字。"),
        ("fit t.csv -t y spare words", "命令用不到多出来的 spare words。"),
        ("fit t.csv -t y --force=3", "选项 --force 不带值。"),
        ("fitt", "没有命令 'fitt'。也许是 'fit'。参见 gradum --help。"),
    ],
)
def test_misused_words_are_told_in_chinese(words, message):
    ended = run("--lang", "zh", *words.split())
    assert ended.code == 2
    assert ended.err.startswith(f"错误：{message}")
    assert ended.err.count("\n") == 1
    assert not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+", ended.err)


def test_options_that_were_perhaps_meant_are_named():
    ended = run("--lang", "zh", "fit", "t.csv", "-t", "y", "--formce")
    assert ended.err.startswith("错误：没有选项 --formce。也许是 ")
    assert "--force" in ended.err


def test_a_line_of_progress_has_the_order_and_marks_of_chinese(chinese):
    place = Place()
    place.note(RungStarted("mlp", 1, 5))
    place.note(EpochDone(3, 30, 0.25, 0.5, 1.0))
    assert place.line == "MLP（第 1 折，共 5 折）：第 3 轮，目标函数 0.25，验证损失 0.5"
    place.note(RungStarted("mlp", 0, 0))
    place.note(PathStep("mlp", 4, 40, 0.1, 0.25))
    place.note(RungFinished("mlp", 0, 0, "early_stopped", 1.25, 0.25))
    assert place.ended("early_stopped") == "MLP：验证损失 0.25，1.2 秒：提前停止"
    assert progress._rival(RivalFitted("lightgbm", 5, 5, 2.0)) == (
        "对比模型 lightgbm（第 5 折，共 5 折）：2.0 秒"
    )


def test_every_reason_to_stop_has_words(chinese):
    from gradum.solvers.solution import Status

    for status in Status:
        assert not re.search("[a-z]", progress.say(status.value.replace("_", " ")))


def test_an_output_that_the_system_refuses_is_told_in_chinese(tmp_path, chinese):
    from gradum.errors import OutputError
    from gradum.files.atomic import write_text

    with pytest.raises(OutputError, match=r"无法写入 .*文件名太长。请选一个更短的名称。"):
        write_text(tmp_path / ("x" * 300), "")


TECHNICAL = {  # words that Chinese texts leave as they are
    *("MLP", "AUC", "MCC", "ROC", "Brier", "alpha", "F1", "RMSE", "MAE", "R2", "gradum", "float"),
    *("schema", "json", "csv", "parquet", "html", "report", "JavaScript", "SHA", "NA"),
    *("Holm", "fit", "predict", "AIC", "BIC", "VIF", "Wald", "McFadden", "Faith", "Shap"),
}


def shown_by(page):
    """What a reader sees of a report, without the part that holds code, versions and hashes."""
    page = page[: page.index('<div class="inside" id="repeat"')]
    page = re.sub(r"<(script|style|code)\b.*?</\1>", "", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


def english_in(shown, frame):
    """The English words of a Chinese text, but for a table's names and levels."""
    levels = frame.select(pl.col(pl.String)).iter_columns()
    own = [*frame.columns, *(value for column in levels for value in column.drop_nulls().unique())]
    known = {part for text in own for part in re.findall("[A-Za-z]+", text)}
    shown = re.sub(r"--[\w-]+( +[A-Z]+)?|max_iter", "", shown)
    assert len(re.findall("[\u4e00-\u9fff]", shown)) > 200
    return (
        set(re.findall(r"[A-Za-z]{3,}", shown)) - known - TECHNICAL - {"missing", "true", "false"}
    )


def test_an_english_run_is_reported_in_chinese(linear_run, tables, tmp_path):
    folder, _ = linear_run
    ended = run("--lang", "zh", "report", folder, "-o", tmp_path / "r.html")
    assert ended.code == 0, ended.err
    shown = shown_by((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert english_in(shown, pl.read_csv(tables / "label.csv")) - {"label"} == set()


@pytest.mark.slow
def test_a_whole_run_has_nothing_english_but_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.setitem(EFFORTS, "standard", FEW)
    make_spec = partial(options.make_spec, linear=SHORT, mlp=TINY, split=FOLDS_ONCE)
    monkeypatch.setattr(options, "make_spec", make_spec)
    frame = mixed(150, seed=3).with_columns(kind=pl.Series(["oak", "elm", "ash"] * 50))
    frame.write_csv("trees.csv")
    words = ["fit", "trees.csv", "--target", "kind", "-o", "r", "--cv", "2", "--max-epochs", "2"]
    ended = run("--lang", "zh", *words)
    assert ended.code == 0, ended.err
    page = Path("r/report.html").read_text(encoding="utf-8")
    for shown in (ended.out.split("gradum predict")[0], shown_by(page)):
        assert english_in(shown, frame) - {"trees"} == set()
    assert run("--lang", "en", "report", "r", "-o", "r.html").code == 0
    assert re.findall(".*[\u4e00-\u9fff].*", shown_by(Path("r.html").read_text("utf-8"))) == []
