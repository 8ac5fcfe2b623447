"""gradum."""
