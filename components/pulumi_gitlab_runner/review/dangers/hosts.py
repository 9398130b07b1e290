"""Registries for which a host gets credentials, and new privileges of its runners' jobs."""

from pulumi_gitlab_runner.review.dangers.danger import NOT_KNOWN, DangerKind, Found
from pulumi_gitlab_runner.review.dangers.job_isolation import isolation_gaps_gained
from pulumi_gitlab_runner.review.host_state import NO_HOST, HostChange
from pulumi_gitlab_runner.review.names import natural


def host_dangers(host: HostChange) -> Found:
    """Registries for which a host gets credentials, and new privileges of its runners' jobs."""
    if host.step.operation in ("delete", "same"):
        return
    if host.new is None:
        yield DangerKind.REGISTRY, ((f"which registries its host reaches {NOT_KNOWN}", ()),)
        yield DangerKind.PRIVILEGE, ((f"what its host lets its jobs do {NOT_KNOWN}", ()),)
        return
    old = host.old or NO_HOST
    if registries := host.new.sources.keys() - old.sources.keys():
        yield DangerKind.REGISTRY, (("its host has credentials for", tuple(sorted(registries))),)
    for name, runner in sorted(host.new.runners.items(), key=lambda each: natural(each[0])):
        for phrase in isolation_gaps_gained(host.before(name), runner):
            yield DangerKind.PRIVILEGE, (("the runner", (name,)), phrase)
