import pytest

from gradum.app.cli.cache import cache_directory


def test_the_users_choice_comes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("GRADUM_CACHE_DIR", str(tmp_path / "mine"))
    assert cache_directory() == tmp_path / "mine"
    assert (tmp_path / "mine").is_dir()


def test_an_empty_choice_is_none(monkeypatch):
    monkeypatch.setenv("GRADUM_CACHE_DIR", "")
    assert cache_directory() is None


@pytest.mark.parametrize(
    ("platform", "variable", "place"),
    [
        ("linux", "XDG_CACHE_HOME", "gradum"),
        ("win32", "LOCALAPPDATA", "gradum"),
        ("darwin", "HOME", "Library/Caches/gradum"),
    ],
)
def test_otherwise_it_is_where_the_platform_keeps_caches(
    platform, variable, place, monkeypatch, tmp_path
):
    monkeypatch.delenv("GRADUM_CACHE_DIR")
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert cache_directory() == tmp_path / place


def test_a_place_that_cannot_be_made_is_no_error(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRADUM_CACHE_DIR", str(tmp_path / "file"))
    assert cache_directory() is None
