"""Texts that people write: in UTF-8, with or without a mark, and refused by the line otherwise."""

import pytest

from gradum.errors import PropertyError, SpecError
from gradum.files.text import LARGEST, read_text


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_is_no_text(tmp_path, mark):
    path = tmp_path / "a.toml"
    path.write_bytes(mark + 'a = "±é"\r\n'.encode())
    assert read_text(path, SpecError, "") == 'a = "±é"\r\n'


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a = 1\nb = '±'\n".encode("latin-1"), 2),
        ("a = 1\n".encode("utf-16"), 1),
        ("a = 1\n".encode("utf-16-le"), 1),
        (b"a = 1\nb = 2\nc = '\x00'", 3),
    ],
)
def test_other_encodings_are_refused_by_path_and_line(tmp_path, content, line):
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    with pytest.raises(PropertyError) as refused:
        read_text(path, PropertyError, "Name a file.")
    assert str(refused.value) == (
        f"{path} is not written in UTF-8: see line {line}. Save it in the encoding UTF-8."
    )


def test_what_is_no_file_or_has_no_end_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none", "\0"):
        with pytest.raises(SpecError, match=r"cannot be read: .*\. Name a file\."):
            read_text(path, SpecError, "Name a file.")
    long = tmp_path / "long"
    long.write_bytes(b"#" * (LARGEST + 1))
    for path in (long, "/dev/zero"):
        with pytest.raises(SpecError, match="longer than such a file"):
            read_text(path, SpecError, "Name a file.")
