"""The schema: what each column of a table means, and what is to be predicted."""
