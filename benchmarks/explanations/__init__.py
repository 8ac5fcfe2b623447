"""Explanations beside other libraries: their errors, costs and seconds."""
