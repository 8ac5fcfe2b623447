"""A folder that is the user's alone, so that what is found there can be trusted."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from gradum.files.atomic import missing_folders


def private_folder(path: str | os.PathLike) -> Path | None:
    """Return a folder, made if need be, into which nobody else can put anything; or None.

    It is the user's own, no symbolic link, and closed to others' writing. Nor can others put
    another in its place: the folders above it are the user's or the administrator's, and closed
    as well or, like ``/tmp``, sticky. What is made here is open to the user only. A group of
    which the user is the one member, as many systems give each user, counts as the user.

    Windows keeps access lists instead, which are not looked at: any folder that can be written
    is taken there.
    """
    try:
        given = Path(path).absolute()
        folder = Path(os.path.realpath(given.parent), given.name)
        for missing in reversed(missing_folders(folder)):
            missing.mkdir(mode=0o700, exist_ok=True)
        return folder if os.access(folder, os.W_OK) and _is_private(folder) else None
    except OSError:
        return None


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
    """Whether nobody else can rename or remove what lies in a folder."""
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
