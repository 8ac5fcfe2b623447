"""What is asked of a run: frozen values, checked when they are built and against the table."""
