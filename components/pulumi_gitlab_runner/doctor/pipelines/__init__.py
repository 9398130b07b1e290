"""Pipelines as GitLab reads them: YAML, includes, inputs, variables, images of jobs, and pinned digests."""
