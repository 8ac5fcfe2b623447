"""Files: atomic writes, and the archive that holds a model."""
