"""Stand-in provider plugins: the official providers' resource types, backed by the sandbox's services."""
