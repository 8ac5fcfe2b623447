"""The archive of a model: every value round trip, and hostile files refused."""

import io
import json
import os
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from gradum.errors import ModelFileError
from gradum.files import archive

MANIFEST = {"version": 1, "names": ["ä", "b"], "nested": {"x": 1.5, "none": None, "yes": True}}
ARRAYS = {
    "weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "bias": np.array(0.1),
    "codes": np.array([[1, 2]], np.int32),
    "long": np.array([2**60]),
    "half": np.array([0.5], np.float16),
    "bytes": np.frombuffer(b"abc", np.uint8),
    "truth": np.array([True, False]),
    "empty": np.zeros((0, 4)),
}


def pack(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, data in members:
            info = zipfile.ZipInfo(name)  # as gradum writes it, so that refusals are for the rest
            info.external_attr = 0o644 << 16
            file.writestr(info, data, compression)


def tensors(header, body=b"", length=None):
    text = json.dumps(header).encode() if isinstance(header, dict) else header
    return (len(text) if length is None else length).to_bytes(8, "little") + text + body


def entry(dtype="F32", shape=(1,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "m.gradum"
    archive.write(path, MANIFEST, ARRAYS)
    return path.read_bytes()


def test_round_trip_keeps_values_types_and_shapes(tmp_path):
    archive.write(tmp_path / "m.gradum", MANIFEST, ARRAYS)
    manifest, arrays = archive.read(tmp_path / "m.gradum")
    assert manifest == MANIFEST
    assert list(arrays) == sorted(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array, strict=True)


def test_other_programs_can_read_it(whole):
    with zipfile.ZipFile(io.BytesIO(whole)) as file:
        assert file.namelist() == ["manifest.json", "weights.safetensors"]
        assert json.loads(file.read("manifest.json")) == MANIFEST
        loaded = load(file.read("weights.safetensors"))
    np.testing.assert_array_equal(loaded["weight"], ARRAYS["weight"])


def test_same_content_same_bytes_whatever_the_order_or_layout(tmp_path, whole):
    nested = dict(reversed(MANIFEST["nested"].items()))
    manifest = dict(reversed((MANIFEST | {"nested": nested}).items()))
    arrays = dict(reversed((ARRAYS | {"weight": np.asfortranarray(ARRAYS["weight"])}).items()))
    arrays["long"] = arrays["long"].astype(">i8")
    archive.write(tmp_path / "again.gradum", manifest, arrays)
    assert (tmp_path / "again.gradum").read_bytes() == whole


@pytest.mark.parametrize(
    ("array", "cause"),
    [
        (np.array([1.0, np.nan]), "not finite"),
        (np.array([np.inf], np.float16), "not finite"),
        (np.array([1j]), "complex128"),
        (np.array(["a"]), "<U1"),
        (np.array([object()]), "object"),
    ],
)
def test_what_could_not_be_read_is_not_written(tmp_path, array, cause):
    with pytest.raises(ModelFileError, match=f"'w'.*{cause}"):
        archive.write(tmp_path / "m.gradum", {}, {"w": array})
    assert not list(tmp_path.iterdir())


GOOD = save({"w": np.ones(1, np.float32)})
BAD_MEMBERS = {
    "a third member": (
        [("manifest.json", "{}"), ("weights.safetensors", GOOD), ("x.py", "")],
        "exac",
    ),
    "one member": ([("manifest.json", "{}")], "exactly"),
    "a path": ([("manifest.json", "{}"), ("../weights.safetensors", GOOD)], r"\.\./weights"),
    "an absolute path": ([("/manifest.json", "{}"), ("weights.safetensors", GOOD)], "/manifest"),
    "a manifest that is a list": (
        [("manifest.json", "[]"), ("weights.safetensors", GOOD)],
        "object",
    ),
    "a manifest with NaN": (
        [("manifest.json", '{"a": NaN}'), ("weights.safetensors", GOOD)],
        "JSON",
    ),
    "a manifest with an infinite number": (
        [("manifest.json", '{"a": 1e999}'), ("weights.safetensors", GOOD)],
        "JSON",
    ),
    "a manifest with half a character": (
        [("manifest.json", '{"a": "\\ud800"}'), ("weights.safetensors", GOOD)],
        "JSON",
    ),
    "a manifest with a key given twice": (
        [("manifest.json", '{"a": {"b": 1, "b": 2}}'), ("weights.safetensors", GOOD)],
        "twice",
    ),
    "a manifest with a number of 21 digits": (
        [("manifest.json", '{"a": 100000000000000000000}'), ("weights.safetensors", GOOD)],
        "64 bits",
    ),
    "a manifest with a number of 5,000 digits": (
        [("manifest.json", '{"a": ' + "9" * 5000 + "}"), ("weights.safetensors", GOOD)],
        "JSON",
    ),
    "a manifest of many values": (
        [("manifest.json", '{"a":[' + "0," * 2**22 + "0]}"), ("weights.safetensors", GOOD)],
        "4,194,304 values",
    ),
    "a deep manifest": (
        [
            ("manifest.json", '{"a":' + "[" * 10**6 + "]" * 10**6 + "}"),
            ("weights.safetensors", GOOD),
        ],
        "JSON",
    ),
    "another encoding": (
        [("manifest.json", '{"a": 1}'.encode("utf-16-be")), ("weights.safetensors", GOOD)],
        "JSON",
    ),
    "a broken encoding": (
        [("manifest.json", b'{"\xff": 1}'), ("weights.safetensors", GOOD)],
        "JSON",
    ),
}


@pytest.mark.parametrize("case", BAD_MEMBERS)
def test_hostile_members_are_refused(tmp_path, case):
    members, cause = BAD_MEMBERS[case]
    pack(tmp_path / "m.gradum", members)
    with pytest.raises(ModelFileError, match=cause):
        archive.read(tmp_path / "m.gradum")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicate_members_are_refused(tmp_path):
    pack(tmp_path / "m.gradum", [("manifest.json", "{}"), ("manifest.json", "{}")])
    with pytest.raises(ModelFileError, match=r"'manifest.json', 'manifest.json'"):
        archive.read(tmp_path / "m.gradum")


def test_a_name_with_a_hidden_end_is_refused(tmp_path):
    path = tmp_path / "m.gradum"
    pack(path, [("manifest.json#exe", "{}"), ("weights.safetensors", GOOD)])
    path.write_bytes(path.read_bytes().replace(b"json#exe", b"json\0exe"))
    with pytest.raises(ModelFileError, match=r"manifest.json\\x00exe"):
        archive.read(path)


BAD_TENSORS = {
    "empty": b"",
    "no header": b"\x05\0\0\0\0\0\0\0{",
    "header longer than 100 MB": tensors(b"{}", length=100_000_001),
    "header length near 2^64": tensors(b"{}", length=2**64 - 1),
    "not JSON": tensors(b"{]"),
    "hole": tensors({"w": entry(offsets=(4, 8))}, b"\0" * 8),
    "trailing bytes": tensors({"w": entry()}, b"\0" * 8),
    "overlap": tensors({"v": entry(), "w": entry(offsets=(0, 4))}, b"\0" * 4),
    "too short": tensors({"w": entry()}, b"\0" * 2),
    "shape larger than bytes": tensors({"w": entry(shape=(1000, 1000))}, b"\0" * 4),
    "shape product overflows": tensors({"w": entry(shape=(2**63, 2, 2))}, b"\0" * 4),
    "negative shape": tensors({"w": entry(shape=(-1,))}, b"\0" * 4),
    "offsets backwards": tensors({"w": entry(offsets=(4, 0))}, b"\0" * 4),
    "type out of the list": tensors({"w": entry("BF16", (2,))}, b"\0" * 4),
    "unknown type": tensors({"w": entry("PICKLE")}, b"\0" * 4),
    "NaN": tensors({"w": entry()}, np.float32(np.nan).tobytes()),
    "infinity": tensors({"w": entry()}, np.float32(-np.inf).tobytes()),
    "no elements, and a shape beyond NumPy's": tensors(
        {"w": entry(shape=(0, 2**62), offsets=(0, 0))}
    ),
    "no elements in 99 dimensions": tensors({"w": entry(shape=(0,) * 99, offsets=(0, 0))}),
    "a header of 2 MiB": tensors(
        {f"{i}": entry(shape=(0,), offsets=(0, 0)) for i in range(30_000)}
    ),
    "a field given twice": tensors(b'{"w":{"dtype":"F32","dtype":"F64"}}'),
    "a deep header": tensors(b'{"w":' + b"[" * 10_000 + b"]" * 10_000 + b"}"),
    "truth value 2": tensors({"w": entry("BOOL", (4,))}, b"\0\1\2\1"),
}


@pytest.mark.parametrize("case", BAD_TENSORS)
def test_hostile_weights_are_refused(tmp_path, case):
    data = BAD_TENSORS[case]
    pack(tmp_path / "m.gradum", [("manifest.json", "{}"), ("weights.safetensors", data)])
    with pytest.raises(ModelFileError) as caught:
        archive.read(tmp_path / "m.gradum")
    assert str(tmp_path / "m.gradum") in caught.value.message


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("member", ["manifest.json", "weights.safetensors"])
def test_compressed_members_are_refused_unread(tmp_path, member, method):
    path = tmp_path / "m.gradum"
    plain = {"manifest.json": b"{}" + b" " * 10**6, "weights.safetensors": GOOD + bytes(10**6)}
    with zipfile.ZipFile(path, "w") as file:
        for name, data in plain.items():
            file.writestr(name, data, method if name == member else zipfile.ZIP_STORED)
    with pytest.raises(ModelFileError, match=f"its {member} is compressed"):
        archive.read(path)


def field(file, signature, offset, value, width=4):
    """Overwrite a field of the first header with this signature."""
    at = file.index(signature) + offset
    return file[:at] + value.to_bytes(width, "little") + file[at + width :]


def last(file, signature, offset, value, width=4):
    at = file.rindex(signature) + offset
    return file[:at] + value.to_bytes(width, "little") + file[at + width :]


def commented(file):
    """With five bytes more in the directory, said wherever its length is said."""
    longer = last(file.replace(END, b"hello" + END), CENTRAL, 32, 5, 2)
    size = int.from_bytes(file[file.index(END) + 12 :][:4], "little")
    return field(longer, END, 12, size + 5)


LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
LIES = {
    "a member that is encrypted": lambda file: field(file, CENTRAL, 8, 1, 2),
    "a member that is patched": lambda file: field(file, CENTRAL, 8, 0x20, 2),
    "a member of a later zip": lambda file: field(file, CENTRAL, 6, 99, 2),
    "a manifest of 2 GiB": lambda file: field(field(file, CENTRAL, 20, 2**31), CENTRAL, 24, 2**31),
    "weights of 4 GB": lambda file: last(
        last(file, CENTRAL, 20, 2**32 - 2**28), CENTRAL, 24, 2**32 - 2**28
    ),
    "sizes that are elsewhere": lambda file: field(
        field(file, CENTRAL, 20, 2**32 - 1), CENTRAL, 24, 2**32 - 1
    ),
    "another size than stored": lambda file: field(file, CENTRAL, 24, 1),
    "a member a byte shorter": lambda file: field(field(file, CENTRAL, 20, 96), CENTRAL, 24, 96),
    "members that are one": lambda file: last(file, CENTRAL, 42, 0),
    "a member that starts in another": lambda file: last(file, CENTRAL, 42, 40),
    "a member that starts nowhere": lambda file: field(file, CENTRAL, 42, 2**32 - 1),
    "another name inside": lambda file: file.replace(b"manifest.json", b"manifest.bson", 1),
    "a long name inside": lambda file: field(file, LOCAL, 26, 2**16 - 1, 2),
    "a hidden start inside": lambda file: field(file, LOCAL, 28, 9, 2),
    "another size inside": lambda file: field(file, LOCAL, 22, 1),
    "another packed size inside": lambda file: field(file, LOCAL, 18, 1),
    "another checksum inside": lambda file: field(file, LOCAL, 14, 1),
    "another method inside": lambda file: field(file, LOCAL, 8, zipfile.ZIP_DEFLATED, 2),
    "another date inside": lambda file: field(file, LOCAL, 12, 0, 2),
    "a link": lambda file: field(file, CENTRAL, 38, 0o120777 << 16),
    "a program": lambda file: last(file, CENTRAL, 38, 0o755 << 16),
    "a file of another system": lambda file: field(file, CENTRAL, 5, 0, 1),
    "a comment of a member": commented,
    "no local header": lambda file: field(file, LOCAL, 0, 0),
    "no directory": lambda file: field(file, CENTRAL, 0, 0),
    "a long name in the directory": lambda file: field(file, CENTRAL, 28, 2**16 - 1, 2),
    "a directory that is longer": lambda file: field(file, END, 12, 2**12),
    "a directory that starts elsewhere": lambda file: field(file, END, 16, 2**31),
    "three entries": lambda file: field(file, END, 10, 3, 2),
    "bytes in front": lambda file: b"#!/bin/sh\n" + file,
    "bytes behind": lambda file: file + b"\0",
    "a comment": lambda file: field(file, END, 20, 5, 2) + b"hello",
    "itself behind": lambda file: file + file,
    "bytes between": lambda file: file.replace(CENTRAL, b"\0" + CENTRAL, 1),
    "a locator of zip64": lambda file: file.replace(END, b"PK\6\7" + bytes(16) + END),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_zip_that_lies_is_refused_within_little_memory(tmp_path, whole, lie):
    path = tmp_path / "m.gradum"
    path.write_bytes(LIES[lie](whole))
    assert path.read_bytes() != whole
    tracemalloc.start()
    with pytest.raises(ModelFileError, match=r"m\.gradum"):
        archive.read(path)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_reading_takes_three_times_the_size_of_the_file(tmp_path):
    path = tmp_path / "m.gradum"
    archive.write(path, {}, {f"w{i}": np.ones((1000, 500)) for i in range(4)})
    tracemalloc.start()
    archive.read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * path.stat().st_size


def test_a_file_that_does_not_fit_into_memory_is_refused(tmp_path, whole, monkeypatch):
    (tmp_path / "m.gradum").write_bytes(whole)

    def full(*_):
        raise MemoryError

    monkeypatch.setattr(archive, "_arrays", full)
    with pytest.raises(ModelFileError, match="does not fit into memory"):
        archive.read(tmp_path / "m.gradum")


def test_what_is_written_can_be_read(tmp_path):
    with pytest.raises(ModelFileError, match="64 bits"):
        archive.write(tmp_path / "m.gradum", {"a": 2**64}, {})
    assert not list(tmp_path.iterdir())


def test_a_directory_of_many_entries_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "m.gradum"
    pack(path, [(f"{i}", "") for i in range(1000)])
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(ModelFileError, match="exactly"):
        archive.read(path)


def test_an_absurdly_large_file_is_refused_unread(tmp_path):
    path = tmp_path / "m.gradum"
    with path.open("wb") as file:
        file.truncate(2**33)
    with pytest.raises(ModelFileError, match=r"too large.*8,589,934,592"):
        archive.read(path)


@pytest.mark.parametrize(
    ("content", "cause"),
    [(None, "does not exist"), (b"", "not a gradum"), (b"a,b\n1,2\n", "not a gradum")],
)
def test_what_is_no_archive_is_said(tmp_path, content, cause):
    path = tmp_path / "m.gradum"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelFileError, match=cause):
        archive.read(path)
    with pytest.raises(ModelFileError, match="is a folder"):
        archive.read(tmp_path)


def test_pipes_and_devices_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for place in ("/dev/zero", "/dev/null", tmp_path / "pipe", tmp_path / "zero"):
        with pytest.raises(ModelFileError, match="no ordinary file"):
            archive.read(place)
    for place in (tmp_path / "nowhere", "a\0b", tmp_path / "x.csv" / "m.gradum"):
        with pytest.raises(ModelFileError, match="does not exist"):
            archive.read(place)
    with pytest.raises(ModelFileError, match=r"File name too long|does not exist"):
        archive.read("a" * 5000)


def read_again(path, data):
    """What a damaged file holds; None where it is refused."""
    path.write_bytes(data)
    try:
        manifest, arrays = archive.read(path)
    except ModelFileError:
        return None
    return manifest, {name: array.tobytes() for name, array in arrays.items()}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "s.gradum"
    archive.write(path, {"a": 1}, {"w": np.array([0.5, 2.0])})
    return path.read_bytes()


def test_a_file_cut_short_anywhere_is_refused(tmp_path, small):
    assert not any(read_again(tmp_path / "m", small[:size]) for size in range(len(small)))


def test_a_flipped_bit_of_any_byte_is_refused(tmp_path, small):
    """No byte of the file is without a meaning that is checked: two bits of each, in turn."""
    assert read_again(tmp_path / "m", small)
    for at in range(len(small)):
        for bit in (at % 8, (at // 8 + 5) % 8):
            flipped = bytearray(small)
            flipped[at] ^= 1 << bit
            assert not read_again(tmp_path / "m", flipped), (at, bit)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_damage_never_yields_anything_but_the_content_or_one_error(tmp_path_factory, whole, data):
    """Change bytes and cut the end off: the answer is the original content or a ModelFileError."""
    path = tmp_path_factory.getbasetemp() / "broken.gradum"
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    broken = broken[: data.draw(st.one_of(st.none(), st.integers(0, len(whole))))]
    assert read_again(path, broken) in (None, read_again(path, whole))
