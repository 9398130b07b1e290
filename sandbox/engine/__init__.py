"""The Pulumi engine: installed on this machine, downloaded, or built."""
