"""The components as a Pulumi package: their schema, and what the Pulumi Registry shows of it."""

from pathlib import Path

SCHEMA = Path(__file__).with_name("schema.json")
"""The schema of this version, kept as a file because the analysis of the components takes seconds."""
