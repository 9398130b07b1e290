"""The contents of a runner host: its files, units and user data."""
