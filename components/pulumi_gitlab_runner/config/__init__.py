"""The types, checks and rendering of GitLab Runner's `config.toml`.

`manager.ManagerConfig` is the type of the whole file, `check.check` checks it against a runner version, and
`render.render` renders it.
"""
