"""Rules for several keys of a `config.toml` together."""
