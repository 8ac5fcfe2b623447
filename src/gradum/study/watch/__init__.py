"""The watch: new rows against what a model learned from."""
