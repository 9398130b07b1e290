"""What a runner host can reach now, and what its runners let their jobs do."""

from pulumi_gitlab_runner.review.dangers.danger import NOT_KNOWN, DangerKind, Found
from pulumi_gitlab_runner.review.dangers.freedoms import freedoms_gained
from pulumi_gitlab_runner.review.host_state import NO_HOST, host_of, host_state
from pulumi_gitlab_runner.review.preview import Step


def host_dangers(step: Step) -> Found:
    """Registries that a host has credentials for now, and what its runners' jobs may do now."""
    if host_of(step) is None or step.operation == "delete":
        return
    old, new = host_state(step.old), host_state(step.new)
    if new is None:
        yield DangerKind.REGISTRY, ((f"which registries its host reaches {NOT_KNOWN}", ()),)
        yield DangerKind.PRIVILEGE, ((f"what its host lets its jobs do {NOT_KNOWN}", ()),)
        return
    old = old or NO_HOST
    if registries := new.sources.keys() - old.sources.keys():
        yield DangerKind.REGISTRY, (("its host has credentials for", tuple(sorted(registries))),)
    for name, runner in sorted(new.runners.items()):
        for phrase in freedoms_gained(old.runners.get(name, {}), runner):
            yield DangerKind.PRIVILEGE, (("the runner", (name,)), phrase)
