"""The spread of a rung of numbers: how far targets may lie from its predictions, by row."""
