"""The spread of a rung for numbers: how far targets may lie from its predictions, by row."""
