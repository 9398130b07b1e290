"""The state of each registry's credential in `gitlab-runner-credentials` on a runner host."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi_gitlab_runner.doctor.live.on_host import HIDDEN
from pulumi_gitlab_runner.host.credentials.files import DIRECTORY, Files
from pulumi_gitlab_runner.host.credentials.questions import sources
from pulumi_gitlab_runner.host.credentials.service import BOOT_ID, CONFIG, STATE, Service, boot_clock

SERVICE_LOG = "systemctl status gitlab-runner-credentials; journalctl -u gitlab-runner-credentials"
"""The commands that show the service's log on an instance."""


@dataclass(frozen=True)
class KeptCredential:
    """The credential of a registry in the service. Times are in seconds.

    Attributes:
        registry: the host of the registry, and maybe a path.
        source: the source of the credential, such as ``parameter eu-west-1 /ci/password``.
        age: the age of the credential; None if there is none.
        ends_in: the time until it expires without a renewal; None if there is none.
        failing_for: the time for which its source has failed; None if it works.
        reason: why the last request failed; empty if it did not.
    """

    registry: str
    source: str
    age: float | None = None
    ends_in: float | None = None
    failing_for: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class KeptCredentials:
    """The state of a host's service.

    Attributes:
        registries: the credentials of the registries in the host's registry list.
        written: whether the service has written its state since the host booted.
        log: the commands that show the service's log.
    """

    registries: tuple[KeptCredential, ...] = ()
    written: bool = True
    log: str = SERVICE_LOG


def kept_here(registry_list: str) -> KeptCredentials:
    """The state of this host's service for the registries of the host's registry list."""
    try:
        state = Path(DIRECTORY, STATE).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return KeptCredentials(tuple(_declared(registry_list)), written=False)
    return kept_credentials(registry_list, state, BOOT_ID.read_text().strip(), boot_clock())


def kept_credentials(
    registry_list: str, state: str, boot: str, now: float, log: str = SERVICE_LOG
) -> KeptCredentials:
    """The state that a service has written.

    Args:
        registry_list: the content of the host's registry list.
        state: the content of its `state.json`.
        boot: the boot ID of the host.
        now: the time since that boot, in seconds.
        log: the commands that show the service's log.
    """
    try:
        read = json.loads(state)
        known: Mapping[str, Mapping[str, Any]] = read["registries"] if read["boot"] == boot else {}
        found = [_kept(each, known.get(each.registry, {}), now) for each in _declared(registry_list)]
    except (ValueError, TypeError, KeyError, AttributeError):
        return KeptCredentials(tuple(_declared(registry_list)), written=False, log=log)
    return KeptCredentials(tuple(found), written=bool(known) or not found, log=log)


def ask_for_credentials(registry_list: Path) -> tuple[str, KeptCredentials]:
    """Request the credentials of a registry list, with the caller's identity, without storing them.

    Returns:
        The Docker configuration that a host would have, and the state of each credential.
    """
    with tempfile.TemporaryDirectory() as directory:
        service = Service(registry_list, Files(Path(directory)), lambda _priority, _text: None)
        service.once()
        config, state = (Path(directory, name).read_text(encoding="utf-8") for name in (CONFIG, STATE))
    text = registry_list.read_text(encoding="utf-8")
    return config, kept_credentials(text, state, BOOT_ID.read_text().strip(), boot_clock())


def declared_config(registry_list: str) -> str:
    """The Docker configuration of a host that is only declared, with placeholders for the passwords."""
    unknown = {"username": "", "password": HIDDEN}
    return json.dumps({"auths": dict.fromkeys(dict(sources(registry_list)), unknown)})


def credential_facts(credentials: Sequence[KeptCredential]) -> Iterator[tuple[str, str]]:
    """The name of each registry, with the age, expiration and last failure of its credential."""
    for each in credentials:
        if each.age is None or each.ends_in is None:
            said = "no credential"
        else:
            said = f"renewed {duration(each.age)} ago, valid for {duration(each.ends_in)}"
        if each.failing_for is not None:
            said += f"; failing for {duration(each.failing_for)}: {each.reason}"
        yield f"  {each.registry}", f"{each.source}: {said}"


def duration(seconds: float) -> str:
    """A duration for messages, such as ``12 min`` or ``11 h 30 min``."""
    if seconds < 60:
        return "less than a minute"
    hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _declared(registry_list: str) -> Iterator[KeptCredential]:
    for registry, source in sorted(dict(sources(registry_list)).items()):
        yield KeptCredential(registry, str(source))


def _kept(declared: KeptCredential, known: Mapping[str, Any], now: float) -> KeptCredential:
    def since(name: str) -> float | None:
        value = known.get(name)
        return None if value is None else now - float(value)

    ends = since("ends")
    return KeptCredential(
        declared.registry,
        declared.source,
        since("answered"),
        None if ends is None else -ends,
        since("failing_since"),
        str(known.get("reason", "")),
    )
