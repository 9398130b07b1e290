"""Registries for which a host gets credentials, and new privileges of its runners' jobs."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_gitlab_runner.config.job_isolation import NO_NEW_PRIVILEGES, isolation_gaps, texts
from pulumi_gitlab_runner.host.manager_config import ONLY_DIGESTS
from pulumi_gitlab_runner.review.dangers.danger import NOT_KNOWN, DangerKind, Found, Phrase
from pulumi_gitlab_runner.review.host_state import NO_HOST, HostChange
from pulumi_gitlab_runner.review.names import natural
from pulumi_gitlab_runner.review.preview import UNCHANGED
from pulumi_gitlab_runner.review.values import mapping
from pulumi_gitlab_runner.spec.declared import NETWORK_PER_JOB

_Table = Mapping[str, Any]
_LIMITS = {
    "allowed_images": "allows jobs to run any image",
    "allowed_services": "allows jobs to run any image as a service",
    "allowed_privileged_images": "runs jobs with any image as privileged, not only with some images",
    "allowed_privileged_services": "runs services with any image as privileged, not only with some images",
    "allowed_users": "allows jobs to run as any user",
}
"""The lists that restrict jobs, and the effect when one becomes empty. Each entry allows more."""
_SCRIPTS = (
    "pre_get_sources_script",
    "post_get_sources_script",
    "pre_build_script",
    "post_build_script",
)


def host_dangers(host: HostChange) -> Found:
    """Registries for which a host gets credentials, and new privileges of its runners' jobs."""
    if host.step.operation in ("delete", *UNCHANGED):
        return
    if host.new is None:
        yield DangerKind.REGISTRY, ((f"the list of registries that its host can access {NOT_KNOWN}", ()),)
        yield DangerKind.PRIVILEGE, ((f"the list of privileges of its jobs {NOT_KNOWN}", ()),)
        return
    old = host.old or NO_HOST
    if registries := host.new.sources.keys() - old.sources.keys():
        yield DangerKind.REGISTRY, (("its host has credentials for", tuple(sorted(registries))),)
    for name, runner in sorted(host.new.runners.items(), key=lambda each: natural(each[0])):
        for phrase in _gaps_gained(host.before(name), runner):
            yield DangerKind.PRIVILEGE, (("the runner", (name,)), phrase)


def _gaps_gained(old: _Table, new: _Table) -> Iterator[Phrase]:
    """New settings of a `[[runners]]` table that weaken the isolation of its jobs."""
    before, after = old.get("docker", {}), new.get("docker", {})
    yield from _of_containers(before, after)
    yield from _of_images(before, after)
    if _network_per_build(old) and not _network_per_build(new):
        yield "runs its jobs in one network, in which they can connect to each other", ()
    if old and old.get("url") != new.get("url"):
        yield "accepts jobs from another GitLab instance:", (str(new.get("url")),)
    yield from _of_every_job(old, new)


def _of_every_job(old: _Table, new: _Table) -> Iterator[Phrase]:
    """Settings with which a runner does more in every job, with the job's token and variables."""
    for key in _SCRIPTS:
        if new.get(key) and new.get(key) != old.get(key):
            yield "runs new commands in every job:", (key,)
    if new.get("clone_url") and new.get("clone_url") != old.get("clone_url"):
        yield "clones repositories from another URL, with the tokens of its jobs", ()
    helper, former = (each.get("docker", {}).get("helper_image") for each in (new, old))
    if helper and helper != former:
        yield "passes the token of every job to another helper image:", (str(helper),)


def _of_containers(before: _Table, after: _Table) -> Iterator[Phrase]:
    had = {each.phrase for each in isolation_gaps(before)}
    yield from (each.phrase for each in isolation_gaps(after) if each.phrase not in had)
    for each in _gained(after.get("cap_drop"), before.get("cap_drop")):
        yield "no longer drops the capability", (each,)
    for key, whose in (("security_opt", "its jobs"), ("services_security_opt", "services")):
        for each in _gained(after.get(key), before.get(key)):
            if each.startswith(NO_NEW_PRIVILEGES):
                yield f"runs {whose} without the security option", (each,)


def _of_images(before: _Table, after: _Table) -> Iterator[Phrase]:
    for key, what in _LIMITS.items():
        yield from _limit_lifted(key, texts(before.get(key)), texts(after.get(key)), what)
    policies = [
        policy
        for key in ("pull_policy", "allowed_pull_policies")
        for policy in _gained(before.get(key), after.get(key))
    ]
    if set(policies) - {"always"}:
        yield (
            "allows jobs to use images that other jobs have pulled, without an access check by the registry",
            (),
        )


def _limit_lifted(key: str, before: list[str], after: list[str], what: str) -> Iterator[Phrase]:
    if ONLY_DIGESTS in before and ONLY_DIGESTS not in after:
        yield f"allows {'services' if key == 'allowed_services' else 'images'} by tag, not only by digest", ()
    elif before and not after:
        yield what, ()
    elif before and (gained := _gained([*before, ONLY_DIGESTS], after)):
        yield f"has additional {key.replace('_', ' ')}:", tuple(gained)


def _network_per_build(runner: _Table) -> bool:
    return mapping(runner.get("feature_flags")).get(NETWORK_PER_JOB) is True


def _gained(before: Any, after: Any) -> list[str]:
    had = texts(before)
    return [each for each in texts(after) if each not in had]
