"""A folder that belongs to the user alone, so that its content can be trusted."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from gradum.files.atomic import explained, is_plain_folder, missing_folders


def private_folder(path: str | os.PathLike) -> Path | None:
    """Return a folder, created if necessary, that nobody else can write to; or None.

    It belongs to the user, is not a symbolic link, and is not writable by others. Nor can others
    replace it: the folders above it belong to the user or the administrator, and are not writable
    by others or, like ``/tmp``, are sticky. Only the user has access to a folder created here. A
    group whose only member is the user, as many systems give each user, counts as the user.

    Windows has access lists instead, which are not examined: there, any writable folder is
    accepted.
    """
    try:
        given = Path(path).absolute()
        folder = Path(os.path.realpath(given.parent), given.name)
        for missing in reversed(missing_folders(folder)):
            missing.mkdir(mode=0o700, exist_ok=True)
        return folder if os.access(folder, os.W_OK) and _is_private(folder) else None
    except OSError:
        return None


def make_private(folder: Path) -> bool:
    """Make a folder that only the user may enter, and return whether it was not there.

    Whoever may write to the folder above it could replace it, unless that is sticky.

    Raises
    ------
    OutputError
        What is there is no folder of the user, or the system refuses.
    """
    with explained(folder):
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            owner = os.geteuid() if hasattr(os, "geteuid") else folder.stat().st_uid
            if not is_plain_folder(folder) or folder.stat().st_uid != owner:
                raise
            return False
    return True


def _is_private(folder: Path) -> bool:
    if not hasattr(os, "geteuid"):
        return folder.is_dir()
    status = folder.lstat()
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid == os.geteuid()
        and not _others_write(status)
        and all(_holds_its_entries(parent.stat()) for parent in folder.parents)
    )


def _holds_its_entries(folder: os.stat_result) -> bool:
    """Whether nobody else can rename or remove the entries of a folder."""
    sticky = bool(folder.st_mode & stat.S_ISVTX)
    return folder.st_uid in (0, os.geteuid()) and (sticky or not _others_write(folder))


def _others_write(folder: os.stat_result) -> bool:
    if folder.st_mode & stat.S_IWOTH:
        return True
    return bool(folder.st_mode & stat.S_IWGRP) and not _is_the_users_own(folder.st_gid)


def _is_the_users_own(group: int) -> bool:
    """Whether a group is named like the user and has no other member."""
    import grp
    import pwd

    try:
        user, members = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(group)
    except KeyError:
        return False
    return members.gr_name == user and set(members.gr_mem) <= {user}
