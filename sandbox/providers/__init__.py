"""Stand-in provider plugins: the official providers' resource types, served over the sandbox's services."""
