"""The config: one model of its keys, and what is made of it (schema, files, defaults of flags)."""
