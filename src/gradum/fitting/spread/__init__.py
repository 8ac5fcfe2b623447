"""How far from its prediction a number may lie, by row, and how that is fitted."""
