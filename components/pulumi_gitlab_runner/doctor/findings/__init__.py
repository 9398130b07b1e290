"""The findings, one topic a module."""
