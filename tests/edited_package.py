"""A copy of the package, to which lines are added as CONTRIBUTING.md says."""

import shutil
from pathlib import Path

import gradum

PACKAGE = Path(gradum.__file__).parent


class Edited:
    """A copy of the package in a folder, which is then to be the first of the import path."""

    def __init__(self, folder):
        self.path = folder / "gradum"
        shutil.copytree(PACKAGE, self.path)  # with what was compiled: most files stay as they are

    def add(self, file, line, before):
        """Add a line before another one, which the file has once."""
        text = (self.path / file).read_text()
        assert text.count(before) == 1
        (self.path / file).write_text(text.replace(before, f"{line}\n{before}"))
