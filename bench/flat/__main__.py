"""The resources of the stack `sandbox` in a program without components.

`files.json` and `user-data.yaml` are the library's rendered files of a host; the measurement writes them.
"""

import base64
import gc
import json
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_gitlab as gitlab

gc.disable()  # as in the stack's program

# As many components as the stack has, without children.
for number in range(json.loads(Path("components.json").read_text())):
    pulumi.ComponentResource("flat:index:Nothing", f"nothing-{number}")

declaration = pulumi.Config("gitlab-runner").require_object("stack")
password = pulumi.Output.secret(declaration["registries"]["legacy"]["static"]["password"])
account = aws.get_caller_identity_output().account_id
region = aws.get_region_output().region
vpc = aws.ec2.get_vpcs_output(filters=[{"name": "is-default", "values": ["true"]}]).ids[0]
subnets = aws.ec2.get_subnets_output(filters=[{"name": "default-for-az", "values": ["true"]}]).ids

repositories = []
for name, keep_images in {"private/image": 100, "ci/base": 50}.items():
    repository = aws.ecr.Repository(
        f"ci-team/{name}",
        name=name,
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration={"scan_on_push": True},
        encryption_configurations=[{"encryption_type": "AES256"}],
        force_delete=False,
    )
    aws.ecr.LifecyclePolicy(
        f"ci-team/{name}",
        repository=repository.name,
        policy=json.dumps(
            {
                "rules": [
                    {
                        "rulePriority": 1,
                        "description": "Images without a tag expire after 7 days",
                        "selection": {
                            "tagStatus": "untagged",
                            "countType": "sinceImagePushed",
                            "countUnit": "days",
                            "countNumber": 7,
                        },
                        "action": {"type": "expire"},
                    },
                    {
                        "rulePriority": 2,
                        "description": f"The newest {keep_images} images with a tag stay",
                        "selection": {
                            "tagStatus": "tagged",
                            "tagPatternList": ["*"],
                            "countType": "imageCountMoreThan",
                            "countNumber": keep_images,
                        },
                        "action": {"type": "expire"},
                    },
                ]
            }
        ),
    )
    repositories.append(repository)

key = aws.kms.Key(
    "ci",
    description="Runner tokens and registry passwords",
    enable_key_rotation=True,
    deletion_window_in_days=7,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Account",
                    "Effect": "Allow",
                    "Principal": {"AWS": pulumi.Output.concat("arn:aws:iam::", account, ":root")},
                    "Action": "kms:*",
                    "Resource": "*",
                },
                {
                    "Sid": "Logs",
                    "Effect": "Allow",
                    "Principal": {"Service": pulumi.Output.concat("logs.", region, ".amazonaws.com")},
                    "Action": ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*"],
                    "Resource": "*",
                    "Condition": {
                        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:*:log-group:/flat/*"}
                    },
                },
            ],
        }
    ),
)
aws.kms.Alias("ci", name="alias/gitlab-runner/sandbox/ci", target_key_id=key.key_id)
bucket = aws.s3.Bucket("ci", force_destroy=True)
aws.s3.BucketPublicAccessBlock(
    "ci",
    bucket=bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)
aws.s3.BucketPolicy(
    "ci",
    bucket=bucket.bucket,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TlsOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [bucket.arn, pulumi.Output.concat(bucket.arn, "/*")],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
                {
                    "Sid": "AccountAlone",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": ["s3:DeleteObject*", "s3:PutObject*", "s3:GetObject*"],
                    "Resource": pulumi.Output.concat(bucket.arn, "/*"),
                    "Condition": {
                        "StringNotEquals": {"aws:PrincipalAccount": account},
                        "Bool": {"aws:PrincipalIsAWSService": "false"},
                    },
                },
            ],
        }
    ),
)
aws.s3.BucketLifecycleConfiguration(
    "ci",
    bucket=bucket.bucket,
    rules=[
        {
            "id": "earlier-versions",
            "status": "Enabled",
            "filter": {},
            "noncurrent_version_expiration": {"noncurrent_days": 30},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
        }
    ],
)
aws.s3.BucketVersioning("ci", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"})


def runner_and_host(name: str) -> None:
    """A runner, and the host that runs its jobs."""
    called = f"ci-{name}"
    runner = gitlab.UserRunner(
        called,
        runner_type="group_type",
        group_id=42,
        description=name,
        tag_lists=["docker"],
        untagged=False,
        access_level="not_protected",
        locked=False,
        paused=False,
    )

    token = aws.ssm.Parameter(
        f"{called}-token-{name}",
        name=f"/gitlab-runner/sandbox/{name}/tokens/{name}",
        type="SecureString",
        key_id=key.arn,
        value=runner.token,
    )
    legacy = aws.ssm.Parameter(
        f"{called}-registry-legacy",
        name=f"/gitlab-runner/sandbox/{name}/registries/legacy",
        type="SecureString",
        key_id=key.arn,
        value=password.apply(lambda known: json.dumps({"username": "my_username", "password": known})),
    )
    files = aws.s3.BucketObjectv2(
        f"{called}-files",
        bucket=bucket.bucket,
        key=f"{name}/files.json",
        content=pulumi.Output.all(account, region, runner.id).apply(lambda _: Path("files.json").read_text()),
        content_type="application/json",
    )

    role = aws.iam.Role(
        called,
        assume_role_policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "ec2.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
        force_detach_policies=True,
        tags={"gitlab-runner-host": f"/flat/sandbox/{name}"},
    )
    shared = "arn:aws:ecr:us-east-1:210987654321:repository/platform/toolchain"
    policy = aws.iam.RolePolicy(
        called,
        role=role.name,
        policy=pulumi.Output.json_dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "EcrToken",
                        "Effect": "Allow",
                        "Action": ["ecr:GetAuthorizationToken"],
                        "Resource": ["*"],
                    },
                    {
                        "Sid": "EcrPull",
                        "Effect": "Allow",
                        "Action": [
                            "ecr:BatchCheckLayerAvailability",
                            "ecr:BatchGetImage",
                            "ecr:GetDownloadUrlForLayer",
                        ],
                        "Resource": [*(each.arn for each in repositories), shared],
                    },
                    {
                        "Sid": "HostFiles",
                        "Effect": "Allow",
                        "Action": ["s3:GetObject"],
                        "Resource": [files.arn],
                    },
                    {
                        "Sid": "HostLifecycle",
                        "Effect": "Allow",
                        "Action": [
                            "autoscaling:CompleteLifecycleAction",
                            "autoscaling:RecordLifecycleActionHeartbeat",
                            "autoscaling:SetInstanceHealth",
                        ],
                        "Resource": ["arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*"],
                        "Condition": {
                            "StringEquals": {"aws:ResourceTag/gitlab-runner-host": f"/flat/sandbox/{name}"}
                        },
                    },
                    {
                        "Sid": "HostParameters",
                        "Effect": "Allow",
                        "Action": ["ssm:GetParameter"],
                        "Resource": [token.arn, legacy.arn],
                    },
                    {
                        "Sid": "HostParametersKey",
                        "Effect": "Allow",
                        "Action": ["kms:Decrypt"],
                        "Resource": [key.arn],
                        "Condition": {
                            "StringEquals": {
                                "kms:ViaService": "ssm.eu-west-1.amazonaws.com",
                                "kms:EncryptionContext:PARAMETER_ARN": [token.arn, legacy.arn],
                            }
                        },
                    },
                ],
            }
        ),
    )
    profile = aws.iam.InstanceProfile(called, role=policy.role)

    security_group = aws.ec2.SecurityGroup(called, description=f"Runner host {name}", vpc_id=vpc)
    aws.vpc.SecurityGroupEgressRule(
        called,
        security_group_id=security_group.id,
        description="To GitLab, the registries and AWS",
        ip_protocol="-1",
        cidr_ipv4="0.0.0.0/0",
    )
    template = aws.ec2.LaunchTemplate(
        called,
        description=f"Runner host {name}",
        image_id="resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
        instance_type="m6i.large",
        iam_instance_profile={"arn": profile.arn},
        vpc_security_group_ids=[security_group.id],
        metadata_options={
            "http_endpoint": "enabled",
            "http_tokens": "required",
            "http_put_response_hop_limit": 1,
            "instance_metadata_tags": "enabled",
        },
        block_device_mappings=[
            {
                "device_name": "/dev/xvda",
                "ebs": {
                    "encrypted": "true",
                    "volume_type": "gp3",
                    "volume_size": 100,
                    "delete_on_termination": "true",
                },
            }
        ],
        user_data=pulumi.Output.all(files.bucket, files.key).apply(
            lambda _: base64.b64encode(Path("user-data.yaml").read_bytes()).decode()
        ),
        update_default_version=True,
    )
    boot: aws.autoscaling.GroupInitialLifecycleHookArgsDict = {
        "name": "gitlab-runner-boot",
        "lifecycle_transition": "autoscaling:EC2_INSTANCE_LAUNCHING",
        "heartbeat_timeout": 600,
        "default_result": "ABANDON",
    }
    drain: aws.autoscaling.GroupInitialLifecycleHookArgsDict = {
        "name": "gitlab-runner-drain",
        "lifecycle_transition": "autoscaling:EC2_INSTANCE_TERMINATING",
        "heartbeat_timeout": 300,
        "default_result": "CONTINUE",
    }
    group = aws.autoscaling.Group(
        called,
        min_size=1,
        max_size=2,
        vpc_zone_identifiers=subnets,
        launch_template={"id": template.id, "version": template.latest_version.apply(str)},
        instance_maintenance_policy={"min_healthy_percentage": 100, "max_healthy_percentage": 200},
        instance_refresh={"strategy": "Rolling", "triggers": ["vpc_zone_identifier"]},
        health_check_type="EC2",
        default_instance_warmup=30,
        initial_lifecycle_hooks=[boot, drain],
        wait_for_capacity_timeout="1200s",
        ignore_failed_scaling_activities=True,
        tags=[
            {"key": "Name", "value": f"gitlab-runner-{name}", "propagate_at_launch": True},
            {"key": "gitlab-runner-host", "value": f"/flat/sandbox/{name}", "propagate_at_launch": False},
        ],
    )
    aws.autoscaling.LifecycleHook(f"{called}-boot", autoscaling_group_name=group.name, **boot)
    aws.autoscaling.LifecycleHook(called, autoscaling_group_name=group.name, **drain)


for each in declaration["runners"]:
    runner_and_host(each)

gitlab.ProjectVariable(
    "ci-project-7-DOCKER_AUTH_CONFIG",
    project="7",
    key="DOCKER_AUTH_CONFIG",
    value=password.apply(
        lambda known: json.dumps(
            {
                "auths": {
                    "registry.example.com:5000": {
                        "auth": base64.b64encode(f"my_username:{known}".encode()).decode()
                    }
                }
            }
        )
    ),
    masked=True,
    protected=False,
    raw=True,
    variable_type="env_var",
    environment_scope="*",
)
gitlab.GroupVariable(
    "ci-group-42-DEPLOY_REGION",
    group="42",
    key="DEPLOY_REGION",
    value=pulumi.Output.secret("eu-west-1"),
    masked=True,
    protected=False,
    raw=False,
    variable_type="env_var",
    environment_scope="*",
)
