"""Registry credentials for hosted and instance runners, in CI variables that a function renews."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws
from typing_extensions import TypedDict

from pulumi_gitlab_runner.aws.arns import iam_arn, regional_arn
from pulumi_gitlab_runner.aws.jobs.renewal_alarms import renewal_alarms
from pulumi_gitlab_runner.aws.key_policy import key_policy, key_rights
from pulumi_gitlab_runner.aws.managed_policies import managed_policies
from pulumi_gitlab_runner.aws.observation import log_group, log_group_arn
from pulumi_gitlab_runner.aws.reserved_names import host_parameters
from pulumi_gitlab_runner.aws.secret_parameter import registry_parameters, secret_parameter
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.component import Component
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.hosted_auth.configuration import (
    code,
    configuration,
    fingerprint,
    mark_of,
    variable_settings,
)
from pulumi_gitlab_runner.iam.hosted_auth import (
    OWN,
    lambda_trust_policy,
    renewal_policy,
    schedule_policy,
    scheduler_trust_policy,
)
from pulumi_gitlab_runner.iam.policy import policy_document
from pulumi_gitlab_runner.iam.registries import required_policies
from pulumi_gitlab_runner.iam.repository_policies import division
from pulumi_gitlab_runner.iam.stored_secret import parameter_key_statement, some_key_arn
from pulumi_gitlab_runner.manager.environment import Environment, declared_environment, environment_of
from pulumi_gitlab_runner.resolution import (
    given,
    given_or_none,
    refused_as_whole,
    resolved,
    with_handles,
)
from pulumi_gitlab_runner.spec.arguments import stack_of_arguments
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment, AwsEnvironmentArgs
from pulumi_gitlab_runner.spec.aws_tags import AwsTags
from pulumi_gitlab_runner.spec.certificate_authorities import (
    Authorities,
    CertificateAuthorityDeclaration,
)
from pulumi_gitlab_runner.spec.declared import declared_hosted_auth
from pulumi_gitlab_runner.spec.hosted_auth import HostedAuth, HostedAuthDeclaration, keeps_secrets
from pulumi_gitlab_runner.spec.inputs import Input, Value, optional, strict
from pulumi_gitlab_runner.spec.own_account import hosted_auth_account_problems
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path, refuse
from pulumi_gitlab_runner.spec.registries import Registry, RegistryDeclaration
from pulumi_gitlab_runner.spec.resource_names import HOSTED_AUTH
from pulumi_gitlab_runner.spec.shape import check_shape
from pulumi_gitlab_runner.spec.variables import Variable, variable_names

_TIMEOUT_S = 120


@strict
class HostedRunnerAuthArgs(TypedDict):
    """A CI variable with registry credentials, and what its renewal needs."""

    auth: HostedAuthDeclaration
    """The variable, and the projects and groups that get it."""
    registries: dict[str, RegistryDeclaration]
    """The registries that it names, by name."""
    gitlab_url: NotRequired[Input[str]]
    """GitLab's address, as AWS reaches it. Default `https://gitlab.com`."""
    certificate_authorities: NotRequired[dict[str, CertificateAuthorityDeclaration]]
    """The private certificate authorities by name, one of which may have signed GitLab's certificate.
    Default: only public authorities."""
    key_arn: NotRequired[Input[str]]
    """The ARN of the customer managed key that encrypts a token and passwords in the declaration; see
    `HostStore`. Required with them."""
    environment: NotRequired[AwsEnvironmentArgs]
    """The AWS account and region. Default: those of the AWS provider."""
    tags: NotRequired[dict[str, Input[str]]]
    """Tags of all resources. Default: none."""


@dataclass(frozen=True)
class Renewal:
    """CI variables with registry credentials, and what their renewal needs.

    Attributes:
        auth: the declared variables.
        registries: the registries that they name, by name.
        gitlab_url: GitLab's address.
        label: the physical name of the function.
        key_arn: the ARN of the KMS key of its parameters; None without parameters.
        logs_key: the KMS key of its log group; None for the key of CloudWatch Logs.
        environment: the AWS account and region; None if not looked up yet.
        tags: the tags of all resources.
        authorities: the declared certificate authorities; the function uses those that apply to GitLab.
        path: the path of the variables in the declaration.
    """

    auth: HostedAuth
    registries: Mapping[str, Registry]
    gitlab_url: Value[str]
    label: str
    key_arn: pulumi.Input[str] | None = None
    environment: Environment | None = None
    tags: AwsTags = field(default_factory=dict)
    authorities: Authorities = ()
    path: str = ""
    logs_key: pulumi.Input[str] | None = None


class HostedRunnerAuth(Component[Renewal]):
    """`DOCKER_AUTH_CONFIG` of projects and groups, with ECR credentials that a Lambda function renews.

    The function requests passwords from ECR, reads static credentials and the GitLab token from their stores,
    and writes the variables: masked, raw and with the stack's mark. It runs on a schedule, and once for each
    variable during an update: if a token or registry does not work, `pulumi up` fails with the reason. A
    variable that is no longer declared is deleted, and `pulumi destroy` deletes all; variables without the
    mark are neither changed nor deleted. GitLab has no AWS key, only passwords that are valid for 12 hours.
    No password is in the state, or in the function's environment variables, log or response.

    Lambda retries a failed run twice, after one minute and after two; the next scheduled run is hours before
    the passwords expire.

    Creates:

    - `aws:lambda/function:Function`, `aws:iam/role:Role`, `aws:iam/rolePolicy:RolePolicy` and
      `aws:cloudwatch/logGroup:LogGroup`
    - `aws:scheduler/schedule:Schedule`, with an `aws:iam/role:Role` and `aws:iam/rolePolicy:RolePolicy`
    - `aws:lambda/invocation:Invocation` for each project and group: renews its variable, and deletes it
    - `aws:iam/policy:Policy` and `aws:iam/rolePolicyAttachment:RolePolicyAttachment`, for repositories beyond
      the first hundred
    - `aws:ssm/parameter:Parameter` for a token and passwords in the declaration
    - `aws:cloudwatch/metricAlarm:MetricAlarm`, two with `alarms`: a renewal failed; none has succeeded for
      some hours

    Raises `pulumi.RunError` for a wrong declaration, such as one without an ECR registry.
    """

    function_name: pulumi.Output[str]
    """The function's name; `aws lambda invoke` with it renews all variables immediately."""
    role_arn: pulumi.Output[str]
    """The function's role; the passwords have its permissions."""
    required_policies: pulumi.Output[dict[str, str]]
    """For each registry of another account, by its name: the policy that its owner must add to each
    repository, so that jobs can pull and Pulumi can read digests; it stays valid when a role is replaced.
    Under `NAME/registry`: the registry permissions policy, where the registry has `caches`."""

    def __init__(
        self, name: str, args: HostedRunnerAuthArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        with refused_as_whole():
            read = check_shape(with_handles(args, name), HostedRunnerAuthArgs, name)
            declared: dict[str, Any] = {"registries": read["registries"], "hosted_auth": {name: read["auth"]}}
            for key in ("gitlab_url", "tags", "certificate_authorities"):
                if key in read:
                    declared[key] = read[key]
            places = {join_path(name, "hosted_auth", name): join_path(name, "auth")}
            stack = stack_of_arguments(declared, name, places)
            auth = stack.hosted_auth[name]
            if keeps_secrets(auth, stack.registries) and "key_arn" not in read:
                found = "a token or password, and no key for it"
                raise DeclarationError([Problem(join_path(name, "key_arn"), found, "the ARN of a KMS key")])
        renewal = Renewal(
            auth,
            stack.registries_of(auth),
            stack.gitlab_url,
            name,
            given_or_none(optional(read.get("key_arn"))),
            declared_environment(read.get("environment"), name),
            stack.tags,
            stack.authorities,
            join_path(name, "hosted_auth", name),
        )
        self._make(name, renewal, opts)

    def _make(self, name: str, model: Renewal, opts: pulumi.ResourceOptions | None) -> None:
        auth, self._tags = model.auth, model.tags
        names = host_parameters(f"{HOSTED_AUTH}/{model.label}")
        key_arn = model.key_arn if keeps_secrets(auth, model.registries) else None
        rights = {}
        if key_arn is not None and model.environment is not None:
            rights = key_rights(name, OWN, model.environment.apply(_all_of(names)), key_arn)
        shown = declared_hosted_auth(model.auth, model.registries)
        self.register_component("HostedRunnerAuth", name, shown, opts, **rights)
        environment = model.environment or environment_of(self)
        parameters = self._parameters(name, model, names)
        # Derived from the parameters, so that they are created before the function first runs.
        written = pulumi.Output.all(*(each.name for each in parameters))
        known_model = resolved((auth, tuple(model.registries.values()), model.gitlab_url, model.authorities))
        settings = pulumi.Output.all(known_model, environment, written).apply(
            lambda known: configuration(
                known[0][0],
                known[0][1],
                known[1],
                names,
                gitlab_url=known[0][2],
                authorities=known[0][3],
            )
        )
        versions = pulumi.Output.all(*(each.version for each in parameters))
        logs = log_group(name, auth.logs, names.prefix, model.logs_key, model.tags, self)
        role = self._role(name, lambda_trust_policy(), auth)
        needed = pulumi.Output.all(
            environment,
            environment.apply(_all_of(names)) if parameters else [],
            log_group_arn(logs, environment),
            known_model,
        )
        with refused_as_whole():
            divided = division(model.registries.values(), further=0, path=model.path)
        attached = managed_policies(
            name,
            divided,
            pulumi.Output.all(known_model, environment).apply(lambda known: (known[0][1], known[1])),
            role=role.name,
            role_path=given(auth.role_path),
            tags=model.tags,
            declared_at=model.path,
            parent=self,
        )

        def policy(known: list[Any]) -> str:
            known_environment, parameter_arns, log_group_arn, (known_auth, registries, *_) = known
            other_policy = ""
            if key_arn is not None:
                some_key = some_key_arn(known_environment)
                other_policy = policy_document([parameter_key_statement(OWN, parameter_arns, some_key)])
            with refused_as_whole():
                refuse(hosted_auth_account_problems(known_auth, known_environment, model.path))
                return renewal_policy(
                    registries,
                    known_environment,
                    token=known_auth.token,
                    parameter_arns=parameter_arns,
                    log_group_arn=log_group_arn,
                    part=divided.inline,
                    other_policy=other_policy,
                    path=model.path,
                )

        others: list[pulumi.Resource] = [*attached]
        if key_arn is not None:
            others.append(key_policy(name, OWN, environment.apply(_all_of(names)), key_arn, role.name, self))
        role_policy = aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=needed.apply(policy),
            opts=pulumi.ResourceOptions(parent=self, depends_on=others),
        )
        function = aws.lambda_.Function(
            name,
            description=f"Renews registry credentials in GitLab: {names.prefix.strip('/')}"[:256],
            # Derived from the policy, so that the role has its permissions when the function first runs.
            role=iam_arn("role", role_policy.role, given(auth.role_path), environment),
            runtime="python3.13",
            handler="renewal.handler.handler",
            code=settings.apply(_archive),
            timeout=_TIMEOUT_S,
            memory_size=256,
            logging_config={"log_format": "Text", "log_group": logs.name},
            tags=tag_inputs(model.tags),
            opts=self._child,
        )
        settings_fingerprint = pulumi.Output.all(settings, versions).apply(lambda known: fingerprint(*known))
        for variable, resource_name in zip(auth.variables, variable_names(name, auth.variables), strict=True):
            self._invocation(resource_name, variable, mark_of(names), function.name, settings_fingerprint)
        self._schedule(auth, regional_arn("lambda", "function", function.name, environment), environment)
        if auth.alarm_topic is not None:
            topic = given(auth.alarm_topic)
            renewal_alarms(name, topic, function.name, mark_of(names), auth.every, model.tags, self)
        self.function_name = function.name
        self.role_arn = role.arn
        self.required_policies = pulumi.Output.all(role.arn, environment, known_model).apply(
            lambda known: required_policies({known[0]: known[2][1]}, known[1])
        )
        self.register_declared_outputs()

    def _parameters(self, name: str, model: Renewal, names: HostParameters) -> list[aws.ssm.Parameter]:
        """The secrets in the declaration, stored in Parameter Store for the function."""
        key_arn, token = model.key_arn or "", model.auth.own_token
        parameters = registry_parameters(name, model.registries.values(), names, key_arn, model.tags, self)
        if token is not None:
            path = names.token("gitlab")
            parameters.append(
                secret_parameter(f"{name}-token", path, given(token), key_arn, model.tags, self)
            )
        return parameters

    def _role(self, name: str, trust: pulumi.Input[str], auth: HostedAuth) -> aws.iam.Role:
        return aws.iam.Role(
            name,
            path=given(auth.role_path),
            assume_role_policy=trust,
            permissions_boundary=given_or_none(auth.permissions_boundary),
            force_detach_policies=True,
            tags=tag_inputs(self._tags),
            opts=self._child,
        )

    def _invocation(
        self,
        name: str,
        variable: Variable,
        mark: str,
        function_name: pulumi.Output[str],
        settings_fingerprint: pulumi.Output[str],
    ) -> None:
        """Renew a variable now and after each change of the settings; delete it with this resource.

        The resource name contains everything that identifies the variable, so that another variable is
        another resource. The input contains the mark, so that the function of a renamed stack gets the
        previous mark.
        """
        aws.lambda_.Invocation(
            name,
            function_name=function_name,
            lifecycle_scope="CRUD",
            input=pulumi.Output.all(resolved(variable), settings_fingerprint).apply(
                lambda known: json.dumps(
                    {"variable": variable_settings(known[0]), "mark": mark, "made_by": known[1]}
                )
            ),
            opts=self._child,
        )

    def _schedule(self, auth: HostedAuth, function: pulumi.Output[str], environment: Environment) -> None:
        """Run the function every few hours.

        EventBridge Scheduler, and not a rule of EventBridge: it retries for up to an hour, and assumes a
        role, so that only this role can invoke the function.
        """
        name = f"{self._name}-schedule"
        role = self._role(name, environment.apply(scheduler_trust_policy), auth)
        policy = aws.iam.RolePolicy(
            name, role=role.name, policy=function.apply(schedule_policy), opts=self._child
        )
        aws.scheduler.Schedule(
            self._name,
            description=f"Renews registry credentials in GitLab every {auth.every} hours",
            schedule_expression=f"rate({auth.every} hour{'s' if auth.every > 1 else ''})",
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": function,
                # Derived from the policy, so that the role has its permissions at the first invocation.
                "role_arn": iam_arn("role", policy.role, given(auth.role_path), environment),
                "input": "{}",
                "retry_policy": {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 10},
            },
            opts=self._child,
        )


def _all_of(names: HostParameters) -> Callable[[AwsEnvironment], list[str]]:
    """Return a function for the ARNs of the Lambda function's parameters."""
    return lambda environment: [names.all_in(environment)]


def _archive(settings: str) -> pulumi.Archive:
    """The function's code, with its settings."""
    texts = {**code(), "renewal/configuration.json": settings}
    return pulumi.AssetArchive({path: pulumi.StringAsset(text) for path, text in texts.items()})
