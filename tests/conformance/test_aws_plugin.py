"""What the build of the AWS provider's plugin changes in upstream's source, without a build."""

from pathlib import Path

import pytest

from tests.conformance.aws_plugin.build import narrow, upstream_name

PACKAGES = """\
package sdkv2

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-provider-aws/internal/conns"
	"github.com/hashicorp/terraform-provider-aws/internal/service/amp"
	"github.com/hashicorp/terraform-provider-aws/internal/service/s3"
)

func servicePackages(ctx context.Context) []conns.ServicePackage {
	v := []conns.ServicePackage{
		amp.ServicePackage(ctx),
		s3.ServicePackage(ctx),
	}
	return slices.Clone(v)
}
"""
CLIENT = """\
func (c *AWSClient) AMPClient(ctx context.Context) *amp.Client {
	return nil
}

"""
CLIENTS = f"""\
package conns

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/amp"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

{CLIENT}func (c *AWSClient) S3Client(ctx context.Context) *s3.Client {{
	return nil
}}
"""


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("aws:ecr/repository:Repository", "aws_ecr_repository"),
        ("aws:ec2/launchTemplate:LaunchTemplate", "aws_launch_template"),
        ("aws:s3/bucketObjectv2:BucketObjectv2", "aws_s3_object"),
        ("aws:index/getCallerIdentity:getCallerIdentity", "aws_caller_identity"),
        ("aws:vpc/getSecurityGroupRules:getSecurityGroupRules", "aws_vpc_security_group_rules"),
        ("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "aws_iam_openid_connect_provider"),
    ],
)
def test_a_type_has_an_upstream_name(token: str, name: str) -> None:
    assert upstream_name(token) == name


def test_services_that_are_not_served_are_removed(tmp_path: Path) -> None:
    packages = tmp_path / "internal" / "provider" / "sdkv2" / "service_packages_gen.go"
    clients = tmp_path / "internal" / "conns" / "awsclient_gen.go"
    for file, text in ((packages, PACKAGES), (clients, CLIENTS)):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    service = tmp_path / "internal" / "service" / "s3"
    service.mkdir(parents=True)
    (service / "bucket.go").write_text("conn := meta.(*conns.AWSClient).S3Client(ctx)\n")
    narrow(tmp_path)
    imported = '\t"github.com/hashicorp/terraform-provider-aws/internal/service/amp"\n'
    assert packages.read_text() == _without(PACKAGES, imported, "\t\tamp.ServicePackage(ctx),\n")
    imported = '\t"github.com/aws/aws-sdk-go-v2/service/amp"\n'
    assert clients.read_text() == _without(CLIENTS, imported, CLIENT)


def _without(text: str, *parts: str) -> str:
    for part in parts:
        assert part in text
        text = text.replace(part, "")
    return text
