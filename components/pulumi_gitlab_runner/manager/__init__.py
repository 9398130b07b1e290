"""Runner managers as components take them, wherever they run: their arguments, environment and digests."""
