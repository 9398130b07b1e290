"""`RunnerStack`, and the declaration in a stack's configuration."""
