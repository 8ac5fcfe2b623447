"""Files: atomic writes, and the archive that a model is kept in."""
