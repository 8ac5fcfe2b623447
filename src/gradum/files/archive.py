"""The archive that a model is kept in: a zip of one JSON manifest and one safetensors file.

Nothing in it is executable. Both members are stored uncompressed, so the same content gives the
same bytes on every machine and an archive never unpacks to more than its own size. A reader
checks names, sizes, shapes and types before it trusts any of them; a deflated manifest is
accepted, because its size is bounded.
"""

from __future__ import annotations

import io
import math
import os
import zipfile
import zlib
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

MANIFEST, WEIGHTS = "manifest.json", "weights.safetensors"
MANIFEST_LIMIT = 64 * 2**20
WEIGHTS_LIMIT = 2**32 - 2**27
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

_END_SIZE, _LOCATOR_SIZE = 22, 20
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)


def write(
    path: str | os.PathLike, manifest: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Write an archive: a manifest of what JSON can say, and named arrays.

    Mappings inside the manifest are sorted by key, and a float that is not finite becomes null,
    as JSON has no word for it.

    Parameters
    ----------
    path : str or path
        Replaced in one step; see `gradum.files.atomic.replacing`.
    manifest : mapping
        Strings, numbers, booleans, None, lists, mappings and msgspec structs.
    arrays : mapping of str to ndarray
        Of the types in `DTYPES`, any shape, every float finite.

    Raises
    ------
    ModelFileError
        When the content breaks a rule that `read` would refuse it for.
    OutputError
        When the file cannot be written.
    """
    text = msgspec.json.encode(manifest, order="sorted")
    for name, array in arrays.items():
        if array.dtype.newbyteorder("<") not in DTYPES.values():
            raise ModelFileError(
                f"{path}: array {name!r} has type {array.dtype}, not one of {', '.join(DTYPES)}."
            )
        _check_finite(path, name, array)
    weights = save({name: np.asarray(arrays[name], order="C") for name in sorted(arrays)})
    for member, size, limit in (
        (MANIFEST, len(text), MANIFEST_LIMIT),
        (WEIGHTS, len(weights), WEIGHTS_LIMIT),
    ):
        _check_size(path, member, size, limit)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for member, data in ((MANIFEST, text), (WEIGHTS, weights)):
            # ZipInfo's own defaults: 1 January 1980, stored; the rest is fixed for every platform.
            info = zipfile.ZipInfo(member)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    write_bytes(path, buffer.getvalue())


def read(path: str | os.PathLike) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read an archive back: the manifest, and the arrays sorted by name.

    Memory stays within a small multiple of the file's own size plus 64 MiB of manifest.

    Raises
    ------
    ModelFileError
        One sentence: the file is missing, no archive, larger than the limits, has other members
        than the two, is damaged, or holds an array whose bytes do not match its shape and type,
        whose type is not in `DTYPES`, or that is not finite.
    """
    with _opened(path) as (archive, members):
        text = archive.read(members[MANIFEST])
        weights = archive.read(members[WEIGHTS])
    try:
        manifest = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _damaged(path, f"its {MANIFEST} is not a JSON object ({error})") from error
    return manifest, _arrays(path, weights)


@contextmanager
def _opened(
    path: str | os.PathLike,
) -> Iterator[tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]]:
    """Open a zip whose directory has been checked, and turn every sign of damage into one error."""
    try:
        place = Path(path)
        if not place.is_file():
            what = "is a folder" if place.is_dir() else "does not exist"
            raise ModelFileError(f"The model file {path} {what}.", "Name a .gradum file.")
        with place.open("rb") as file:
            _check_directory(path, file)
            with zipfile.ZipFile(file) as archive:
                yield archive, _checked_members(path, archive.infolist())
    except ModelFileError:
        raise
    except OSError as error:
        raise ModelFileError(f"The model file {path} cannot be read: {error.strerror}.") from error
    except _DAMAGE as error:
        raise _damaged(path, str(error) or type(error).__name__) from error


def _check_directory(path: str | os.PathLike, file: BinaryIO) -> None:
    """Bound the zip's directory before zipfile loads it: 22 last bytes, two entries, no zip64."""
    size = file.seek(0, io.SEEK_END)
    if size > MANIFEST_LIMIT + WEIGHTS_LIMIT + DIRECTORY_LIMIT:
        raise ModelFileError(f"{path} is too large for a model file: {size:,} bytes.")
    file.seek(max(0, size - _END_SIZE - _LOCATOR_SIZE))
    tail = file.read()
    end = tail[-_END_SIZE:]
    if len(end) < _END_SIZE or not end.startswith(b"PK\5\6"):
        raise ModelFileError(
            f"{path} is not a gradum model file.", "Models are saved as .gradum files."
        )
    entries = int.from_bytes(end[10:12], "little")
    directory = int.from_bytes(end[12:16], "little")
    if tail.startswith(b"PK\6\7") or entries != 2 or directory > DIRECTORY_LIMIT:
        raise ModelFileError(
            f"{path} is not a gradum model file: it must hold exactly {MANIFEST} and {WEIGHTS}."
        )


def _checked_members(
    path: str | os.PathLike, infos: list[zipfile.ZipInfo]
) -> dict[str, zipfile.ZipInfo]:
    names = sorted(info.orig_filename for info in infos)
    if names != [MANIFEST, WEIGHTS]:
        raise ModelFileError(
            f"{path} is not a gradum model file: it holds {', '.join(map(ascii, names))}, "
            f"not {MANIFEST} and {WEIGHTS}."
        )
    members = {info.filename: info for info in infos}
    _check_size(path, MANIFEST, members[MANIFEST].file_size, MANIFEST_LIMIT)
    _check_size(path, WEIGHTS, members[WEIGHTS].file_size, WEIGHTS_LIMIT)
    weights = members[WEIGHTS]
    if weights.compress_type != zipfile.ZIP_STORED or weights.file_size != weights.compress_size:
        raise _damaged(path, f"its {WEIGHTS} is compressed, which gradum never does")
    if members[MANIFEST].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _damaged(path, f"its {MANIFEST} is compressed by a method that gradum does not read")
    return members


def _arrays(path: str | os.PathLike, data: bytes) -> dict[str, np.ndarray]:
    """Deserialise: safetensors itself refuses long headers, holes, overlaps and wrong sizes."""
    try:
        tensors = dict(sorted(safetensors.deserialize(data)))
    except (SafetensorError, ValueError, OverflowError) as error:
        cause = str(error).removeprefix("Error while deserializing: ")
        raise _damaged(path, f"its {WEIGHTS} is not valid ({cause})") from error
    arrays = {}
    for name, tensor in tensors.items():
        dtype, shape = DTYPES.get(tensor["dtype"]), tuple(tensor["shape"])
        if dtype is None:
            raise _damaged(path, f"array {name!r} has the type {tensor['dtype']}, which is unknown")
        if len(tensor["data"]) != math.prod(shape) * dtype.itemsize:
            raise _damaged(path, f"array {name!r} has other bytes than its shape {shape} needs")
        if dtype.kind == "b" and np.frombuffer(tensor["data"], np.uint8).max(initial=0) > 1:
            raise _damaged(path, f"array {name!r} holds truth values that are neither 0 nor 1")
        arrays[name] = np.frombuffer(tensor["data"], dtype).reshape(shape)
        _check_finite(path, name, arrays[name])
    return arrays


def _check_finite(path: str | os.PathLike, name: str, array: np.ndarray) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ModelFileError(f"{path}: array {name!r} holds values that are not finite.")


def _check_size(path: str | os.PathLike, member: str, size: int, limit: int) -> None:
    if size > limit:
        raise ModelFileError(
            f"{path}: {member} has {size:,} bytes, more than the {limit:,} that are allowed."
        )


def _damaged(path: str | os.PathLike, cause: str) -> ModelFileError:
    return ModelFileError(
        f"The model file {path} is damaged: {cause}.", "Save or copy the model again."
    )
