"""Tables that cannot be read."""

import pytest

from gradum.errors import TableError
from gradum.tables.sources.read import read


def refused(data, *words):
    """The one line that a table is refused with, which has these words."""
    with pytest.raises(TableError) as caught:
        read(data)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message
    return message


def refused_by_name(path, *words):
    """The same of a file, which the line names."""
    return refused(path, path.name, *words)
