"""The reference with which later rows are compared: summaries of rows, answers and errors."""
