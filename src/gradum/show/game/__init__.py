"""A learned game as a page: its episodes are played there, with pictures of the policy."""
