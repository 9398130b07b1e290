"""Pipelines as GitLab reads them: YAML, includes, inputs, variables, the images of jobs, and their pins."""
