"""Components built on Pulumi's Docker providers."""
