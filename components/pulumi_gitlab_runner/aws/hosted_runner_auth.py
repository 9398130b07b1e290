"""Credentials of registries for hosted and instance runners, kept fresh in CI variables."""

import json
from collections.abc import Sequence
from typing import NotRequired

import pulumi
import pulumi_aws as aws
from typing_extensions import TypedDict

from pulumi_gitlab_runner.auth.docker_config import credentials_as_json
from pulumi_gitlab_runner.aws.environment import AwsEnvironmentArgs, environment_of, known_environment
from pulumi_gitlab_runner.aws.host_observation import log_group
from pulumi_gitlab_runner.aws.renewal_alarms import renewal_alarms
from pulumi_gitlab_runner.aws.secret_parameter import secret_parameter
from pulumi_gitlab_runner.declared import plain, registry_credentials, told_once
from pulumi_gitlab_runner.host.files import HostParameters
from pulumi_gitlab_runner.hosted_auth.configuration import (
    code,
    configuration,
    fingerprint,
    mark_of,
    variable_told,
)
from pulumi_gitlab_runner.iam.hosted_auth import (
    lambda_trust_policy,
    renewal_policy,
    schedule_policy,
    scheduler_trust_policy,
)
from pulumi_gitlab_runner.iam.registries import required_policies
from pulumi_gitlab_runner.spec.hosted_auth import HostedAuth, HostedAuthDeclaration, keeps_secrets
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path
from pulumi_gitlab_runner.spec.registries import RegistryDeclaration, StaticRegistry
from pulumi_gitlab_runner.spec.shape import check_keys
from pulumi_gitlab_runner.spec.stack import GITLAB_COM, build_stack
from pulumi_gitlab_runner.spec.variables import Variable

_TIMEOUT_S = 120


class HostedRunnerAuthArgs(TypedDict):
    """CI variables that are kept fresh, and what they are made of."""

    auth: HostedAuthDeclaration
    """The variable, and the projects and groups that get it."""
    registries: dict[str, RegistryDeclaration]
    """The registries that it names, by name."""
    gitlab_url: NotRequired[str]
    """GitLab's address, as AWS reaches it. Default `https://gitlab.com`."""
    key_arn: NotRequired[pulumi.Input[str]]
    """The customer-managed key that encrypts what the declaration itself has: a token, passwords; see
    `HostStore`. Required with them."""
    environment: NotRequired[AwsEnvironmentArgs]
    """Where in AWS it lives. Default: asked of AWS."""


class HostedRunnerAuth(pulumi.ComponentResource):
    """`DOCKER_AUTH_CONFIG` of projects and groups, with credentials of ECR that a function in AWS renews.

    The function asks ECR for passwords, reads fixed ones and the GitLab token where they lie, and writes the
    variables: masked, raw and marked as its own. It runs by a schedule, and once for each variable while the
    stack is applied: with a token or registry that does not work, `pulumi up` fails and says why. A variable
    that is no longer declared is removed, and so is each with `pulumi destroy`; one that somebody else made
    is neither changed nor removed. GitLab holds no key of AWS, only passwords that last 12 hours. None of
    them lies in the state, or in the function's environment, log or answers.

    A failed run is run again twice by Lambda, after one minute and after two; the next one of the schedule
    comes hours before the passwords end.

    Creates:

    - `aws:lambda/function:Function`, `aws:iam/role:Role`, `aws:iam/rolePolicy:RolePolicy` and
      `aws:cloudwatch/logGroup:LogGroup`
    - `aws:scheduler/schedule:Schedule`, with `aws:iam/role:Role` and `aws:iam/rolePolicy:RolePolicy` of its
      own
    - `aws:lambda/invocation:Invocation` for each project and group: renews its variable, and removes it
    - `aws:ssm/parameter:Parameter` for a token and passwords that stand in the declaration
    - `aws:cloudwatch/metricAlarm:MetricAlarm`, two with `alarms`: a renewal failed; none succeeded for long

    Raises `pulumi.RunError` for what is wrongly declared, such as no registry of ECR.
    """

    function_name: pulumi.Output[str]
    """The function's name; `aws lambda invoke` with it renews all variables at once."""
    role_arn: pulumi.Output[str]
    """The function's role, whose rights the passwords have."""
    required_policies: pulumi.Output[dict[str, str]]
    """For each registry of another account, by its name: the policy that its owner must put on each of the
    repositories, so that jobs may pull."""

    def __init__(
        self, name: str, args: HostedRunnerAuthArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        gitlab_url = args.get("gitlab_url", GITLAB_COM)
        with told_once():
            check_keys(args, HostedRunnerAuthArgs, name)
            declared = {
                "gitlab_url": gitlab_url,
                "registries": args["registries"],
                "hosted_auth": {name: args["auth"]},
            }
            stack = build_stack(plain(declared), path=name)
            auth = stack.hosted_auth[name]
            if keeps_secrets(auth, stack.registries) and "key_arn" not in args:
                found = "a token or password, and no key for it"
                raise DeclarationError([Problem(join_path(name, "key_arn"), found, "the ARN of a KMS key")])
        super().__init__("gitlab-runner:index:HostedRunnerAuth", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        registries = list(stack.registries_of(auth).values())
        place = args.get("environment") or environment_of(self)
        environment = known_environment(place)
        names = HostParameters(f"/{pulumi.get_project()}/{pulumi.get_stack()}/hosted-auth/{name}")

        parameters = self._parameters(args, auth, registries, names)
        # By way of the parameters: whoever is told of them finds them.
        written = pulumi.Output.all(*(each.name for each in parameters))
        told = pulumi.Output.all(environment, written).apply(
            lambda known: configuration(auth, registries, known[0], names, gitlab_url=gitlab_url)
        )
        versions = pulumi.Output.all(*(each.version for each in parameters))
        logs = log_group(name, auth.logs, names.prefix, self)
        role = self._role(name, lambda_trust_policy(), auth)
        needed = pulumi.Output.all(
            environment,
            pulumi.Output.all(*(each.arn for each in parameters)),
            args.get("key_arn"),
            logs.arn,
        )
        role_policy = aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=needed.apply(
                lambda known: renewal_policy(
                    registries,
                    known[0],
                    token=auth.token,
                    parameter_arns=known[1],
                    key_arn=known[2],
                    log_group_arn=known[3],
                )
            ),
            opts=self._child,
        )
        function = aws.lambda_.Function(
            name,
            description=f"Renews registry credentials in GitLab: {names.prefix.strip('/')}"[:256],
            # By way of the policy, so that it may do its work when it first runs.
            role=pulumi.Output.all(role.arn, role_policy.id).apply(lambda known: str(known[0])),
            runtime="python3.13",
            handler="renewal.handler.handler",
            code=told.apply(_archive),
            timeout=_TIMEOUT_S,
            memory_size=256,
            logging_config={"log_format": "Text", "log_group": logs.name},
            opts=self._child,
        )
        made_by = pulumi.Output.all(told, versions).apply(lambda known: fingerprint(*known))
        for variable in auth.variables:
            self._invocation(variable, function.name, made_by)
        self._schedule(auth, function.arn, environment.apply(scheduler_trust_policy))
        if auth.alarm_topic:
            renewal_alarms(name, auth.alarm_topic, function.name, mark_of(names), auth.every, self)
        self.function_name = function.name
        self.role_arn = role.arn
        self.required_policies = pulumi.Output.all(role.arn, environment).apply(
            lambda known: required_policies({known[0]: registries}, known[1])
        )
        self.register_outputs(
            {
                "functionName": self.function_name,
                "requiredPolicies": self.required_policies,
                "roleArn": self.role_arn,
            }
        )

    def _parameters(
        self,
        args: HostedRunnerAuthArgs,
        auth: HostedAuth,
        registries: Sequence[object],
        names: HostParameters,
    ) -> list[aws.ssm.Parameter]:
        """What the declaration itself has, kept for the function to read."""
        secrets: dict[str, tuple[str, pulumi.Input[str]]] = {
            f"registry-{each.name}": (
                names.registry(each.name),
                registry_credentials(args["registries"][each.name]).apply(credentials_as_json),
            )
            for each in registries
            if isinstance(each, StaticRegistry) and each.declared
        }
        if auth.token is None:
            secrets["token"] = (names.token("gitlab"), args["auth"]["gitlab_token"]["value"])
        return [
            secret_parameter(f"{self._name}-{suffix}", path, value, args["key_arn"], self)
            for suffix, (path, value) in secrets.items()
        ]

    def _role(self, name: str, trust: pulumi.Input[str], auth: HostedAuth) -> aws.iam.Role:
        return aws.iam.Role(
            name,
            path=auth.role_path,
            assume_role_policy=trust,
            permissions_boundary=auth.permissions_boundary,
            opts=self._child,
        )

    def _invocation(
        self, variable: Variable, function_name: pulumi.Output[str], made_by: pulumi.Output[str]
    ) -> None:
        """Renew a variable now, and whenever it is made otherwise; remove it with this resource.

        The resource bears all that tells the variable from others: another one is not a change of it.
        """
        name = f"{self._name}-{str(variable.scope).replace(' ', '-')}-{variable.key}"
        if variable.environment_scope != "*":
            name += f"-{variable.environment_scope}"
        aws.lambda_.Invocation(
            name,
            function_name=function_name,
            lifecycle_scope="CRUD",
            input=made_by.apply(
                lambda known: json.dumps({"variable": variable_told(variable), "made_by": known})
            ),
            opts=self._child,
        )

    def _schedule(
        self, auth: HostedAuth, function_arn: pulumi.Output[str], trust: pulumi.Output[str]
    ) -> None:
        """Run the function every few hours.

        EventBridge Scheduler rather than a rule: it tries again for long, and takes a role on, so nothing but
        that role can run the function.
        """
        name = f"{self._name}-schedule"
        role = self._role(name, trust, auth)
        policy = aws.iam.RolePolicy(
            name, role=role.name, policy=function_arn.apply(schedule_policy), opts=self._child
        )
        aws.scheduler.Schedule(
            self._name,
            description=f"Renews registry credentials in GitLab every {auth.every} hours",
            schedule_expression=f"rate({auth.every} hour{'s' if auth.every > 1 else ''})",
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": function_arn,
                # By way of the policy, so that it may run the function from the first time on.
                "role_arn": pulumi.Output.all(role.arn, policy.id).apply(lambda known: str(known[0])),
                "input": "{}",
                "retry_policy": {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 10},
            },
            opts=self._child,
        )


def _archive(told: str) -> pulumi.Archive:
    """The function's code, with what it is told."""
    texts = {**code(), "renewal/configuration.json": told}
    return pulumi.AssetArchive({path: pulumi.StringAsset(text) for path, text in texts.items()})
