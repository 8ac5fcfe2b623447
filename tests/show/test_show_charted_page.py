"""The script of the charts: taken from the cache, or put together anew."""

import hashlib
import os

import pytest

from gradum.show.page import charted_page
from gradum.show.page.charted_page import vega_script


@pytest.fixture(autouse=True)
def bundled(monkeypatch):
    """Count how often the script is put together, which takes two seconds."""
    times = []

    def bundle(snippet):
        times.append(snippet)
        return "// the script\nwindow.vegaEmbed = vegaEmbed;"

    monkeypatch.setattr(charted_page.vl_convert, "javascript_bundle", bundle)
    vega_script.cache_clear()
    yield times
    vega_script.cache_clear()


def again(cache):
    vega_script.cache_clear()
    return vega_script(cache)


def test_the_script_is_kept_and_taken_from_the_cache(tmp_path, bundled):
    script = vega_script(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    assert again(tmp_path) == script
    assert len(bundled) == 1


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"alert(1)", b"// SHA-256 00\nalert(1)"])
def test_a_file_that_is_not_whole_is_put_together_anew(content, tmp_path, bundled):
    script = vega_script(tmp_path)
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    for damaged in (content, whole[:-1], whole + b"\n"):
        kept.write_bytes(damaged)
        assert again(tmp_path) == script
        assert kept.read_bytes() == whole
    assert len(bundled) == 4


def test_a_cache_that_cannot_be_read_or_written_is_done_without(tmp_path, bundled, monkeypatch):
    script = vega_script(tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.unlink()
    kept.mkdir()
    assert again(tmp_path) == script
    kept.rmdir()
    os.mkfifo(kept)  # which would be read for ever
    assert again(tmp_path) == script
    kept.unlink()
    kept.write_text("mine")
    monkeypatch.setattr(type(kept), "read_bytes", lambda path: (_ for _ in ()).throw(OSError(5)))
    assert again(tmp_path) == script
    assert again(tmp_path / "file" / "in it") == script
    assert len(bundled) == 5


def test_the_script_of_a_folder_that_others_can_write_to_is_not_taken(tmp_path, bundled):
    """Whoever can write the script can write its digest as well."""
    vega_script(tmp_path)
    (kept,) = tmp_path.iterdir()
    theirs = b"alert(1)"
    kept.write_bytes(f"// SHA-256 {hashlib.sha256(theirs).hexdigest()}\n".encode() + theirs)
    assert again(tmp_path) == "alert(1)"
    tmp_path.chmod(0o777)
    assert again(tmp_path) != "alert(1)"
    assert kept.read_bytes().endswith(theirs)  # nor is it written there
