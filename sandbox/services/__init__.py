"""The servers that a sandbox runs beside the engine."""
