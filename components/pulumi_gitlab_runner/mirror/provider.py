"""The provider of mirrored images, on plain Python values.

`plugin.py` connects it to the engine's protocol.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi.runtime.rpc import UNKNOWN

from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.auth.secret import Secret
from pulumi_gitlab_runner.images.reference import ImageReference, parse
from pulumi_gitlab_runner.mirror import ecr
from pulumi_gitlab_runner.registry.answer import Outcome, RegistryAnswer
from pulumi_gitlab_runner.registry.client import RegistryClient
from pulumi_gitlab_runner.registry.copy import Copy, ImageCopier, Report
from pulumi_gitlab_runner.registry.repository import Repository
from pulumi_gitlab_runner.registry.transfer import TransferError

PATIENCE_S = 120.0
"""Timeout of a request, in seconds: a registry verifies a large layer before it responds."""

Properties = Mapping[str, Any]
Warn = Callable[[str], None]


@dataclass(frozen=True)
class Difference:
    """The changes of an update: the changed properties, and those that replace the resource."""

    changed: tuple[str, ...]
    replaces: tuple[str, ...]


class MirroredImages:
    """All mirrored images of one process, which share connections and threads.

    Every method raises `TransferError` if a request to a registry fails.
    """

    def __init__(self) -> None:
        self._client = RegistryClient(patience=PATIENCE_S)
        self._asking = RegistryClient()
        self._copier = ImageCopier()

    def interrupt(self) -> None:
        """Cancel all copies."""
        self._copier.interrupt()

    def close(self) -> None:
        """Close the connections, and stop the threads."""
        self._copier.close()
        self._client.close()
        self._asking.close()

    def accepted_digest(self, old: Properties, new: Properties, warn: Warn) -> str:
        """The digest to copy: the declared one, else the previously copied one, else the tag's current one.

        So a moved tag changes nothing until its new digest is declared. A preview warns about it.

        Args:
            old: the old inputs of the resource; empty for a new resource.
            new: the new inputs of the resource.
            warn: called with a message about a moved tag.
        """
        if UNKNOWN in (new["source"], *_pair(new.get("sourceCredentials"))):
            return str(UNKNOWN)
        kept = old.get("digest") if old.get("source") == new["source"] else None
        accepted = new.get("digest") or kept
        source = parse(new["source"])
        if accepted and not source.tag:
            return str(accepted)
        answer = self._ask(source, new)
        if accepted is None:
            if answer.digest is None:
                raise TransferError(f"its digest cannot be resolved: {answer.message}")
            return answer.digest
        if answer.digest and answer.digest != accepted:
            warn(
                f"{source.familiar} has moved: it is {answer.digest} now, and the mirror keeps {accepted}. "
                f"To copy the new image, declare {source.familiar}@{answer.digest}"
            )
        elif answer.digest is None and answer.outcome is not Outcome.NO_IMAGE:
            warn(f"whether {source.familiar} has moved is not known: {answer.message}")
        return str(accepted)

    def difference(self, old_inputs: Properties, old: Properties, new: Properties) -> Difference:
        """The difference between a resource and its new inputs.

        Args:
            old_inputs: the old inputs of the resource.
            old: its state, with the digest of the target.
            new: its new inputs.
        """
        names = sorted({*old_inputs, *new})
        changed = [name for name in names if old_inputs.get(name) != new.get(name)]
        if "digest" not in changed and old.get("digest") != new.get("digest"):
            changed.append("digest")
        return Difference(tuple(changed), tuple(name for name in changed if name == "target"))

    def outputs(self, inputs: Properties) -> dict[str, Any]:
        """The state of a resource with these inputs, without the credentials."""
        state = {name: value for name, value in inputs.items() if not name.endswith("Credentials")}
        known = UNKNOWN not in (inputs["target"], inputs["digest"])
        state["reference"] = f"{inputs['target']}@{inputs['digest']}" if known else UNKNOWN
        return state

    def copy(self, inputs: Properties, report: Report) -> None:
        """Copy the image to its target, if the target does not have it yet, and report the progress."""
        source, (target, tag) = parse(inputs["source"]), _target(inputs)
        try:
            destination = self._repository(target, inputs.get("targetCredentials"))
            self._check_tag(destination, target, tag, inputs["digest"])
            origin = self._repository(source, inputs.get("sourceCredentials"))
            platforms = tuple(inputs.get("platforms") or ())
            self._copier.copy(Copy(origin, inputs["digest"], destination, tag, platforms), report)
        except TransferError as error:
            raise TransferError(
                f"{source.familiar}@{inputs['digest']} is not copied to {target}: {error}. The tag is "
                "unchanged; the next update copies only what is missing"
            ) from None

    def digest_at_target(self, inputs: Properties) -> str | None:
        """The current digest of the target's tag; None if the tag does not exist."""
        target, tag = _target(inputs)
        return self._repository(target, inputs.get("targetCredentials")).digest(tag)

    def delete(self, inputs: Properties, digest: str) -> None:
        """Delete the image if that is declared and the tag still has its digest."""
        if not inputs.get("delete") or self.digest_at_target(inputs) != digest:
            return
        target, tag = _target(inputs)
        if ecr.is_ecr(target.registry):
            ecr.delete_tag(target.registry, target.repository, tag)
        else:
            self._repository(target, inputs.get("targetCredentials")).delete(digest)

    def _ask(self, source: ImageReference, inputs: Properties) -> RegistryAnswer:
        """The source registry's current answer for the tag."""
        try:
            credentials = _credentials(source.registry, inputs.get("sourceCredentials"))
        except TransferError as error:
            return RegistryAnswer(Outcome.UNAUTHORIZED, str(error))
        return self._asking.ask(source, credentials)

    def _repository(self, image: ImageReference, declared: Any) -> Repository:
        credentials = _credentials(image.registry, declared)
        return Repository(self._client.connection(image.registry), image.repository, credentials)

    def _check_tag(self, repository: Repository, target: ImageReference, tag: str, digest: str) -> None:
        """Refuse a copy whose tag ECR would refuse after the upload."""
        if not ecr.is_ecr(target.registry):
            return
        found = repository.digest(tag)
        if found not in (None, digest) and not ecr.may_move(target.registry, target.repository, tag):
            raise TransferError(
                f"the tag is immutable, and has the digest {found}: declare that digest to keep it, another "
                f"tag to have both, or {tag!r} under mutable_tags of the repository {target.repository!r}"
            )


def _target(inputs: Properties) -> tuple[ImageReference, str]:
    """The target of an image, and its tag."""
    target = parse(inputs["target"])
    return target, target.tag or "latest"


def _credentials(host: str, declared: Any) -> Credentials | None:
    """The declared user and password, else a password from AWS for an ECR registry, else None."""
    if declared:
        username, password = _pair(declared)
        return Credentials(username, Secret(password))
    return ecr.credentials_for(host) if ecr.is_ecr(host) else None


def _pair(declared: Any) -> tuple[str, str]:
    if declared == UNKNOWN:
        return UNKNOWN, UNKNOWN
    return (declared["username"], declared["password"]) if declared else ("", "")
