"""The cache folder: the user's choice, the platform's place, and one that others can write to."""

import pytest

from gradum.app.cli.cache import cache_directory
from gradum.app.cli.console import compile_once


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


def test_programs_are_not_run_from_a_folder_that_others_can_write_to(monkeypatch, tmp_path, capsys):
    settings = {}
    monkeypatch.setattr("jax.config.update", settings.__setitem__)
    monkeypatch.setenv("GRADUM_CACHE_DIR", str(tmp_path))
    compile_once()
    assert settings["jax_compilation_cache_dir"] == str(tmp_path / "xla")
    settings.clear()
    for folder in (tmp_path / "xla", tmp_path):
        folder.chmod(0o777)
        compile_once()
        assert not settings
        assert str(tmp_path) in capsys.readouterr().err
        folder.chmod(0o700)


def test_a_user_without_a_home_has_no_cache(monkeypatch):
    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("GRADUM_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("gradum.app.cli.cache.Path.home", nowhere)
    assert cache_directory() is None
