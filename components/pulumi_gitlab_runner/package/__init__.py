"""The components as a Pulumi package: their schema, and what the Pulumi Registry shows of it."""
