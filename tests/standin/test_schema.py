"""The schemas that the stand-ins give to programs in YAML and to generators of SDKs."""

from sandbox.providers.aws.provider import Aws
from sandbox.providers.gitlab.provider import GitLab
from sandbox.standin.schema import schema_of


def test_a_resource_has_its_inputs_and_outputs() -> None:
    vpc = schema_of(Aws())["resources"]["aws:ec2/vpc:Vpc"]
    assert vpc["requiredInputs"] == ["cidrBlock"]
    assert vpc["inputProperties"]["enableDnsSupport"] == {"type": "boolean"}
    assert vpc["inputProperties"]["tags"] == {"type": "object", "additionalProperties": {"type": "string"}}
    assert "arn" in vpc["properties"]
    assert "arn" not in vpc["inputProperties"]


def test_secrets_are_secret() -> None:
    resources = schema_of(GitLab())["resources"]
    assert resources["gitlab:index/userRunner:UserRunner"]["properties"]["token"]["secret"] is True


def test_every_served_type_is_in_the_schema() -> None:
    for provider in (Aws(), GitLab()):
        schema = schema_of(provider)
        assert set(schema["resources"]) == {resource.token for resource in provider.resources}
        assert (schema["name"], schema["version"]) == (provider.package, provider.version)
