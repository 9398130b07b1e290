"""The metadata of the package in its schema, for the Pulumi Registry and the generated SDKs."""

from email.message import Message
from importlib.metadata import metadata
from typing import Any, cast

DISTRIBUTION = "pulumi-gitlab-runner"

_REGISTRY_KEYWORDS = ("pulumi", "category/cloud", "kind/component")
"""Reserved keywords that the Pulumi Registry classifies packages by: `PackageSpec.Keywords` of pulumi/pulumi
v3.258.0, pkg/codegen/schema/schema.go."""


def registry_metadata(schema: dict[str, Any], distribution: Message | None = None) -> dict[str, Any]:
    """The schema with the metadata for the Pulumi Registry, and with the settings of each language's SDK.

    Descriptions and URLs come from the Python distribution, so that they are defined only once. Without the
    URL of a repository, the Go SDK has an import path that no module proxy can serve: it is used from the
    folder where `pulumi package add` writes it. The .NET package has a different prefix, since the default
    `Pulumi.` is reserved for Pulumi's packages.

    Args:
        schema: the schema without metadata; not changed.
        distribution: the core metadata to use. Default: that of the installed distribution.
    """
    if distribution is None:
        # importlib.metadata annotates it as a private protocol; it is a Message.
        distribution = cast("Message", metadata(DISTRIBUTION))
    addresses = dict(entry.split(", ", 1) for entry in distribution.get_all("Project-URL", failobj=[]))
    repository = addresses.get("Repository")
    described = {
        "displayName": "GitLab Runner",
        "description": distribution["Summary"],
        "keywords": [*_REGISTRY_KEYWORDS, *_keywords(distribution)],
        "license": distribution["License-Expression"],
        "publisher": distribution["Author"],
        "repository": repository,
        "homepage": addresses.get("Homepage", repository),
    }
    base = (repository or "").partition("://")[2].removesuffix(".git") or DISTRIBUTION
    languages = {
        "nodejs": {"packageName": DISTRIBUTION, "packageDescription": distribution["Summary"]},
        # Different from the name of the library, which contains the components themselves.
        "python": {"packageName": f"{DISTRIBUTION.replace('-', '_')}_sdk", "pyproject": {"enabled": True}},
        "go": {
            "importBasePath": f"{base}/sdk/go/gitlabrunner",
            "generateResourceContainerTypes": True,
            # Without these two the SDK does not compile: a map of plain objects refers to types that are not
            # generated, and the defaults of a required plain object are assigned as a pointer.
            "generateExtraInputTypes": True,
            "disableObjectDefaults": True,
        },
        "csharp": {"rootNamespace": "PulumiGitLabRunner", "namespaces": {"gitlab-runner": "GitLabRunner"}},
        "java": {"buildFiles": "gradle"},
    }
    return (
        schema
        | {name: value for name, value in described.items() if value}
        | {
            # SDKs contain the version and the plugin, and the Go SDK is a separate module.
            "meta": schema.get("meta", {}) | {"supportPack": True},
            "language": {
                language: schema.get("language", {}).get(language, {}) | settings
                for language, settings in languages.items()
            },
        }
    )


def _keywords(distribution: Message) -> list[str]:
    words = [word.strip() for word in (distribution["Keywords"] or "").split(",")]
    return [word for word in words if word and word not in _REGISTRY_KEYWORDS]
