"""The archive that holds a model: a zip of one JSON manifest and one safetensors file.

Nothing in it is executable. Both members are stored uncompressed, and every byte of the file
belongs to them or to their directory. So the same content gives the same bytes on every machine,
and an archive never unpacks to more than its own size. A reader checks names, sizes, shapes and
types before it trusts any of them.
"""

from __future__ import annotations

import io
import json
import math
import os
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
import safetensors
from safetensors import SafetensorError
from safetensors.numpy import save

from gradum.errors import ModelFileError
from gradum.files.atomic import write_bytes
from gradum.messages import as_text, listed, say

MANIFEST, WEIGHTS = "manifest.json", "weights.safetensors"
MANIFEST_LIMIT = 64 * 2**20
VALUES_LIMIT = 2**22  # in the manifest: a byte of JSON can become thirty in memory
WEIGHTS_LIMIT = 2**32 - 2**27
HEADER_LIMIT = 2**20  # for the weights: names and shapes
DIRECTORY_LIMIT = 2**12
DTYPES = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}

_HEADER_SIZE, _END_SIZE, _LOCATOR_SIZE = 30, 22, 20
_CAUSE_LENGTH = 200
_DAMAGE = (
    zipfile.BadZipFile,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)


def write(
    path: str | os.PathLike, manifest: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Write an archive: a manifest that JSON can represent, and named arrays.

    Mappings in the manifest are sorted by key, and a float that is not finite becomes null, as JSON
    cannot represent it.

    Parameters
    ----------
    path : str or path
        Replaced in one step; see `gradum.files.atomic.replacing`.
    manifest : mapping
        Strings, numbers, booleans, None, lists, mappings and msgspec structs.
    arrays : mapping of str to ndarray
        Arrays of the types in `DTYPES` and any shape, with only finite floats.

    Raises
    ------
    ModelFileError
        When the content breaks a rule that `read` enforces.
    OutputError
        When the file cannot be written.
    """
    text = msgspec.json.encode(manifest, order="sorted", enc_hook=as_text)
    for name, array in arrays.items():
        if array.dtype.newbyteorder("<") not in DTYPES.values():
            raise ModelFileError(
                "{path}: array {name!r} has type {dtype}, not one of {types}.",
                path=path,
                name=name,
                dtype=array.dtype,
                types=listed(list(DTYPES)),
            )
        _check_finite(path, name, array)
    weights = save({name: np.asarray(arrays[name], order="C") for name in sorted(arrays)})
    for member, size, limit in (
        (MANIFEST, len(text), MANIFEST_LIMIT),
        (WEIGHTS, len(weights), WEIGHTS_LIMIT),
    ):
        _check_size(path, member, size, limit)
    _manifest(path, text)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for member, data in ((MANIFEST, text), (WEIGHTS, weights)):
            archive.writestr(_entry(member), data)
    write_bytes(path, buffer.getvalue())


def read(path: str | os.PathLike) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read an archive back: the manifest, and the arrays sorted by name.

    Memory stays within three times the file's own size, plus half a gibibyte for the values of a
    manifest that is as large as the limits allow.

    Raises
    ------
    ModelFileError
        One sentence says why: the file is missing, is not an archive, is larger than the limits,
        has members other than the two, is damaged, or holds an array whose bytes do not match its
        shape and type, whose type is not in `DTYPES`, or that is not finite; or there is too little
        memory.
    """
    try:
        with _opened(path) as (archive, members):
            text = archive.read(members[MANIFEST])
            weights = archive.read(members[WEIGHTS])
        return _manifest(path, text), _arrays(path, weights)
    except MemoryError as error:
        raise ModelFileError(
            "The model file {path} does not fit into memory.",
            "Free some, or take a larger machine.",
            path=path,
        ) from error


def read_manifest(path: str | os.PathLike) -> dict[str, Any]:
    """Read only the manifest.

    Raises
    ------
    ModelFileError
        As in `read`, except for the arrays.
    """
    with _opened(path) as (archive, members):
        return _manifest(path, archive.read(members[MANIFEST]))


def _entry(member: str) -> zipfile.ZipInfo:
    """Return what the directory says about a member besides its size and its checksum."""
    # ZipInfo's own defaults: 1 January 1980, stored; the rest is fixed for every platform.
    info = zipfile.ZipInfo(member)
    info.create_system = 3
    info.external_attr = 0o644 << 16
    return info


@contextmanager
def _opened(
    path: str | os.PathLike,
) -> Iterator[tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]]:
    """Open a zip whose directory has been checked, and turn every sign of damage into one error."""
    try:
        place = Path(path)
        if not place.is_file():  # opening a pipe or a terminal would wait forever
            raise ModelFileError(_no_file(path, place), say("Name a .gradum file."))
        with place.open("rb") as file:
            outside = _check_directory(path, file)
            with zipfile.ZipFile(file) as archive:
                members = _checked_members(path, archive.infolist(), outside)
                _check_descriptions(path, file, archive.infolist(), outside)
                yield archive, members
    except ModelFileError:
        raise
    except OSError as error:
        cause = error.strerror or str(error)
        raise ModelFileError(
            "The model file {path} cannot be read: {cause}.",
            "Check the file's name and place.",
            path=path,
            cause=cause,
        ) from error
    except _DAMAGE as error:
        raise _damaged(path, str(error) or type(error).__name__) from error


def _no_file(path: str | os.PathLike, place: Path) -> str:
    if place.is_dir():
        return say("The model file {path} is a folder.", path=path)
    if place.exists():
        return say("The model file {path} is no ordinary file.", path=path)
    return say("The model file {path} does not exist.", path=path)


def _check_directory(path: str | os.PathLike, file: BinaryIO) -> int:
    """Bound the zip's directory before zipfile loads it: 22 final bytes, two entries, no zip64.

    Returns the number of bytes before the directory.
    """
    size = file.seek(0, io.SEEK_END)
    if size > MANIFEST_LIMIT + WEIGHTS_LIMIT + DIRECTORY_LIMIT:
        raise ModelFileError(
            "{path} is too large for a model file: {size:,} bytes.",
            "Name a .gradum file.",
            path=path,
            size=size,
        )
    file.seek(max(0, size - _END_SIZE - _LOCATOR_SIZE))
    tail = file.read()
    end = tail[-_END_SIZE:]
    if len(end) < _END_SIZE or not end.startswith(b"PK\5\6"):
        raise ModelFileError(
            "{path} is not a gradum model file, or is cut short.",
            "Give a file that gradum saved (.gradum), or its run folder.",
            path=path,
        )
    entries = int.from_bytes(end[10:12], "little")
    directory = int.from_bytes(end[12:16], "little")
    if tail.startswith(b"PK\6\7") or entries != 2 or directory > DIRECTORY_LIMIT:
        raise ModelFileError(
            "{path} is not a gradum model file: it must hold exactly {manifest} and {weights}.",
            "Give a file that gradum saved (.gradum), or its run folder.",
            path=path,
            manifest=MANIFEST,
            weights=WEIGHTS,
        )
    before = size - directory - _END_SIZE
    if end != struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, directory, max(before, 0), 0):
        raise _damaged(path, say("its end is not the one that gradum writes"))
    return before


def _checked_members(
    path: str | os.PathLike, infos: list[zipfile.ZipInfo], size: int
) -> dict[str, zipfile.ZipInfo]:
    """Return the two members by name; together, they fill the first ``size`` bytes of the file."""
    names = sorted(info.orig_filename for info in infos)
    if names != [MANIFEST, WEIGHTS]:
        raise ModelFileError(
            "{path} is not a gradum model file: it holds {members}, not {manifest} and {weights}.",
            "Give a file that gradum saved (.gradum), or its run folder.",
            path=path,
            members=listed([*map(_short, names)]),
            manifest=MANIFEST,
            weights=WEIGHTS,
        )
    members = {info.filename: info for info in infos}
    _check_size(path, MANIFEST, members[MANIFEST].file_size, MANIFEST_LIMIT)
    _check_size(path, WEIGHTS, members[WEIGHTS].file_size, WEIGHTS_LIMIT)
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise _damaged(
                path,
                say(
                    "its {filename} is compressed, which gradum never does", filename=info.filename
                ),
            )
        if info.header_offset != end:
            raise _damaged(path, say("its members overlap, or other bytes lie between them"))
        end += _HEADER_SIZE + len(info.filename) + info.file_size
    if end != size:
        raise _damaged(
            path, say("its members take {end:,} bytes, not {size:,}", end=end, size=size)
        )
    return members


def _check_descriptions(
    path: str | os.PathLike, file: BinaryIO, members: list[zipfile.ZipInfo], start: int
) -> None:
    """Compare what the file says about its members with what `write` says, byte for byte.

    Python's zipfile relies on the directory at the end, other programs on the headers before the
    members: if these differ, the same file has different contents for the two.
    """
    directory = b""
    for info in members:
        entry = _entry(info.filename)
        entry.CRC, entry.file_size, entry.compress_size = info.CRC, info.file_size, info.file_size
        header = entry.FileHeader()
        file.seek(info.header_offset)
        if file.read(len(header)) != header:
            raise _damaged(
                path,
                say("its {filename} has a header that gradum never writes", filename=info.filename),
            )
        # In both, all but the signature, the comment's length and what follows is the same.
        same, name = header[4:_HEADER_SIZE], header[_HEADER_SIZE:]
        made_by = bytes((entry.create_version, entry.create_system))
        rest = struct.pack("<3H2L", 0, 0, 0, entry.external_attr, info.header_offset)
        directory += b"PK\1\2" + made_by + same + rest + name
    file.seek(start)
    if file.read(len(directory) + 1) != directory + b"P":
        raise _damaged(path, say("its directory is not the one that gradum writes"))


def _manifest(path: str | os.PathLike, text: bytes) -> dict[str, Any]:
    """Decode JSON, refusing what other readers could understand differently."""
    if sum(text.count(sign) for sign in (b",", b":", b"[", b"{")) > VALUES_LIMIT:
        raise _damaged(
            path,
            say(
                "its {manifest} holds more than {limit:,} values",
                manifest=MANIFEST,
                limit=VALUES_LIMIT,
            ),
        )
    try:
        json.loads(text.decode("utf-8"), object_pairs_hook=_refuse_twins, parse_int=_refuse_long)
        return msgspec.json.decode(text, type=dict[str, Any])
    except (ValueError, RecursionError) as error:
        raise _damaged(
            path,
            say("its {manifest} is not a JSON object ({error})", manifest=MANIFEST, error=error),
        ) from error


def _refuse_twins(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise ValueError(say("a key is given twice"))


def _refuse_long(digits: str) -> None:
    if not -(2**63) <= int(digits) < 2**64:
        raise ValueError(say("a whole number is longer than 64 bits"))


def _arrays(path: str | os.PathLike, data: bytes) -> dict[str, np.ndarray]:
    """Deserialise the arrays; safetensors itself refuses holes, overlaps and wrong sizes."""
    if int.from_bytes(data[:8], "little") > HEADER_LIMIT:
        raise _damaged(
            path,
            say(
                "the header of its {weights} is longer than {limit:,} bytes",
                weights=WEIGHTS,
                limit=HEADER_LIMIT,
            ),
        )
    try:
        tensors = dict(sorted(safetensors.deserialize(data)))
    except (SafetensorError, ValueError, OverflowError) as error:
        cause = str(error).removeprefix("Error while deserializing: ")
        raise _damaged(
            path, say("its {weights} is not valid ({cause})", weights=WEIGHTS, cause=cause)
        ) from error
    arrays = {}
    for name, tensor in tensors.items():
        dtype, shape = DTYPES.get(tensor["dtype"]), tuple(tensor["shape"])
        what = say("array {name}", name=_short(name))
        if dtype is None:
            raise _damaged(
                path,
                say(
                    "{what} has the type {dtype}, which is unknown",
                    what=what,
                    dtype=tensor["dtype"],
                ),
            )
        if len(tensor["data"]) != math.prod(shape) * dtype.itemsize:
            raise _damaged(
                path,
                say("{what} has other bytes than its shape {shape} needs", what=what, shape=shape),
            )
        if dtype.kind == "b" and np.frombuffer(tensor["data"], np.uint8).max(initial=0) > 1:
            raise _damaged(
                path, say("{what} holds truth values that are neither 0 nor 1", what=what)
            )
        try:
            arrays[name] = np.frombuffer(tensor["data"], dtype).reshape(shape)
        except ValueError as error:  # without elements, a shape may be beyond NumPy's limits
            raise _damaged(
                path, say("{what} has an impossible shape ({error})", what=what, error=error)
            ) from error
        _check_finite(path, name, arrays[name])
    return arrays


def _check_finite(path: str | os.PathLike, name: str, array: np.ndarray) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ModelFileError(
            "{path}: array {name} holds values that are not finite.",
            "Fit the model again.",
            path=path,
            name=_short(name),
        )


def _check_size(path: str | os.PathLike, member: str, size: int, limit: int) -> None:
    if size > limit:
        raise ModelFileError(
            "{path}: {member} has {size:,} bytes, more than the {limit:,} that are allowed.",
            "Fit a smaller model.",
            path=path,
            member=member,
            size=size,
            limit=limit,
        )


def _damaged(path: str | os.PathLike, cause: str) -> ModelFileError:
    cause = " ".join(cause.split())
    if len(cause) > _CAUSE_LENGTH:
        cause = f"{cause[:_CAUSE_LENGTH]}…"
    return ModelFileError(
        "The model file {path} is damaged: {cause}.",
        "Save or copy the model again.",
        path=path,
        cause=cause,
    )


def _short(name: str) -> str:
    """Quote a name that may be long and have any content."""
    return ascii(name if len(name) <= 60 else f"{name[:60]}…")
