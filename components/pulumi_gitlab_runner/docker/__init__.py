"""Components over Pulumi's Docker providers, one concept a file."""
