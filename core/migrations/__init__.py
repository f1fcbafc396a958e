"""Migrations: one history and one version table per plugin, run in plugin order by one runner."""
