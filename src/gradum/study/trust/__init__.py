"""Lines of a trust report: what is asked of a model, and whether it holds."""
