"""Rules that look at several keys of a `config.toml` together."""
