"""The ladder of a table without pictures and sounds."""

from gradum.rungs.names import LADDER
from gradum.rungs.registry import KINDS

PLAIN_LADDER = tuple(name for name in LADDER if not KINDS[name].lacks(grids=False))
