"""Work in the background: rows of one table, whoever runs them (docs/decisions/0005-jobs.md)."""
