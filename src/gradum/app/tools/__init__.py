"""Commands as tools for assistants, by the Model Context Protocol, confined to one folder."""
