"""Hold the made-up teams, integrations, people and roles, and keep them in files."""
