"""`config.toml` of GitLab Runner: typed in full, checked against a runner version, rendered.

`manager.ManagerConfig` is the whole file; `check.check` says what is wrong with one, `render.render` writes
it.
"""
