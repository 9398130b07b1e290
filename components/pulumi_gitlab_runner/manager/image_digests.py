"""The digests of the images that a declaration names, as their registries have them now."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pulumi

from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.auth.secret import Secret
from pulumi_gitlab_runner.images.reference import parse
from pulumi_gitlab_runner.manager.environment import Environment
from pulumi_gitlab_runner.registry.answer import RegistryAnswer
from pulumi_gitlab_runner.resolution import login_of, refused_as_whole, resolved
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.certificate_authorities import Authorities, trust
from pulumi_gitlab_runner.spec.images import ecr_image, registry_of, why_not_asked, written_out
from pulumi_gitlab_runner.spec.inputs import Value
from pulumi_gitlab_runner.spec.registries import EcrImage, Registry
from pulumi_gitlab_runner.spec.runners import check_pinned
from pulumi_gitlab_runner.spec.stack import Stack

if TYPE_CHECKING:
    from pulumi_gitlab_runner.registry.client import Question

PATIENCE_S = 5.0
"""How long registries other than ECR may take, all together."""


def image_digests(
    images: Iterable[Value[str]],
    registries: Mapping[str, Registry],
    environment: Environment,
    parent: pulumi.Resource,
    authorities: Authorities = (),
) -> pulumi.Output[dict[str, str]]:
    """The digests of images, by the image; those that cannot be had are left out, with one warning for all.

    Whoever runs Pulumi asks: ECR by its own API (`ecr:DescribeImages`), any other registry as a pull does,
    with the user and password that its declaration holds or without any. While such a password is not known
    yet, neither are the digests. The Docker provider's own look-up would need a Docker Engine, and the
    passwords of registries among its inputs.

    Args:
        images: as declared.
        registries: those that may hold them, by name.
        environment: where the stack lives.
        parent: what the look-ups and the warning belong to.
        authorities: the certificate authorities of your own that registries are trusted by.
    """
    images = list(dict.fromkeys(images))
    logins = {
        each.name: login_of(each.login)
        for each in registries.values()
        if each.login and _may_hold(each, registries, images)
    }
    model = resolved((tuple(images), registries, authorities))
    asked = pulumi.Output.all(environment, pulumi.Output.all(**logins), model)
    found: pulumi.Output[dict[str, str]] = asked.apply(
        lambda known: _digests(list(known[2][0]), known[2][1], known[0], known[1], parent, known[2][2])
    )
    # A digest tells nothing of the password that it was asked with, and shall show in a preview.
    return pulumi.Output.unsecret(found)


def all_pinned(
    stack: pulumi.Output[Stack], manager: str, digests: pulumi.Input[dict[str, str]]
) -> pulumi.Output[dict[str, str]]:
    """Digests, when there is one for each image of a manager that requires it: in a preview too.

    Args:
        stack: the stack of the manager, resolved.
        manager: its name.
        digests: of its images, by the image.
    """

    def checked(known: list[Any]) -> dict[str, str]:
        declared, found = known
        with refused_as_whole():
            check_pinned(declared.managers[manager].runners, found)
        return dict(found)

    return pulumi.Output.all(stack, digests).apply(checked)


def _may_hold(registry: Registry, registries: Mapping[str, Registry], images: Iterable[Value[str]]) -> bool:
    """Whether one of the images may be of a registry: another one's password is not waited for."""
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
    elsewhere: dict[str, Question] = {}
    for image in images:
        if parse(image).digest:
            continue
        registry, _ = registry_of(image, registries, environment)
        if reason := why_not_asked(registry):
            reasons[image] = reason
        elif asked := ecr_image(image, registries, environment):
            try:
                digests[image] = _digest_in_ecr(asked, parent)
            except Exception as error:
                reasons[image] = _first_line(str(error))
        else:
            pair = credentials.get(registry.name) if registry else None
            elsewhere[image] = (parse(written_out(image, registries, environment)), _credentials(pair))
    for image, answer in (await _answers(elsewhere, authorities)).items():
        if answer.digest:
            digests[image] = answer.digest
        else:
            reasons[image] = answer.told
    if reasons:
        told = "\n".join(f"  {image}: {reason}" for image, reason in reasons.items())
        pulumi.log.warn(
            "these images keep their tag, which can come to mean another image: their digests cannot be had "
            "now. One that was pinned before shows as a change. NAME:TAG@sha256:DIGEST needs no asking:\n"
            f"{told}",
            parent,
        )
    return digests


async def _answers(
    questions: "Mapping[str, Question]", authorities: Authorities
) -> dict[str, RegistryAnswer]:
    """What the registries answer, by the image."""
    if not questions:
        return {}
    from pulumi_gitlab_runner.registry.client import RegistryClient

    with RegistryClient(lambda host: filter(None, [trust(authorities, host)]), PATIENCE_S) as client:
        answers = await asyncio.to_thread(client.ask_within, list(questions.values()), PATIENCE_S)
    return dict(zip(questions, answers, strict=True))


def _credentials(pair: tuple[str, str] | None) -> Credentials | None:
    return Credentials(pair[0], Secret(pair[1])) if pair else None


def _digest_in_ecr(asked: EcrImage, parent: pulumi.Resource) -> str:
    """The digest of an image in ECR.

    By the function that gives a plain value: a failure is then an exception here. An Output that fails ends
    the program, whoever awaits it. Pulumi raises a plain `Exception` for it, and has no class of its own.
    """
    import pulumi_aws as aws

    found = aws.ecr.get_image(
        repository_name=asked.repository,
        image_tag=asked.tag,
        registry_id=asked.account,
        region=asked.region,
        opts=pulumi.InvokeOptions(parent=parent),
    )
    return found.image_digest


def _first_line(text: str) -> str:
    """What a provider says, without Pulumi's words before it, in one line."""
    said = text.partition(" failed: ")[2].strip()
    # The official provider lists its errors below a line that only counts them.
    listed = re.search(r"\d+ errors? occurred:\s*\* (.+)", said)
    first = listed[1] if listed else said.partition("\n")[0]
    return re.sub(r"^(invocation|invoking) (of )?\S+( returned an error)?: ", "", first)[:300] or (
        "ECR gives no digest"
    )
