"""What lies on a runner host: its files, units and user data."""
