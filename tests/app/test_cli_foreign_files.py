"""Commands in folders that hold other people's files: all of them are there afterwards."""

import shutil

import pytest

import gradum
from gradum.ship.layout import FILES, STATE

OTHERS = {
    "project": {
        "train.py": "import torch",
        "checkpoint/model.pt": "six weeks of training",
        "checkpoint/deep/lock": "",
        "checkpoint/fit-linear.checkpoint": "theirs",
        "scratch/.gradum-abcdefgh/0.parquet": "theirs",
        "run.toml": "theirs",
        ".gradum-notahexn-report.html": "theirs",
    },
    "same name": {
        f"{STATE}/notes.txt": "theirs",
        f"{STATE}/fit-linear.checkpoint": "theirs",
        f"{STATE}/.gradum-abcdefgh/0.parquet": "theirs",
    },
}


@pytest.fixture(params=OTHERS)
def project(request, tmp_path):
    """A folder in which somebody else works; it is looked at again at the end."""
    folder, said = tmp_path / "proj", OTHERS[request.param]
    for name, content in said.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    folder.mkdir(exist_ok=True)
    yield folder
    assert {name: (folder / name).read_text() for name in said} == said


def left(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "words",
    [
        ["fit", "label.csv", "-t", "label", "-o", "PROJECT"],
        ["fit", "label.csv", "-t", "label", "-o", "."],
        ["fit", "label.csv", "-t", "nosuch", "-o", "PROJECT"],
        ["fit", "label.csv", "-t", "nosuch", "-o", "PROJECT", "--force"],
        ["rerun", "RUN", "-o", "PROJECT"],
        ["resume", "PROJECT"],
    ],
)
def test_what_is_refused_touches_nothing(
    words, project, gradum_command, tables, linear_run, monkeypatch
):
    monkeypatch.chdir(project)
    places = {"label.csv": tables / "label.csv", "PROJECT": project, "RUN": linear_run[0]}
    before = left(project)
    ended = gradum_command(*(places.get(word, word) for word in words))
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert left(project) == before


def test_force_puts_a_run_among_others_files_or_says_what_is_in_its_way(
    project, gradum_command, tables
):
    before = left(project)
    words = ["fit", tables / "label.csv", "-t", "label", "--model", "linear", "--cv", 2, "-q"]
    ended = gradum_command(*words, "--no-learning-curve", "-o", project, "--force")
    if (project / STATE).exists():
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert "which gradum did not write. Move" in ended.err
        assert left(project) == before
    else:
        assert (ended.code, ended.err) == (0, "")
        assert left(project) == before | set(FILES)


def test_resuming_a_finished_run_leaves_others_files(project, gradum_command, linear_run):
    shutil.copytree(linear_run[0], project, dirs_exist_ok=True)
    before = left(project)
    ended = gradum_command("resume", project)
    assert (ended.code, ended.out.split()[-1], ended.err) == (0, "finished.", "")
    assert gradum.resume(project).used == "linear"
    assert left(project) == before


@pytest.mark.parametrize("name", [STATE, "report.html"])
def test_no_run_is_written_through_a_link(name, gradum_command, linear_run, tables, tmp_path):
    folder, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    shutil.copytree(linear_run[0], folder)
    (elsewhere / "scratch").mkdir(parents=True)
    (elsewhere / "fit-linear.checkpoint").write_text("theirs")
    (elsewhere / "run.toml").write_text("theirs")
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(elsewhere if name == STATE else elsewhere / "run.toml")
    words = ["fit", tables / "label.csv", "-t", "label", "-o", folder, "--force"]
    ended = gradum_command(*words)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert f"{name} is a symbolic link" in ended.err
    gradum_command("resume", folder)
    assert left(elsewhere) == {"fit-linear.checkpoint", "run.toml"}
    assert {path.read_text() for path in elsewhere.glob("*.*")} == {"theirs"}
    assert (folder / name).is_symlink()


def test_a_run_that_an_older_gradum_began_is_explained(gradum_command, tmp_path):
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "run.toml").write_text("checkpoint_every = 30.0\n")
    for command in ("resume", "rerun"):
        ended = gradum_command(command, tmp_path)
        assert ended.code == 2
        assert "was begun by an older gradum" in ended.err
    with pytest.raises(gradum.GradumError, match="older gradum"):
        gradum.resume(tmp_path)
    assert left(tmp_path) == {"checkpoint/run.toml"}
