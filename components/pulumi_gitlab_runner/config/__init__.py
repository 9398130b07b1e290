"""`config.toml` of GitLab Runner: fully typed, checked against a runner version, rendered.

`manager.ManagerConfig` is the whole file; `check.check` finds its problems, `render.render` writes
it.
"""
