"""A file as it was when it was first read, so that a later pass can tell whether it is another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gradum.errors import TableError


@dataclass(frozen=True)
class FileStamp:
    """The size of a file, in bytes, and the moment of its last change, in nanoseconds."""

    size: int
    changed: int

    @classmethod
    def of(cls, file: Path) -> FileStamp:
        """Return the stamp of a file.

        Raises
        ------
        OSError
            It is not there.
        """
        status = file.stat()
        return cls(status.st_size, status.st_mtime_ns)

    def refuse_change(self, file: Path, name: str) -> None:
        """Refuse a file that is not what it was.

        Raises
        ------
        TableError
        """
        try:
            now = FileStamp.of(file)
        except OSError:
            raise TableError(
                "{name} is not where the run began to read it: it is gone, or "
                "a worker elsewhere does not see it.",
                "Put it back, or on a disk that all workers share.",
                name=name,
            ) from None
        if now != self:
            raise changed(name)


def changed(name: str) -> TableError:
    """Return the error for what is no longer what the run began to read."""
    return TableError(
        "{name} has changed since the run began to read it.",
        "Let nothing write to it, and run it again.",
        name=name,
    )
