"""Credentials of registries for hosted and instance runners, kept fresh in CI variables."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws
from typing_extensions import TypedDict

from pulumi_gitlab_runner.auth.docker_config import credentials_as_json
from pulumi_gitlab_runner.aws.arns import function_arn, iam_arn
from pulumi_gitlab_runner.aws.jobs.renewal_alarms import renewal_alarms
from pulumi_gitlab_runner.aws.key_policy import key_policy, key_rights
from pulumi_gitlab_runner.aws.managed_policies import managed_policies
from pulumi_gitlab_runner.aws.observation import log_group, log_group_arn
from pulumi_gitlab_runner.aws.reserved_names import host_parameters
from pulumi_gitlab_runner.aws.secret_parameter import secret_parameter
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.component import Component, inputs_of
from pulumi_gitlab_runner.host.files import HostParameters
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
    login_of,
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
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path
from pulumi_gitlab_runner.spec.registries import Registry, RegistryDeclaration
from pulumi_gitlab_runner.spec.shape import check_shape
from pulumi_gitlab_runner.spec.variables import Variable, variable_names

_TIMEOUT_S = 120


@strict
class HostedRunnerAuthArgs(TypedDict):
    """CI variables that are kept fresh, and what they are made of."""

    auth: HostedAuthDeclaration
    """The variable, and the projects and groups that get it."""
    registries: dict[str, RegistryDeclaration]
    """The registries that it names, by name."""
    gitlab_url: NotRequired[Input[str]]
    """GitLab's address, as AWS reaches it. Default `https://gitlab.com`."""
    certificate_authorities: NotRequired[dict[str, CertificateAuthorityDeclaration]]
    """The certificate authorities of your own, by a name of your own, of which GitLab's may be signed by one.
    Default: only public authorities."""
    key_arn: NotRequired[Input[str]]
    """The customer-managed key that encrypts what the declaration itself has: a token, passwords; see
    `HostStore`. Required with them."""
    environment: NotRequired[AwsEnvironmentArgs]
    """Where in AWS it lives. Default: asked of AWS."""
    tags: NotRequired[dict[str, Input[str]]]
    """Tags of everything that is made. Default: none."""


@dataclass(frozen=True)
class Renewal:
    """Variables that are kept fresh, and what that takes.

    Attributes:
        auth: what is declared.
        registries: those that it names, by name.
        gitlab_url: GitLab's address.
        label: what it is called outside of Pulumi.
        key_arn: the key of its parameters; None where there are none.
        logs_key: the key of its log group; None for that of CloudWatch Logs.
        environment: where in AWS it is; None where AWS is still to be asked.
        tags: of everything that is made.
        authorities: the certificate authorities that are trusted, as far as they are for GitLab.
        path: the variable's place in the declaration.
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

    The function requests passwords from ECR, reads fixed ones and the GitLab token from their stores, and
    writes the variables: masked, raw and with the stack's mark. It runs on a schedule, and once for each
    variable during an update: with a token or registry that does not work, `pulumi up` fails with the reason.
    A variable that is no longer declared is removed, as are all by `pulumi destroy`; variables without the
    mark are neither changed nor removed. GitLab has no AWS key, only passwords that are valid for 12 hours.
    None of them is in the state, or in the function's environment, log or answers.

    Lambda retries a failed run twice, after one minute and after two; the next scheduled run is hours before
    the passwords expire.

    Creates:

    - `aws:lambda/function:Function`, `aws:iam/role:Role`, `aws:iam/rolePolicy:RolePolicy` and
      `aws:cloudwatch/logGroup:LogGroup`
    - `aws:scheduler/schedule:Schedule`, with `aws:iam/role:Role` and `aws:iam/rolePolicy:RolePolicy` of its
      own
    - `aws:lambda/invocation:Invocation` for each project and group: renews its variable, and removes it
    - `aws:iam/policy:Policy` and `aws:iam/rolePolicyAttachment:RolePolicyAttachment`, for repositories beyond
      the first hundred
    - `aws:ssm/parameter:Parameter` for a token and passwords in the declaration
    - `aws:cloudwatch/metricAlarm:MetricAlarm`, two with `alarms`: a renewal failed; none succeeded for long

    Raises `pulumi.RunError` for a wrong declaration, such as one without an ECR registry.
    """

    function_name: pulumi.Output[str]
    """The function's name; `aws lambda invoke` with it renews all variables at once."""
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
            declared_environment(read.get("environment")),
            stack.tags,
            stack.authorities,
            join_path(name, "hosted_auth", name),
        )
        self._make(name, renewal, opts)

    def _make(self, name: str, model: Renewal, opts: pulumi.ResourceOptions | None) -> None:
        auth, self._tags = model.auth, model.tags
        inputs = inputs_of(declared_hosted_auth(model.auth, model.registries))
        names = host_parameters(f"hosted-auth/{model.label}")
        key_arn = model.key_arn if keeps_secrets(auth, model.registries) else None
        if key_arn is not None and model.environment is not None:
            inputs |= key_rights(name, OWN, model.environment.apply(_all_of(names)), key_arn)
        pulumi.ComponentResource.__init__(self, "gitlab-runner:index:HostedRunnerAuth", name, inputs, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        environment = model.environment or environment_of(self)
        parameters = self._parameters(name, model, names)
        # By way of the parameters, so that they are there when the function first runs.
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
            beside = ""
            if key_arn is not None:
                some_key = some_key_arn(known_environment)
                beside = policy_document([parameter_key_statement(OWN, parameter_arns, some_key)])
            with refused_as_whole():
                return renewal_policy(
                    registries,
                    known_environment,
                    token=known_auth.token,
                    parameter_arns=parameter_arns,
                    log_group_arn=log_group_arn,
                    part=divided.inline,
                    beside=beside,
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
            # By way of the policy, so that it may do its work when it first runs.
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
        made_by = pulumi.Output.all(settings, versions).apply(lambda known: fingerprint(*known))
        for variable, resource_name in zip(auth.variables, variable_names(name, auth.variables), strict=True):
            self._invocation(resource_name, variable, mark_of(names), function.name, made_by)
        self._schedule(auth, function_arn(function.name, environment), environment)
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
        """The secrets of the declaration, stored in Parameter Store for the function."""
        secrets: dict[str, tuple[str, pulumi.Input[str]]] = {
            f"registry-{each.name}": (
                names.registry(each.name),
                login_of(each.login).apply(credentials_as_json),
            )
            for each in model.registries.values()
            if each.login
        }
        if model.auth.own_token is not None:
            secrets["token"] = (names.token("gitlab"), given(model.auth.own_token))
        key_arn = model.key_arn or ""
        return [
            secret_parameter(f"{name}-{suffix}", path, value, key_arn, model.tags, self)
            for suffix, (path, value) in secrets.items()
        ]

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
        made_by: pulumi.Output[str],
    ) -> None:
        """Renew a variable now, and whenever it is made otherwise; remove it with this resource.

        The resource has everything that identifies the variable: a new one is not a change of it. The mark is
        for the function of a renamed stack, which gets the previous one.
        """
        aws.lambda_.Invocation(
            name,
            function_name=function_name,
            lifecycle_scope="CRUD",
            input=pulumi.Output.all(resolved(variable), made_by).apply(
                lambda known: json.dumps(
                    {"variable": variable_settings(known[0]), "mark": mark, "made_by": known[1]}
                )
            ),
            opts=self._child,
        )

    def _schedule(self, auth: HostedAuth, function: pulumi.Output[str], environment: Environment) -> None:
        """Run the function every few hours.

        EventBridge Scheduler rather than a rule: it tries again for long, and takes a role on, so nothing but
        that role can run the function.
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
                # By way of the policy, so that it may run the function from the first time on.
                "role_arn": iam_arn("role", policy.role, given(auth.role_path), environment),
                "input": "{}",
                "retry_policy": {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 10},
            },
            opts=self._child,
        )


def _all_of(names: HostParameters) -> Callable[[AwsEnvironment], list[str]]:
    """The ARNs of the parameters of a function, by where it is."""
    return lambda environment: [names.all_in(environment)]


def _archive(settings: str) -> pulumi.Archive:
    """The function's code, with its settings."""
    texts = {**code(), "renewal/configuration.json": settings}
    return pulumi.AssetArchive({path: pulumi.StringAsset(text) for path, text in texts.items()})
