"""Answers to questions, each as text, as a part of a page and as a frame."""
