"""Texts and TOML of strangers: in UTF-8, whatever stands in strings, and no key without end."""

import tomllib

import pytest

from gradum.api.trust.thresholds import thresholds_of
from gradum.errors import GradumError, PropertyError, SpecError
from gradum.files import bounded
from gradum.files.bounded import DEEPEST, LARGEST, bounded_content, parsed_toml, read_text
from gradum.ship import unfinished
from gradum.ship.run_spec import read_spec
from gradum.study.properties.stated_properties import read_properties

DEEP = "a." * 20_000 + "a = 1"


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


@pytest.mark.parametrize(
    "text",
    [
        ".".join("a" * DEEPEST) + " = 1",
        f"x = '{DEEP}'\ny = \"{DEEP}\"  # {DEEP}",
        f'x = """\n{DEEP}\\""" "" {DEEP}"""""\ny.z = 1',
        f"x = '''\n{DEEP}'' {DEEP}\\'''\ny.z = 1",
        "x = [1.5, 2.5, 3.5]\n" * 1 + "\n".join(f"v{k} = {k}.5" for k in range(40)),
    ],
)
def test_what_is_said_is_what_pythons_parser_says(text):
    assert parsed_toml(text, dict) == tomllib.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        DEEP,
        f"[{DEEP[:-4]}]",
        '"a" . ' * 20_000 + "b = 1",
        'x = {a = """\n"" """, ' + DEEP + "}",
        "x = '''\n'' '''\n" + DEEP,
        'x = "\\\\"\n' + DEEP,
    ],
)
def test_a_key_without_end_is_refused(text):
    with pytest.raises(ValueError, match="a key has more than 20 parts"):
        parsed_toml(text, dict)


def test_a_file_is_read_up_to_a_length(tmp_path, monkeypatch):
    path = tmp_path / "spec.toml"
    path.write_text("x = 1")
    assert bounded_content(path) == b"x = 1"
    monkeypatch.setattr(bounded, "LONGEST", 4)
    with pytest.raises(ValueError, match="longer than such a file can be"):
        bounded_content(path)


READERS = {
    "spec.toml": read_spec,
    "thresholds.toml": thresholds_of,
    "properties.toml": lambda path: read_properties(path, "", None),
    ".gradum-run/run.toml": lambda path: unfinished.read(path.parent.parent),
}


@pytest.mark.parametrize("name", READERS)
def test_every_toml_of_a_user_is_read_so(name, tmp_path):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(DEEP)
    with pytest.raises(GradumError, match="a key has more than 20 parts") as caught:
        READERS[name](path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
