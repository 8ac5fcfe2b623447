"""Results as text and pages; this package computes nothing."""
