"""Image references: their parts, and how gitlab-runner reads them."""
