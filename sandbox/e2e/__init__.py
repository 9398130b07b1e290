"""`./dev e2e`: one real job through a real gitlab-runner, on a host that is rendered from a stack."""
