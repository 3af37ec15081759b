"""docs/architecture.md: what is deployed, drawn from template.yaml, and how an event goes through it."""
