"""Results as text and pages; computes nothing."""
