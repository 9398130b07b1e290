"""Stand-ins for provider plugins: a provider's resource types, served over services of one's own.

`README.md` says how another Pulumi project uses it. It imports nothing else of the sandbox.
"""
