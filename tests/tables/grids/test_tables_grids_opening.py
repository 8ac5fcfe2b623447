"""Names that a table gives to files: which of them are looked up at all."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest

from gradum.tables.grids.opening import leaves_drive


@pytest.mark.parametrize(
    ("name", "leaves"),
    [
        ("x.png", False),
        (r"below\x.png", False),
        (r"..\x.png", False),  # which is refused once it is looked up
        (r"c:\photos\x.png", False),
        ("d:x.png", True),
        (r"\\host\share\x.png", True),
        ("//host/share/x.png", True),
        (r"\\?\UNC\host\share\x.png", True),
        (r"\\.\pipe\x", True),
    ],
)
def test_on_windows_no_name_leads_to_another_drive_or_host(name, leaves):
    assert leaves_drive(PureWindowsPath(r"C:\photos"), name) == leaves
    assert not leaves_drive(PurePosixPath("/photos"), name)
