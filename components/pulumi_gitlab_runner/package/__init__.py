"""The components as a Pulumi package: its schema, and its metadata for the Pulumi Registry."""

from pathlib import Path

SCHEMA = Path(__file__).with_name("schema.json")
"""The path of the schema of this version, a file because the analysis of the components takes seconds."""
