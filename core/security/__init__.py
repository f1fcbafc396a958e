"""Who one is, and what one may see and do: grants, scope, field rights, conditions."""
