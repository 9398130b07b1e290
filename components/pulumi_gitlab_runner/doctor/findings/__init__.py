"""The findings, one module for each topic."""
