"""Mirrors in a declaration: their defaults, and the exact problem of a bad one."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec import Problem, parse_stack
from pulumi_gitlab_runner.spec.gitlab_scope import GitLabScope
from pulumi_gitlab_runner.spec.inputs import Deferred
from pulumi_gitlab_runner.spec.mirrors import Mirror, MirroredImage, mirror_variables
from pulumi_gitlab_runner.spec.variables import Variable

from tests.spec.declaration import declaration, problems_of

DIGEST = "sha256:" + "a" * 64
AT = "stack.mirrors.public"


def mirrored(registry: str = "team", **mirror: Any) -> dict[str, Any]:
    """A good declaration with one mirror."""
    made = declaration()
    made["registries"]["team"]["repositories"] |= {"mirror/postgres": {}, "cache/redis": {}}
    images = {"postgres": "postgres:17"}
    made["mirrors"] = {"public": {"registry": registry, "images": images, **mirror}}
    return made


def image(**changed: Any) -> dict[str, Any]:
    return mirrored(images={"postgres": {"image": "postgres:17", **changed}})


def image_of(source: str) -> dict[str, Any]:
    return {"image": source, "repository": "mirror/postgres"}


def test_the_defaults_of_an_image() -> None:
    mirror = parse_stack(mirrored()).mirrors["public"]
    made = MirroredImage("postgres", "postgres:17", None, "mirror/postgres", "17", ())
    assert mirror == Mirror("public", "team", (made,), delete=False)
    assert mirror.image_name(made) == "team/mirror/postgres:17"


def test_an_image_with_everything() -> None:
    declared = {
        "image": f"ghcr.io/redis/redis@{DIGEST}",
        "repository": "cache/redis",
        "tag": "7-checked",
        "platforms": ["linux/arm64"],
    }
    mirror = parse_stack(mirrored(images={"redis": declared}, delete=True)).mirrors["public"]
    made = MirroredImage("redis", "ghcr.io/redis/redis", DIGEST, "cache/redis", "7-checked", ("linux/arm64",))
    assert mirror == Mirror("public", "team", (made,), delete=True)


@pytest.mark.parametrize(("given", "prefix"), [({}, "IMAGE_"), ({"prefix": "CI_"}, "CI_")])
def test_jobs_get_the_images_in_plain_variables(given: Any, prefix: str) -> None:
    mirror = parse_stack(
        mirrored(variables={"group": 42, **given}, images={"my-db": image_of("postgres:17")})
    ).mirrors["public"]
    reference = object()
    (variable,) = mirror_variables(mirror, {"my-db": reference})
    assert isinstance(variable.value, Deferred)
    assert (variable.value.source, variable.value.secret) == (reference, False)
    assert variable.value.path == "mirrors.public.images.my-db"
    assert variable == Variable(
        scope=GitLabScope("group", 42),
        key=f"{prefix}MY_DB",
        docker_auth=(),
        masked=False,
        hidden=False,
        protected=False,
        raw=False,
        file=False,
        environment_scope="*",
        description=None,
        value=variable.value,
    )


def test_jobs_get_no_variables_by_default() -> None:
    assert mirror_variables(parse_stack(mirrored()).mirrors["public"], {"postgres": object()}) == ()


def test_a_registry_without_declared_repositories_accepts_any() -> None:
    assert parse_stack(mirrored("legacy")).mirrors["public"].registry == "legacy"


BAD: dict[str, tuple[dict[str, Any], Problem]] = {
    "a registry that is not declared": (
        mirrored("taem"),
        Problem(
            f"{AT}.registry",
            "'taem', which is not a declared registry",
            "team, shared, legacy, vault",
            "did you mean 'team'?",
        ),
    ),
    "a registry of another account": (
        mirrored("shared", images={"tools": {"image": "busybox:1", "repository": "platform/toolchain"}}),
        Problem(
            f"{AT}.registry",
            "'shared', a registry that this stack cannot push to",
            "an ECR registry that the stack creates, or one with 'username' and 'password'",
        ),
    ),
    "no images": (mirrored(images={}), Problem(f"{AT}.images", "no images", "at least one")),
    "a name with capitals": (
        mirrored(images={"Postgres": {"image": "postgres:17", "repository": "mirror/postgres"}}),
        Problem(
            f"{AT}.images.Postgres",
            "'Postgres'",
            "a name of a-z, 0-9, '-' and '_', that starts with a letter",
        ),
    ),
    "a repository that is not declared": (
        image(repository="mirror/postgers"),
        Problem(
            f"{AT}.images.postgres.repository",
            "the repository 'mirror/postgers' of the registry 'team'",
            "private/image, ci/base, mirror/postgres, cache/redis",
            "did you mean 'mirror/postgres'?",
        ),
    ),
    "an image of a registry that only hosts can read": (
        image(image="vault/app:1"),
        Problem(
            f"{AT}.images.postgres.image",
            "'vault/app:1', which Pulumi cannot read",
            "an image of a registry that Pulumi can read, or a public one",
            "digests of the registry 'vault' are not looked up: its password is read only on the runner host",
        ),
    ),
    "a tag that is none": (
        image(tag="-17"),
        Problem(
            f"{AT}.images.postgres.tag",
            "'-17'",
            "1 to 128 letters, digits and '_.-', not starting with . or -",
        ),
    ),
    "a platform that is none": (
        image(platforms=["arm64"]),
        Problem(
            f"{AT}.images.postgres.platforms[0]",
            "'arm64'",
            "OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/arm64 or linux/arm/v7",
        ),
    ),
    "two images in one place": (
        mirrored(
            images={
                "postgres": "postgres:17",
                "other": {"image": "postgis:17", "repository": "mirror/postgres"},
            }
        ),
        Problem(
            f"{AT}.images.other",
            "mirror/postgres:17, which is also the target of 'postgres'",
            "another repository or tag",
        ),
    ),
    "two images in one place by default": (
        mirrored(
            images={
                "postgres": {"image": "postgres", "repository": "mirror/postgres"},
                "other": {"image": "postgis:latest", "repository": "mirror/postgres"},
            }
        ),
        Problem(
            f"{AT}.images.other",
            "mirror/postgres:latest, which is also the target of 'postgres'",
            "another repository or tag",
        ),
    ),
    "variables of nothing": (
        mirrored(variables={}),
        Problem(
            f"{AT}.variables",
            "no group, project or instance",
            "exactly one of 'group', 'project' and 'instance: true'",
        ),
    ),
    "a prefix that no variable has": (
        mirrored(variables={"group": 42, "prefix": "IMAGE-"}),
        Problem(f"{AT}.variables.prefix", "'IMAGE-'", "letters, digits and '_'"),
    ),
    "a variable that is declared otherwise too": (
        mirrored(variables={"group": 42})
        | {"variables": [{"group": 42, "key": "IMAGE_POSTGRES", "value": "postgres:16"}]},
        Problem(
            f"{AT}.variables",
            "IMAGE_POSTGRES of group 42, which variables[0] also declares",
            "each key once for each scope and environment",
        ),
    ),
}


@pytest.mark.parametrize(("declared", "problem"), BAD.values(), ids=list(BAD))
def test_a_bad_mirror_has_exactly_this_problem(declared: dict[str, Any], problem: Problem) -> None:
    assert problems_of(declared) == [problem]


def test_an_invalid_image_is_reported_at_its_place() -> None:
    (problem,) = problems_of(image(image="postgres 17"))
    assert problem.path == f"{AT}.images.postgres.image"
