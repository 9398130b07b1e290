"""Docker credentials: where they come from, and how the runner and Docker find them."""
