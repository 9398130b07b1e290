"""The Pulumi engine: found on this machine, downloaded, or built."""
