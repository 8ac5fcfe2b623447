"""Assistants are confined to one folder, whatever they call a place in it."""

import shutil

import pytest

from gradum.app.tools.folder import Folder
from gradum.errors import OutputError, SpecError
from gradum.run.spec.spec import Spec
from gradum.ship.run_spec import RunSpec, toml

OUTSIDE = (
    *("", "-", "..", "../t.csv", "a/../../t.csv", "a/../t.csv", "/etc/passwd", "//host/t.csv"),
    *("\\\\host\\share\\t.csv", "C:\\t.csv", "C:t.csv", "\\t.csv", "a\\..\\..\\t.csv"),
    *("https://host/t.csv", "postgresql://host/db", "s3://bucket/t.parquet", "file:///etc/passwd"),
    *("t.csv\0.png", "../*.csv", "/etc/*.conf"),
)


@pytest.fixture
def folder(tmp_path):
    """A folder with a table, and another beside it to which links lead."""
    root, other = tmp_path / "mine", tmp_path / "other"
    for each in (root, other):
        each.mkdir()
        (each / "t.csv").write_text("a,b\n1,2\n")
    (root / "inside.csv").symlink_to("t.csv")
    (root / "link.csv").symlink_to(other / "t.csv")
    (root / "there").symlink_to(other)
    (root / "circle").symlink_to("circle")
    return Folder(root)


@pytest.mark.parametrize("name", OUTSIDE, ids=repr)
def test_a_name_that_is_no_path_in_the_folder_is_refused(name, folder):
    for use in (folder.to_read, folder.to_write):
        with pytest.raises(SpecError, match="no place in the assistant's folder"):
            use(name)


@pytest.mark.parametrize("name", ["link.csv", "there/t.csv", "there/new.csv", "l*.csv", "**/*.csv"])
def test_no_link_leads_out(name, folder):
    with pytest.raises(SpecError):
        folder.to_read(name)


def test_what_lies_in_the_folder_may_be_read(folder):
    names = ["t.csv", "./t.csv", "inside.csv", "t*.csv", "absent.csv", "[ab].csv", "no*.csv"]
    assert [folder.to_read(name) for name in names] == names


@pytest.mark.parametrize("name", ["there/new.csv", "there", "circle/new.csv"])
def test_nothing_is_written_through_a_link(name, folder):
    with pytest.raises((SpecError, OutputError)):
        folder.to_write(name)
    assert [path.name for path in (folder.root.parent / "other").iterdir()] == ["t.csv"]


def test_nothing_is_replaced(folder):
    (folder.root / "dangling.csv").symlink_to(folder.root / "nothing.csv")
    for name in ("t.csv", "inside.csv", "dangling.csv"):
        with pytest.raises(OutputError, match="exists already"):
            folder.to_write(name)
    assert folder.to_write("new/run") == "new/run"


def test_a_folder_whose_name_is_a_pattern_holds_patterns_all_the_same(tmp_path):
    root = tmp_path / "[ab]*"
    root.mkdir()
    (tmp_path / "t.csv").write_text("a\n1\n")
    (root / "link.csv").symlink_to(tmp_path / "t.csv")
    with pytest.raises(SpecError):
        Folder(root).to_read("*.csv")
    (root / "*.csv").symlink_to(root / "nothing")  # its name is no file's, so that it is a pattern
    with pytest.raises(SpecError):
        Folder(root).to_read("*.csv")


def run_of(table, folder):
    """A folder with what a run records of its table."""
    folder.mkdir()
    (folder / "spec.toml").write_text(toml(RunSpec(str(table), Spec("b"))))
    (folder / "model.gradum").touch()


@pytest.mark.parametrize("place", ["run", "run/model.gradum"])
def test_a_run_that_would_read_its_table_elsewhere_again_is_refused(place, folder):
    run_of(folder.root.parent / "other/t.csv", folder.root / "run")
    with pytest.raises(SpecError, match="has read a table outside"):
        folder.to_read(place)
    (folder.root / "alone").mkdir()
    shutil.copy(folder.root / "run/model.gradum", folder.root / "alone")
    assert folder.to_read("alone/model.gradum")


@pytest.mark.parametrize("table", ["t.csv", "-", "t*.csv", "https://host/t.csv"])
def test_a_run_of_the_folder_may_be_asked(table, folder):
    elsewhere = table == "-" or "://" in table  # which is not read again
    run_of(table if elsewhere else folder.root / table, folder.root / "run")
    assert folder.to_read("run") == "run"


@pytest.mark.parametrize("place", ["run", "run/model.gradum"])
def test_a_run_with_a_link_that_leads_out_is_refused(place, folder):
    run_of(folder.root / "t.csv", folder.root / "run")
    (folder.root / "run/judges.gradum").symlink_to(folder.root.parent / "other/t.csv")
    with pytest.raises(SpecError):
        folder.to_read(place)


def test_runs_are_not_written_elsewhere(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/runs").symlink_to(tmp_path)
    with pytest.raises(SpecError):
        Folder(tmp_path / "mine").check_runs()


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SpecError, match="There is no folder"):
        Folder(tmp_path / "absent")
