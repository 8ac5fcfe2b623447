"""The trust report: each part asks a model one kind of question, and every answer is one line."""
