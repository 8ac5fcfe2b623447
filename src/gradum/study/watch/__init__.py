"""The watch: a comparison of new rows with the rows that a model learned from."""
