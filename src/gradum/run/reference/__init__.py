"""The reference that later rows are held against: summaries of rows, answers and errors."""
