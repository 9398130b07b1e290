"""The function that keeps CI variables fresh, and what it is told."""
