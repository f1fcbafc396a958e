"""What an `Entity` description becomes: a list query, a schema, JSON for a reader."""
