"""The current digests of the images that a declaration names, looked up in their registries."""

import asyncio
import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pulumi

from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.auth.secret import Secret
from pulumi_gitlab_runner.iam.pull import DESCRIBE_ACTIONS
from pulumi_gitlab_runner.images.ecr import is_mutable
from pulumi_gitlab_runner.images.pinned import OFFLINE
from pulumi_gitlab_runner.images.reference import parse
from pulumi_gitlab_runner.manager.environment import Environment, invoke_failure
from pulumi_gitlab_runner.registry.answer import RegistryAnswer
from pulumi_gitlab_runner.resolution import login_of, resolved
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.certificate_authorities import Authorities, trust
from pulumi_gitlab_runner.spec.images import ecr_image, expand_registry_name, registry_of, why_not_asked
from pulumi_gitlab_runner.spec.inputs import Value
from pulumi_gitlab_runner.spec.registries import EcrImage, Registry

if TYPE_CHECKING:
    from pulumi_gitlab_runner.registry.client import Question

PATIENCE_S = 5.0
"""Timeout of all requests to registries other than ECR together, in seconds."""


def image_digests(
    images: Iterable[Value[str]],
    registries: Mapping[str, Registry],
    environment: Environment,
    parent: pulumi.Resource,
    authorities: Authorities = (),
) -> pulumi.Output[dict[str, str]]:
    """The digests of images, by the image; unresolved images are left out, with one warning for all.

    The process that runs Pulumi looks them up: in ECR with the ECR API (`DESCRIBE_ACTIONS`), in any other
    registry with the registry API, with the declared user and password or anonymously. While such a password
    is not known yet, the digests are unknown too. The look-up of the Docker provider would need a Docker
    Engine, and would have the passwords among its inputs. An image that does not exist yet in a repository
    that the stack creates is no warning if its tag is immutable. Images that are declared by a digest and
    that a pull-through cache does not contain yet are a second warning.

    Args:
        images: the images, as declared.
        registries: the declared registries, by name.
        environment: the AWS account and region of the stack.
        parent: the parent of the look-ups, which the warnings are logged for.
        authorities: the private certificate authorities that are trusted for registries.
    """
    images = list(dict.fromkeys(images))
    logins = {
        each.name: login_of(each.login)
        for each in registries.values()
        if each.login and _may_hold(each, registries, images)
    }
    model = resolved((tuple(images), registries, authorities))
    inputs = pulumi.Output.all(environment, pulumi.Output.all(**logins), model)
    found: pulumi.Output[dict[str, str]] = inputs.apply(
        lambda known: _digests(list(known[2][0]), known[2][1], known[0], known[1], parent, known[2][2])
    )
    # A digest does not reveal the password of the request, and a preview should show it.
    return pulumi.Output.unsecret(found)


def _may_hold(registry: Registry, registries: Mapping[str, Registry], images: Iterable[Value[str]]) -> bool:
    """Whether one of the images may be in a registry; if not, its password is not awaited."""
    return any(
        not isinstance(image, str) or registry_of(image, registries, None)[0] is registry for image in images
    ) or not registry.environment_known_from(None)


async def _digests(
    images: list[str],
    registries: Mapping[str, Registry],
    environment: AwsEnvironment,
    credentials: Mapping[str, tuple[str, str]],
    parent: pulumi.Resource,
    authorities: Authorities,
) -> dict[str, str]:
    digests: dict[str, str] = {}
    reasons: dict[str, str] = {}
    not_pushed: list[str] = []
    elsewhere: dict[str, Question] = {}
    not_cached: list[str] = []
    for image in images:
        registry, repository = registry_of(image, registries, environment)
        cached = registry is not None and registry.is_cached(repository)
        asked = ecr_image(image, registries, environment)
        if digest := parse(image).digest:
            if cached and asked and not _holds(asked, digest, parent):
                not_cached.append(image)
        elif reason := why_not_asked(registry):
            reasons[image] = reason
        elif asked:
            try:
                digests[image] = _digest_in_ecr(asked, parent)
            except Exception as error:
                reason = refusal(str(error), asked, cached=cached)
                if _is_missing(str(error)) and _never_moves(registry, asked):
                    not_pushed.append(image)
                else:
                    reasons[image] = reason
        elif not os.environ.get(OFFLINE):
            pair = credentials.get(registry.name) if registry else None
            elsewhere[image] = (
                parse(expand_registry_name(image, registries, environment)),
                _credentials(pair),
            )
    for image, answer in (await _answers(elsewhere, authorities)).items():
        if answer.digest:
            digests[image] = answer.digest
        else:
            reasons[image] = answer.message
    if reasons:
        listed = "\n".join(f"  {image}: {reason}" for image, reason in reasons.items())
        pulumi.log.warn(
            "these images keep their tags, which can move to other images: their digests cannot be resolved "
            "now. A pinned image then shows as a change. NAME:TAG@sha256:DIGEST needs no request:\n"
            f"{listed}",
            parent,
        )
    if not_pushed:
        pulumi.log.info(
            f"not pushed yet: {', '.join(not_pushed)}. Jobs that use an image fail until it is pushed; it is "
            "pinned to its digest by the first update after that.",
            parent,
        )
    if not_cached:
        pulumi.log.warn(
            "a pull-through cache does not contain these images yet, and ECR does not import images by "
            "digest: pull each once by its tag, with a role that may import, before a job needs it:\n"
            + "\n".join(f"  {image}" for image in not_cached),
            parent,
        )
    return digests


def _never_moves(registry: Registry | None, asked: EcrImage) -> bool:
    """Whether the stack creates an image's repository, and the tag is immutable there."""
    settings = registry.repositories.get(asked.repository) if registry and registry.created else None
    return settings is not None and not settings.adopt and not is_mutable(asked.tag, settings.mutable_tags)


async def _answers(
    questions: "Mapping[str, Question]", authorities: Authorities
) -> dict[str, RegistryAnswer]:
    """The answers of the registries, by the image."""
    if not questions:
        return {}
    from pulumi_gitlab_runner.registry.client import RegistryClient

    with RegistryClient(lambda host: filter(None, [trust(authorities, host)]), PATIENCE_S) as client:
        answers = await asyncio.to_thread(client.ask_all, questions.values(), PATIENCE_S)
    return dict(zip(questions, answers, strict=True))


def _credentials(pair: tuple[str, str] | None) -> Credentials | None:
    return Credentials(pair[0], Secret(pair[1])) if pair else None


def _holds(asked: EcrImage, digest: str, parent: pulumi.Resource) -> bool:
    """Whether a pull-through cache contains an image by its digest; true if ECR does not answer.

    ECR answers a first pull by digest as if the image did not exist, even if the name also has a tag:
    github.com/aws/containers-roadmap/issues/2837.
    """
    try:
        _digest_in_ecr(asked, parent, digest)
    except Exception as error:
        return not _is_missing(str(error))
    return True


def _is_missing(text: str) -> bool:
    """Whether the text of Pulumi's exception means that the image or its repository does not exist in ECR."""
    return "NotFoundException" in text or _MISSING in text


def _digest_in_ecr(asked: EcrImage, parent: pulumi.Resource, digest: str | None = None) -> str:
    """The digest of an image in ECR, looked up by its digest if given, else by its tag.

    The function with a plain result raises an exception if it fails, a plain `Exception`; a failed Output
    would end the program, even if it is awaited.
    """
    import pulumi_aws as aws

    found = aws.ecr.get_image(
        repository_name=asked.repository,
        image_tag=None if digest else asked.tag,
        image_digest=digest,
        registry_id=asked.account,
        region=asked.region,
        opts=pulumi.InvokeOptions(parent=parent),
    )
    return found.image_digest


def refusal(text: str, asked: EcrImage, *, cached: bool) -> str:
    """The reason for which ECR returns no digest, in one line, with the fix if one is known.

    Args:
        text: the message of the exception that Pulumi raises.
        asked: the image.
        cached: whether its repository belongs to a pull-through cache.
    """
    reason = _SDK_WORDS.sub("", invoke_failure(text)) or "ECR returns no digest"
    if _MISSING in reason:
        reason = "ECR has no such image, or no such repository"
    if "AccessDenied" in reason:
        reason += f". The identity that runs Pulumi needs {' and '.join(DESCRIBE_ACTIONS)} on the repository"
        if asked.account:
            reason += f", and the owner of {asked.account} must allow it: see the output required_policies"
    elif cached and _is_missing(text):
        reason += (
            ". The cache does not contain it yet: ECR imports it at the first pull by tag, not by digest"
        )
    return reason


_MISSING = "couldn't find resource"
"""The error of the official provider for a resource that does not exist (internal/retry/error.go); its
earlier versions returned the error of AWS, whose name ends in NotFoundException."""
_SDK_WORDS = re.compile(
    r"(reading ECR Images?[^:]*: )?operation error [^,]+, https response error StatusCode: \d+, "
    r"RequestID: [^,]*, (api error )?"
)
"""The text that the official provider (internal/service/ecr/image_data_source.go) and the AWS SDK for Go
write before the name of an error."""
