"""VPCs: the one that a stack makes, and those in which hosts live."""
