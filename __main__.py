"""The stack that `stacks/` declares."""

import gc

import pulumi
from pulumi_gitlab_runner import RunnerStack, declaration_from_config

gc.disable()  # it takes a third of the time, and finds next to nothing: docs/programs.md, Large stacks

stack = RunnerStack("ci", declaration_from_config())
pulumi.export("builds", stack.builds)
pulumi.export("docker_policies", stack.docker_policies)
pulumi.export("job_roles", stack.job_roles)
pulumi.export("machine_images", stack.machine_images)
pulumi.export("mirrors", stack.mirrors)
pulumi.export("nat_addresses", stack.nat_addresses)
pulumi.export("registries", stack.registries)
pulumi.export("required_policies", stack.required_policies)
pulumi.export("runners", stack.runners)
pulumi.export("variables", stack.variables)
