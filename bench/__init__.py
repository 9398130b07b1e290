"""Measurements of this project: `./dev bench`."""
