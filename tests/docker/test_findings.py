"""Every finding of `runner-doctor`: a real fault has its effect and is reported.

The effect is shown on a real Docker Engine and real registries; an effect on a pull, with the credentials
that the runner finds.
"""

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from docker.errors import APIError
from pulumi_gitlab_runner.auth.resolution.config_file import ConfigFile
from pulumi_gitlab_runner.auth.resolution.runner import resolve_as_runner
from pulumi_gitlab_runner.auth.resolution.trace import Resolution
from pulumi_gitlab_runner.doctor.credential_helpers import no_helper
from pulumi_gitlab_runner.doctor.finding import FindingName as Name
from pulumi_gitlab_runner.host.credentials.files import DIRECTORY

from sandbox.docker.engine import authorization
from sandbox.docker.registry import Credentials, Registry
from sandbox.docker.sandbox import ECR_LOGIN, private
from tests.docker import damages
from tests.docker.bearer_registry import DOCKER_HUB, REFUSING
from tests.docker.damages import RUNNER_CONFIG, Damage, nothing, together
from tests.docker.doctor import DROP_IN, Doctor, encoded
from tests.docker.images import PullError, forget_images, pull
from tests.docker.runner_host import (
    CONFIG,
    ECR_IMAGE,
    HELPER,
    LEGACY,
    LIST,
    OTHER_ACCOUNT_IMAGE,
    PARAMETER_IMAGE,
    PARTNER,
    RUNNER_VERSION,
    SECRET_IMAGE,
    SHARED,
    TEAM,
    RunnerHost,
)

pytestmark = pytest.mark.docker

NOT_AUTHENTICATED = "no basic auth credentials"
WRONG = "unauthorized|authentication required"
LOG = "journalctl -u gitlab-runner-credentials"
VARIABLE = "$DOCKER_AUTH_CONFIG"
VARIABLES = "/root/variables.json"
PIPELINE = "/root/pipeline/.gitlab-ci.yml"
UNREAD_HOME = "/home/gitlab-runner/.docker/config.json"
TAG = (
    "/var/lib/docker-registry/registry.example.com/images/docker/registry/v2/repositories/"
    "tools/linter/_manifests/tags/1/current/link"
)


@dataclass(frozen=True)
class Pull:
    """The pull of an image by the runner.

    Attributes:
        image: the image's name.
        variable: the job's DOCKER_AUTH_CONFIG.
        hosted: whether the runner is a hosted one, which has no other credentials.
        version: the version of the runner.
    """

    image: str
    variable: str = ""
    hosted: bool = False
    version: str = RUNNER_VERSION

    def resolve(self, host: RunnerHost) -> Resolution:
        """Find the credentials."""
        config = host.docker.machine.path(CONFIG)
        home = [ConfigFile(CONFIG, config.read_text())] if config.is_file() and not self.hosted else []
        return resolve_as_runner(
            self.image,
            runner_version=self.version,
            run_helper=no_helper if self.hosted else host.run_helper,
            docker_auth_config=self.variable,
            home=home,
        )

    def succeeds(self, host: RunnerHost) -> None:
        """Pull the image."""
        found = self.resolve(host).credentials
        credentials = Credentials(found.username, found.password.get_secret_value()) if found else None
        pull(host.docker.engine, self.image, credentials)

    def fails(self, error: str) -> Callable[[RunnerHost], None]:
        """Return a check that the pull fails with this error of the engine."""

        def proof(host: RunnerHost) -> None:
            with pytest.raises(PullError, match=error):
                self.succeeds(host)

        return proof


def command(*words: str, status: int) -> Callable[[RunnerHost], None]:
    """Return a check that a command on the host ends with this status."""

    def proof(host: RunnerHost) -> None:
        done = host.docker.machine.run(*words)
        assert done.returncode == status, done.stderr

    return proof


def self_evident(host: RunnerHost) -> None:
    """The fault is its own effect, or only a runner can show the effect."""


@dataclass(frozen=True)
class Case:
    """A fault, and what the doctor reports.

    Attributes:
        name: the finding.
        arguments: the doctor's command.
        where: the place that it reports.
        fix: part of the fix that it reports.
        damage: causes the fault.
        effect: shows the effect of the fault.
        also: other findings that follow from the fault.
        found: part of what it found, if needed to distinguish cases of one finding.
    """

    name: Name
    arguments: tuple[str, ...]
    where: str
    fix: str
    damage: Damage = nothing
    effect: Callable[[RunnerHost], None] = self_evident
    also: frozenset[Name] = frozenset()
    found: str = ""


def credentials_of(registry: Registry) -> Credentials:
    assert registry.credentials
    return registry.credentials


def auths(key: str, credentials: Credentials, end: str = "") -> dict[str, Any]:
    """A Docker configuration with one user and password."""
    return {"auths": {key: {"auth": encoded(credentials, end)}}}


def hosted(
    name: Name,
    value: str,
    fix: str,
    *,
    image: str = PARAMETER_IMAGE.name,
    where: str = VARIABLE,
    error: str = NOT_AUTHENTICATED,
    also: Name = Name.NO_CREDENTIALS,
) -> Case:
    """A DOCKER_AUTH_CONFIG of a hosted runner, which has no other credentials."""
    arguments = ("image", image, "--hosted", "--docker-auth-config", value)
    return Case(
        name,
        arguments,
        where,
        fix,
        effect=Pull(image, value, hosted=True).fails(error),
        also=frozenset({also}),
    )


def home(
    name: Name,
    damage: Damage,
    fix: str,
    *,
    image: str = SECRET_IMAGE.name,
    where: str = CONFIG,
    also: frozenset[Name] = frozenset({Name.NO_CREDENTIALS}),
    error: str = NOT_AUTHENTICATED,
    found: str = "",
) -> Case:
    """A Docker configuration in the home of the runner's process with which an image cannot be pulled."""
    return Case(name, ("image", image), where, fix, damage, Pull(image).fails(error), also, found)


def answer(
    name: Name,
    image: str,
    fix: str,
    error: str,
    damage: Damage = nothing,
    also: frozenset[Name] = frozenset(),
) -> Case:
    """A registry that does not serve an image."""
    return Case(name, ("image", image), image, fix, damage, Pull(image).fails(error), also)


def token(name: Name, repository: str, fix: str, error: str) -> Case:
    """A registry whose token server refuses."""
    image = f"{REFUSING.registry.host}/{repository}:1"
    value = json.dumps(auths(REFUSING.registry.host, credentials_of(LEGACY)))
    arguments = ("image", image, "--docker-auth-config", value)
    return Case(name, arguments, image, fix, effect=Pull(image, value).fails(error))


def pipeline(text: str) -> Damage:
    return damages.file(PIPELINE, text)


def helper_of(registry: Registry, name: str) -> Damage:
    return damages.docker_configuration(lambda content: content.update(credHelpers={registry.host: name}))


@damages.contextmanager
def moved_tag(host: RunnerHost) -> Any:
    """A tag that was pushed again since the pipeline was pinned."""
    engine, image = host.docker.engine, MOVING
    engine.publish_tiny(image.name, LEGACY.credentials)
    inspected = engine.api.inspect_distribution(image.name, authorization(LEGACY.credentials))
    pinned = f"{image.name}@{inspected['Descriptor']['digest']}"
    engine.publish_tiny(image.name, LEGACY.credentials)
    with pipeline(f"# one line\njob: {{image: {pinned}}}\n")(host):
        yield


def another_project_uses_the_image(host: RunnerHost) -> None:
    """A job needs no credentials once the image is on the host."""
    image, engine = SECRET_IMAGE.name, host.docker.engine
    with pytest.raises(PullError, match=NOT_AUTHENTICATED):
        pull(engine, image, None)
    Pull(image).succeeds(host)
    job = host.docker.machine.run("docker", "run", "--rm", "--pull=never", "--network=none", image)
    forget_images(engine)
    assert job.stdout.startswith("tini version"), job.stderr


def no_network_for_a_job(host: RunnerHost) -> None:
    with pytest.raises(APIError, match="could not find an available, non-overlapping IPv4 address pool"):
        host.docker.engine.api.create_network("job-of-the-doctor", driver="bridge")


def the_runner_refuses_the_helpers_name(host: RunnerHost) -> None:
    assert "path traversal" in (Pull(SECRET_IMAGE.name).resolve(host).failure or "")


def docker_pull_waits(host: RunnerHost) -> None:
    """Neither the runner nor Docker's own client limits the time of a helper."""
    done = host.docker.machine.run("timeout", "2", "docker", "pull", OTHER_ACCOUNT_IMAGE.name)
    assert done.returncode == 124, done.stderr


def as_nobody(*words: str) -> tuple[str, ...]:
    return "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *words


@damages.contextmanager
def failing_since_its_last_answer(host: RunnerHost) -> Any:
    """ECR's helper is missing when its credential is due for renewal."""

    def age(state: dict[str, Any]) -> None:
        registry = state["registries"][TEAM.host]
        registry["answered"] -= 2 * 60 * 60
        registry["ends"] -= 2 * 60 * 60

    state = host.docker.machine.path(STATE)
    content = json.loads(state.read_text())
    age(content)
    state.write_text(json.dumps(content))
    with damages.without(ECR_LOGIN)(host):
        host.fetch_credentials()
        yield
    host.fetch_credentials(reset=True)


MOVING = private(LEGACY, "tools/moving:1")
OLD_TOKEN = base64.b64encode(
    json.dumps({"payload": "any", "type": "DATA_KEY", "expiration": 1767225600}).encode()
).decode()
ENCODED = json.dumps(auths(LEGACY.host, credentials_of(LEGACY)))
WRONG_PASSWORD = json.dumps(auths(LEGACY.host, Credentials("my_username", "of-last-year")))
STATE, CONFIG_IN_MEMORY = f"{DIRECTORY}/state.json", f"{DIRECTORY}/config.json"
TWICE = {
    "auths": {LEGACY.host: {"auth": base64.b64encode(encoded(credentials_of(LEGACY)).encode()).decode()}}
}
BOTH = json.dumps(
    {"auths": {each.host: {"auth": encoded(credentials_of(each))} for each in (LEGACY, PARTNER)}}
)
NO_PORT = f"{LEGACY.name}/tools/linter:1"
OTHER_FOLDER = json.dumps(auths(f"{LEGACY.host}/other", credentials_of(LEGACY)))
SCHEME = json.dumps(auths(f"https://{LEGACY.host}/other", credentials_of(LEGACY)))

CASES = {
    # DOCKER_AUTH_CONFIG
    "a variable that is not JSON": hosted(Name.DOCKER_CONFIG, "my_username:password", '{"auths": '),
    "a variable encoded as JSON again": hosted(Name.ENCODED_TWICE, json.dumps(ENCODED), "plain JSON"),
    "a variable encoded in Base64": hosted(
        Name.ENCODED_TWICE, base64.b64encode(ENCODED.encode()).decode(), "plain JSON"
    ),
    "an auth encoded twice": hosted(Name.ENCODED_TWICE, json.dumps(TWICE), "encoded once"),
    "a newline at the end of the password": hosted(
        Name.WHITE_SPACE,
        json.dumps(auths(LEGACY.host, credentials_of(LEGACY), "\n")),
        "without a newline",
        where=f"{VARIABLE}, {LEGACY.host}",
        error=WRONG,
        also=Name.CREDENTIALS_REFUSED,
    ),
    "a registry with /v2/": hosted(
        Name.REGISTRY_KEY,
        json.dumps(auths(f"{LEGACY.host}/v2/", credentials_of(LEGACY))),
        f"write {LEGACY.host}",
        where=f"{VARIABLE}, {LEGACY.host}/v2/",
    ),
    "a registry with a scheme and a path, which is lost": Case(
        Name.REGISTRY_KEY,
        ("image", PARAMETER_IMAGE.name, "--hosted", "--docker-auth-config", SCHEME),
        f"{VARIABLE}, https://{LEGACY.host}/other",
        f"write the registry as in image references: {LEGACY.host}",
        effect=Pull(PARAMETER_IMAGE.name, SCHEME, hosted=True).succeeds,
    ),
    "a registry with a path, before the runner knew paths": Case(
        Name.REGISTRY_KEY,
        (
            "image",
            PARAMETER_IMAGE.name,
            "--hosted",
            "--runner-version=17.4",
            "--docker-auth-config",
            OTHER_FOLDER,
        ),
        f"{VARIABLE}, {LEGACY.host}/other",
        "use runner 17.5 or later",
        effect=Pull(PARAMETER_IMAGE.name, OTHER_FOLDER, hosted=True, version="17.4").succeeds,
    ),
    "a port is missing": Case(
        Name.PORT,
        ("image", NO_PORT, "--hosted", "--docker-auth-config", ENCODED),
        f"{VARIABLE}, {LEGACY.host}",
        f"write {LEGACY.host} in the image's name",
        effect=Pull(NO_PORT, ENCODED, hosted=True).fails("connection refused"),
        also=frozenset({Name.REGISTRY_UNREACHABLE}),
    ),
    "a helper on a hosted runner": hosted(
        Name.HOSTED_HELPER,
        json.dumps({**json.loads(ENCODED), "credHelpers": {TEAM.host: "ecr-login"}}),
        "a self-managed runner",
    ),
    "a job's variable that hides the runner's own": Case(
        Name.VARIABLE_HIDDEN,
        ("image", SECRET_IMAGE.name, "--docker-auth-config", ENCODED),
        VARIABLE,
        "remove the variable from `environment`",
        together(
            damages.without(CONFIG),
            damages.runner_configuration(
                lambda runner: runner.update(environment=[f"DOCKER_AUTH_CONFIG={BOTH}"])
            ),
        ),
        Pull(SECRET_IMAGE.name, ENCODED).fails(NOT_AUTHENTICATED),
        frozenset({Name.NO_CREDENTIALS}),
    ),
    "a protected variable on a branch that is not": Case(
        Name.VARIABLE_PROTECTED,
        ("image", PARAMETER_IMAGE.name, "--hosted", "--variables", VARIABLES),
        VARIABLE,
        "protect the branch",
        damages.file(
            VARIABLES, json.dumps([{"key": "DOCKER_AUTH_CONFIG", "value": ENCODED, "protected": True}])
        ),
        Pull(PARAMETER_IMAGE.name, "", hosted=True).fails(NOT_AUTHENTICATED),
        frozenset({Name.NO_CREDENTIALS}),
    ),
    # The Docker configuration of the runner's process
    "a Docker configuration that is not JSON": home(
        Name.DOCKER_CONFIG, damages.file(CONFIG, '{"credHelpers": '), '{"auths": '
    ),
    "a Docker configuration that is a directory": home(
        Name.DOCKER_CONFIG_UNREADABLE, damages.directory(CONFIG), "run the doctor as root"
    ),
    "credentials in a home that no process reads": home(
        Name.HOME,
        together(damages.file(UNREAD_HOME, ENCODED), damages.without(CONFIG)),
        f"move it to {CONFIG}",
        image=PARAMETER_IMAGE.name,
        where=UNREAD_HOME,
    ),
    "a credentials store": home(
        Name.CREDENTIALS_STORE,
        damages.docker_configuration(lambda content: content.update(credsStore="desktop")),
        "remove credsStore",
        also=frozenset({Name.HELPER_MISSING, Name.NO_CREDENTIALS}),
    ),
    "an ECR password that has ended": home(
        Name.ECR_TOKEN,
        damages.file(CONFIG, json.dumps(auths(TEAM.host, Credentials("AWS", OLD_TOKEN)))),
        "declare the registry as `ecr: {}`",
        image=ECR_IMAGE.name,
        where=f"{CONFIG}, {TEAM.host}",
        also=frozenset({Name.CREDENTIALS_REFUSED}),
        error=WRONG,
    ),
    # Credential helpers
    "a helper that is missing takes another registry's credentials away": home(
        Name.HELPER_MISSING, helper_of(SHARED, "nowhere"), "install docker-credential-nowhere"
    ),
    "a helper off the PATH": home(
        Name.HELPER_OFF_PATH, helper_of(SHARED, "ecr-login"), "declare the registry in the stack"
    ),
    "a helper with a path": Case(
        Name.HELPER_NAME,
        ("image", SECRET_IMAGE.name),
        CONFIG,
        "without its path",
        helper_of(SHARED, ECR_LOGIN),
        the_runner_refuses_the_helpers_name,
    ),
    "a helper that fails": home(
        Name.HELPER_FAILS,
        together(helper_of(SHARED, "broken"), damages.helper("broken", "echo AccessDeniedException; exit 3")),
        "docker-credential-broken get",
        found="exit status 3",
    ),
    "a helper that answers rubbish": home(
        Name.HELPER_FAILS,
        together(
            helper_of(SHARED, "broken"), damages.helper("broken", "echo '<html>502 Bad Gateway</html>'")
        ),
        "docker-credential-broken get",
        found="the answer is not JSON",
    ),
    "a helper that hangs": Case(
        Name.HELPER_HANGS,
        ("image", SECRET_IMAGE.name),
        CONFIG,
        "docker-credential-broken get",
        together(
            helper_of(SHARED, "broken"),
            damages.helper("broken", "exec /bin/sleep 60"),
            damages.file("/usr/local/bin/docker-credential-broken", "#!/bin/sh\nexec sleep 60\n", 0o755),
        ),
        docker_pull_waits,
        frozenset({Name.NO_CREDENTIALS}),
    ),
    "a password that is not in its store": home(
        Name.CREDENTIAL_MISSING,
        damages.source(LEGACY, "parameter eu-west-1 /no/such/parameter"),
        LOG,
        image=PARAMETER_IMAGE.name,
        where=f"{LIST}, {LEGACY.host}",
        found="parameter eu-west-1 /no/such/parameter: there is no such parameter",
    ),
    "a source that hangs": home(
        Name.CREDENTIAL_MISSING,
        together(
            damages.file("/opt/docker-credential-broken", "#!/bin/sh\nexec /bin/sleep 60\n", 0o755),
            damages.source(LEGACY, "helper /opt/docker-credential-broken"),
        ),
        LOG,
        image=PARAMETER_IMAGE.name,
        where=f"{LIST}, {LEGACY.host}",
        found="no answer yet",
    ),
    "the real helper is not installed": home(
        Name.CREDENTIAL_MISSING,
        damages.while_fetching(damages.without(ECR_LOGIN)),
        LOG,
        image=ECR_IMAGE.name,
        where=f"{LIST}, {TEAM.host}",
        found="is it installed?",
    ),
    "a helper of somebody else's that knows nothing": home(
        Name.HELPER_SILENT,
        together(
            helper_of(PARTNER, "silent"),
            damages.helper("silent", "echo credentials not found in native keychain; exit 1"),
        ),
        "docker-credential-silent get",
        where=f"{CONFIG}, {PARTNER.host}",
    ),
    "a service that does not run": Case(
        Name.CREDENTIAL_SERVICE,
        ("host",),
        "gitlab-runner-credentials",
        "systemctl status gitlab-runner-credentials",
        together(damages.without(STATE), damages.without(CONFIG_IN_MEMORY)),
        Pull(SECRET_IMAGE.name).fails(NOT_AUTHENTICATED),
    ),
    "a source that has failed since its last answer": Case(
        Name.CREDENTIAL_RENEWAL,
        ("host",),
        f"{LIST}, {TEAM.host}",
        LOG,
        failing_since_its_last_answer,
        Pull(ECR_IMAGE.name).succeeds,
    ),
    "a job's own credentials for a registry of the runner": Case(
        Name.REGISTRY_SHADOWED,
        ("image", PARAMETER_IMAGE.name, "--offline", "--docker-auth-config", WRONG_PASSWORD),
        f"{VARIABLE}, {LEGACY.host}",
        f"remove {LEGACY.host} from the variable",
        effect=Pull(PARAMETER_IMAGE.name, WRONG_PASSWORD).fails(WRONG),
    ),
    # What registries answer
    "no credentials at all": answer(
        Name.NO_CREDENTIALS,
        PARAMETER_IMAGE.name,
        "declare the registry",
        NOT_AUTHENTICATED,
        damages.without(CONFIG),
    ),
    "a wrong password": answer(
        Name.CREDENTIALS_REFUSED,
        OTHER_ACCOUNT_IMAGE.name,
        "update the user or password",
        WRONG,
        together(
            damages.file(
                "/opt/docker-credential-wrong",
                """#!/bin/sh\necho '{"ServerURL": "", "Username": "AWS", "Secret": "wrong"}'\n""",
                0o755,
            ),
            damages.source(SHARED, "helper /opt/docker-credential-wrong"),
        ),
    ),
    "a tag that is not there": answer(
        Name.IMAGE_MISSING, f"{LEGACY.host}/tools/linter:gone", "fix the name or the tag", "manifest unknown"
    ),
    "a repository that is not there": answer(
        Name.IMAGE_MISSING,
        f"{LEGACY.host}/tools/gone:1",
        "fix the name or the tag",
        "not found|name unknown",
    ),
    "access that is forbidden": token(
        Name.ACCESS_FORBIDDEN, "team/forbidden", "let this user pull", "denied: access forbidden"
    ),
    "too many requests": token(
        Name.TOO_MANY_REQUESTS, "team/throttled", "pull-through cache", "toomanyrequests"
    ),
    "a certificate of an unknown authority": answer(
        Name.CERTIFICATE,
        PARAMETER_IMAGE.name,
        f"/etc/docker/certs.d/{LEGACY.host}/ca.crt",
        "certificate signed by unknown authority",
        damages.another_authority(LEGACY),
    ),
    "a registry that is down": answer(
        Name.REGISTRY_UNREACHABLE,
        SECRET_IMAGE.name,
        "check its name, port, firewall and proxy",
        "connection refused",
        damages.down(PARTNER),
    ),
    "a registry that fails": answer(
        Name.REGISTRY_FAILS,
        PARAMETER_IMAGE.name,
        "try again later",
        "500 Internal Server Error",
        damages.file(TAG, "rubbish"),
    ),
    "a web server that is no registry": answer(
        Name.NO_REGISTRY, f"{DOCKER_HUB.tokens.host}/team/app:1", "fix the image's host and port", "404"
    ),
    # The image and its pull
    "a name that is none": Case(
        Name.IMAGE_NAME,
        ("image", "Team/App"),
        "Team/App",
        "write ",
        effect=command("docker", "pull", "Team/App", status=1),
    ),
    "a private image that other projects may use": Case(
        Name.PULL_POLICY,
        ("image", SECRET_IMAGE.name),
        f"{RUNNER_CONFIG}, runners.docker.allowed_pull_policies",
        'allow only "always"',
        damages.runner_configuration(
            lambda runner: runner["docker"].update(allowed_pull_policies=["always", "if-not-present"])
        ),
        another_project_uses_the_image,
    ),
    "a pull policy that the runner refuses": Case(
        Name.PULL_POLICY_REFUSED,
        ("job", PIPELINE),
        SECRET_IMAGE.name,
        "remove pull_policy from the job",
        pipeline(f"job: {{script: [x], image: {{name: {SECRET_IMAGE.name}, pull_policy: never}}}}\n"),
    ),
    "a name with an undefined variable": Case(
        Name.VARIABLE_UNKNOWN,
        ("job", PIPELINE),
        "image of job",
        "--variable CI_REGISTRY_IMAGE=",
        pipeline("job: {script: [x], image: '$CI_REGISTRY_IMAGE/app:1'}\n"),
    ),
    "an image that is not pinned": Case(
        Name.NOT_PINNED,
        ("pin", PIPELINE, "--check"),
        f"{PIPELINE}, line 1",
        f"runner-doctor pin {PIPELINE}",
        pipeline(f"job: {{image: {SECRET_IMAGE.name}}}\n"),
    ),
    "a tag that has moved": Case(
        Name.TAG_MOVED,
        ("pin", PIPELINE, "--check"),
        f"{PIPELINE}, line 2",
        f"runner-doctor pin {PIPELINE}",
        moved_tag,
    ),
    "an image that cannot be pinned": Case(
        Name.CANNOT_BE_PINNED,
        ("pin", PIPELINE, "--check"),
        f"{PIPELINE}, line 1",
        "then pin again",
        pipeline(f"job: {{image: {LEGACY.host}/tools/gone:1}}\n"),
    ),
    # The host
    "no addresses left for job networks": Case(
        Name.ADDRESS_POOLS,
        ("host",),
        "/etc/docker/daemon.json",
        "docker network prune",
        damages.no_addresses_left,
        no_network_for_a_job,
    ),
    "a Docker Engine out of reach": Case(
        Name.DOCKER_UNREACHABLE,
        ("host",),
        "/var/run/docker.sock",
        "systemctl status docker",
        damages.no_docker,
        command("docker", "version", status=1),
    ),
    "a key that this runner does not know yet": Case(
        Name.CONFIG,
        ("host",),
        f"{RUNNER_CONFIG}, runners[0].docker.pid_mode",
        "19.1",
        together(
            damages.file("/usr/bin/gitlab-runner", "#!/bin/sh\necho 'Version:      18.11.0'\n", 0o755),
            damages.runner_configuration(lambda runner: runner["docker"].update(pid_mode="host")),
        ),
    ),
    "no config.toml": Case(
        Name.CONFIG_UNREADABLE,
        ("host",),
        RUNNER_CONFIG,
        "register the runner",
        damages.without(RUNNER_CONFIG),
    ),
    "a secret that everybody can read": Case(
        Name.FILE_MODE,
        ("host",),
        RUNNER_CONFIG,
        f"chmod 0600 {RUNNER_CONFIG}",
        damages.mode(RUNNER_CONFIG, 0o644),
        command(*as_nobody("cat", RUNNER_CONFIG), status=0),
    ),
    "a helper that everybody can change": Case(
        Name.FILE_MODE,
        ("host",),
        HELPER,
        f"chmod 0755 {HELPER}",
        damages.file(HELPER, "#!/bin/sh\n", 0o777),
        command(*as_nobody("test", "-w", HELPER), status=0),
    ),
    "a host that AWS does not know": Case(
        Name.AWS_IDENTITY,
        ("host",),
        LIST,
        "attach the runner's instance profile",
        damages.file(DROP_IN, "[Service]\nEnvironment=AWS_EC2_METADATA_DISABLED=true\n"),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_fault_is_found(doctor: Doctor, case: Case) -> None:
    with case.damage(doctor.host):
        with ThreadPoolExecutor() as both:  # a hanging helper is waited for once
            for_people = both.submit(doctor.run, *case.arguments)
            for_programs = both.submit(doctor.json, *case.arguments)
        (status, printed), report = for_people.result(), for_programs.result()
        case.effect(doctor.host)

    assert status == 1
    assert {each["name"] for each in report["findings"]} == {case.name, *case.also}
    assert all(all(each.values()) for each in report["findings"])
    (found,) = (
        each for each in report["findings"] if each["name"] == case.name and each["where"] == case.where
    )
    assert case.fix in found["fix"]
    assert case.found in found["what"]
    shown = "".join(printed.split())
    assert [text for text in found.values() if "".join(text.split()) not in shown] == []
    assert max(map(len, printed.splitlines())) <= 80


def test_every_finding_of_a_pull_has_a_case() -> None:
    # Findings on runners in GitLab have their cases in tests/doctor/test_online.py.
    of_gitlab = {Name.RUNNER_NEVER_CONTACTED, Name.RUNNER_OFFLINE, Name.RUNNER_UNKNOWN}
    # Findings on the content of a file have their cases in tests/doctor: test_allowed_images.py,
    # test_fixes.py, test_pin.py, test_platforms.py, test_services.py, test_shorthand.py.
    of_files = {
        Name.CREDENTIALS_EMPTY,
        Name.CREDENTIALS_SHADOWED,
        Name.DOCKER_CONFIG_UNREAD,
        Name.IMAGE_REFUSED,
        Name.NOT_READ,
        Name.PLATFORM,
        Name.SERVICE_PRIVILEGED,
        Name.SERVICE_UNPRIVILEGED,
        Name.SHORTHAND,
    }
    # Findings on a stack have their tests in tests/doctor: test_job_tags.py, test_leftovers.py,
    # test_repositories.py.
    of_stacks = {Name.JOB_STUCK, Name.LEFTOVER, Name.REPOSITORY_NOT_DECLARED}
    assert {case.name for case in CASES.values()} == set(Name) - of_gitlab - of_files - of_stacks
