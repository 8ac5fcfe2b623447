import io
import json
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
            file.writestr(name, data)


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


def test_a_deflated_manifest_is_accepted(tmp_path):
    path = tmp_path / "m.gradum"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("manifest.json", b'{"a": 1}', zipfile.ZIP_DEFLATED)
        file.writestr("weights.safetensors", save({"w": np.ones(3)}))
    assert archive.read(path)[0] == {"a": 1}


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
    "a deep manifest": (
        [
            ("manifest.json", '{"a":' + "[" * 10**6 + "]" * 10**6 + "}"),
            ("weights.safetensors", GOOD),
        ],
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
    "truth value 2": tensors({"w": entry("BOOL", (4,))}, b"\0\1\2\1"),
}


@pytest.mark.parametrize("case", BAD_TENSORS)
def test_hostile_weights_are_refused(tmp_path, case):
    data = BAD_TENSORS[case]
    pack(tmp_path / "m.gradum", [("manifest.json", "{}"), ("weights.safetensors", data)])
    with pytest.raises(ModelFileError) as caught:
        archive.read(tmp_path / "m.gradum")
    assert str(tmp_path / "m.gradum") in caught.value.message


def test_compression_bombs_are_refused(tmp_path):
    path = tmp_path / "m.gradum"
    members = [("manifest.json", "{}"), ("weights.safetensors", save({"w": np.zeros(10**6)}))]
    pack(path, members, zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelFileError, match="compressed"):
        archive.read(path)
    text = b'{"a":"' + b" " * archive.MANIFEST_LIMIT + b'"}'
    pack(path, [("manifest.json", text), ("weights.safetensors", GOOD)], zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10**6
    with pytest.raises(ModelFileError, match=r"manifest.json has 67,108,872 bytes"):
        archive.read(path)


def test_a_member_larger_than_it_declares_is_refused(tmp_path):
    path = tmp_path / "m.gradum"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("manifest.json", b"{" + b" " * 10**6 + b"}", zipfile.ZIP_DEFLATED)
        file.writestr("weights.safetensors", GOOD)
    real, lie = (10**6 + 2).to_bytes(4, "little"), (2).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(real, lie))
    with pytest.raises(ModelFileError, match="damaged"):
        archive.read(path)


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


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damage_never_yields_anything_but_the_content_or_one_error(tmp_path_factory, whole, data):
    """Flip bytes or cut the end off: the answer is the original content or a ModelFileError."""
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    broken = broken[: data.draw(st.one_of(st.none(), st.integers(0, len(whole))))]
    path = tmp_path_factory.getbasetemp() / "broken.gradum"
    path.write_bytes(broken)
    try:
        manifest, arrays = archive.read(path)
    except ModelFileError:
        return
    assert manifest == MANIFEST
    assert all(np.array_equal(arrays[name], ARRAYS[name]) for name in ARRAYS)
