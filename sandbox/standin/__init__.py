"""Stand-ins for provider plugins: a provider's resource types, served by services under test control.

`README.md` describes how to use it in another Pulumi project. It imports nothing else of the sandbox.
"""
