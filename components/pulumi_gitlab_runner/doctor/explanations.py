"""Explains each kind of finding and its fix: for `--explain`, reports, and docs/findings.md."""

from dataclasses import dataclass

from pulumi_gitlab_runner.doctor.finding import FindingName as Name

GITLAB = "https://docs.gitlab.com"
PRIVATE_IMAGES = f"{GITLAB}/ci/docker/using_docker_images/#access-an-image-from-a-private-container-registry"
RUNNER_CONFIG = f"{GITLAB}/runner/configuration/advanced-configuration/"
DOCKER_EXECUTOR = f"{GITLAB}/runner/executors/docker/"
CI_YAML = f"{GITLAB}/ci/yaml/"
CREDENTIAL_HELPERS = "https://docs.docker.com/reference/cli/docker/login/#credential-helpers"
REGISTRY_API = "https://distribution.github.io/distribution/spec/api/"


@dataclass(frozen=True)
class Explanation:
    """A kind of finding.

    Attributes:
        what: what it is, in a sentence.
        fix: how it is fixed.
        page: the documentation of what it is about.
    """

    what: str
    fix: str
    page: str


EXPLANATIONS: dict[Name, Explanation] = {
    Name.ACCESS_FORBIDDEN: Explanation(
        "The registry knows the user, and the user may not pull from this repository.",
        "Give the user or the runner manager's role the right to pull from the repository. For ECR, "
        "declare the "
        "repository under the registry, and for another account's registry let its policy allow this "
        "account.",
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html",
    ),
    Name.ADDRESS_POOLS: Explanation(
        "The Docker Engine has room for fewer networks than jobs may run at a time, and every job has one.",
        "Widen `default-address-pools` in /etc/docker/daemon.json, or remove networks that old jobs left "
        "behind.",
        "https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file",
    ),
    Name.AWS_IDENTITY: Explanation(
        "The runner's process has no AWS credentials, so it gets no password for ECR.",
        "Attach the instance profile to the instance, and let the process reach the instance metadata "
        "service.",
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html",
    ),
    Name.CANNOT_BE_PINNED: Explanation(
        "One digest is not right for this image: its name is not known here, jobs make different images "
        "of it, it is written where it cannot be changed, or the registry does not say the digest.",
        "Write the name out with its digest, one for each of the jobs; give the values of variables with "
        "--variable; write a block scalar as a quoted text; let this machine reach the registry.",
        f"{CI_YAML}#image",
    ),
    Name.CERTIFICATE: Explanation(
        "The registry's certificate is signed by an authority that this machine does not trust.",
        "Declare the authority under `certificate_authorities` of the stack, which brings it to its hosts. "
        "On another machine that pulls, put its certificate into /etc/docker/certs.d/HOST:PORT/ca.crt.",
        "https://docs.docker.com/engine/security/certificates/",
    ),
    Name.CONFIG: Explanation(
        "config.toml has a key or a value that this version of the runner ignores, or does not start with.",
        "Follow the finding: it names the key, what was found, and what is allowed.",
        RUNNER_CONFIG,
    ),
    Name.CONFIG_UNREADABLE: Explanation(
        "config.toml cannot be read, so nothing can be said about the runner.",
        "Run the doctor as root on the runner's host, or name the host's files with --root.",
        RUNNER_CONFIG,
    ),
    Name.CREDENTIALS_REFUSED: Explanation(
        "The registry refuses the user and the password that the runner sends.",
        "Renew the user or the password where the finding says that they come from.",
        PRIVATE_IMAGES,
    ),
    Name.CREDENTIAL_MISSING: Explanation(
        "The host has no credential for a declared registry, since its source does not answer. Images of "
        "this registry are pulled without any; all others are untouched.",
        "Fix what the finding names: the helper, the parameter or the secret. The host asks again by itself.",
        PRIVATE_IMAGES,
    ),
    Name.CREDENTIAL_RENEWAL: Explanation(
        "The source of a registry's credential fails. The last answer is used until it expires.",
        "Fix what the finding names before then. The host asks again by itself.",
        PRIVATE_IMAGES,
    ),
    Name.CREDENTIAL_SERVICE: Explanation(
        "The service that fetches the credentials of the host's registries has not written any.",
        "See why it does not run: systemctl status gitlab-runner-credentials.",
        PRIVATE_IMAGES,
    ),
    Name.CREDENTIALS_STORE: Explanation(
        "`credsStore` sends every pull through one helper, those of public images too; if the helper "
        "fails, all "
        "of the configuration is dropped.",
        "Name a helper for each private registry under `credHelpers`, and take `credsStore` out.",
        CREDENTIAL_HELPERS,
    ),
    Name.CREDENTIALS_EMPTY: Explanation(
        "The entry that the runner uses for this image has neither a user and password nor a token, and the "
        "runner tries no other.",
        "Put credentials into the entry, or take it out, so that the next source counts.",
        PRIVATE_IMAGES,
    ),
    Name.CREDENTIALS_SHADOWED: Explanation(
        "Other credentials for this image are there and are not used, since an entry that comes first is "
        "empty or is refused.",
        "Take the entry that comes first out of its source, or correct it.",
        PRIVATE_IMAGES,
    ),
    Name.DOCKER_CONFIG_UNREAD: Explanation(
        "The Docker configuration has keys or sources that this version of the runner does not read.",
        "Take them out, or write them as its version reads them.",
        PRIVATE_IMAGES,
    ),
    Name.DOCKER_CONFIG: Explanation(
        "A Docker configuration is not what the runner can decode, so none of its credentials are used.",
        "Correct the JSON as the finding says. The runner does not report this in every job log.",
        PRIVATE_IMAGES,
    ),
    Name.DOCKER_CONFIG_UNREADABLE: Explanation(
        "A Docker configuration of the host cannot be read by the user who runs the doctor.",
        "Run the doctor as root.",
        PRIVATE_IMAGES,
    ),
    Name.DOCKER_UNREACHABLE: Explanation(
        "The Docker Engine does not answer on its socket, so no job can start.",
        "See `systemctl status docker`, and let the runner's user open the socket.",
        DOCKER_EXECUTOR,
    ),
    Name.ECR_TOKEN: Explanation(
        "A password of ECR is kept as if it were fixed. ECR refuses it after twelve hours.",
        "Use ECR's credential helper: declare the registry as `ecr: {}`.",
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html",
    ),
    Name.ENCODED_TWICE: Explanation(
        "DOCKER_AUTH_CONFIG is Base64 in Base64, which the runner does not decode.",
        "Give it as plain JSON; only the value of `auth` is Base64.",
        PRIVATE_IMAGES,
    ),
    Name.FILE_MODE: Explanation(
        "Others than its owner can read a secret, or change a program that root runs.",
        "Set the mode that the finding names.",
        RUNNER_CONFIG,
    ),
    Name.HELPER_FAILS: Explanation(
        "A credential helper ends with an error. The runner then drops all of the source that names it.",
        "Run the helper as the runner does, and correct what it says: echo HOST | docker-credential-NAME get",
        CREDENTIAL_HELPERS,
    ),
    Name.HELPER_HANGS: Explanation(
        "A credential helper gives no answer. The runner waits for it until the job's timeout.",
        "See what it waits for, often the network or the instance metadata service.",
        CREDENTIAL_HELPERS,
    ),
    Name.HELPER_MISSING: Explanation(
        "A Docker configuration names a credential helper that is not on the PATH of the runner's process.",
        "Install the helper there, or take it out of the configuration.",
        CREDENTIAL_HELPERS,
    ),
    Name.HELPER_NAME: Explanation(
        "The name of a credential helper has a path in it, and every pull fails for it.",
        'Write it without its path and prefix: "ecr-login" for docker-credential-ecr-login.',
        CREDENTIAL_HELPERS,
    ),
    Name.HELPER_OFF_PATH: Explanation(
        "The credential helper is installed in a directory that is not on the PATH of the runner's process.",
        "Let docker-credential-runner of this library call it.",
        CREDENTIAL_HELPERS,
    ),
    Name.HELPER_SILENT: Explanation(
        "The credential helper has no credentials for the registry, so the image is pulled without any.",
        "Give the helper credentials for the registry, or declare the registry.",
        CREDENTIAL_HELPERS,
    ),
    Name.HOME: Explanation(
        "The Docker configuration is in a home directory that the runner's process does not use.",
        "Move it to the home of the process: /root under the packaged unit.",
        PRIVATE_IMAGES,
    ),
    Name.HOSTED_HELPER: Explanation(
        "A variable names a credential helper, and a hosted runner has no such program.",
        "Use a fixed user and password in `auths`, or a runner of your own.",
        PRIVATE_IMAGES,
    ),
    Name.IMAGE_MISSING: Explanation(
        "The registry has no such image, or does not show it to this user.",
        "Correct the name or the tag, or push the image.",
        REGISTRY_API,
    ),
    Name.IMAGE_NAME: Explanation(
        "The text is not the name of an image, so nothing can be pulled by it.",
        "Write [HOST[:PORT]/]REPOSITORY[:TAG][@sha256:DIGEST]. GitLab has no ${NAME:-default}.",
        f"{CI_YAML}#image",
    ),
    Name.NOT_PINNED: Explanation(
        "The image is named only by a tag: everyone who may push to the tag decides what jobs run.",
        "Run `runner-doctor pin` on the pipeline, and commit what it writes.",
        f"{CI_YAML}#image",
    ),
    Name.LEFTOVER: Explanation(
        "A resource has the mark of a stack, but is not in its state: an update lost the response to its "
        "creation or was killed, or the state is gone.",
        "Import it with the command that the finding gives, or remove it.",
        "https://www.pulumi.com/docs/iac/guides/migration/import/",
    ),
    Name.NOT_READ: Explanation(
        "The pipeline includes what was not read, or refers to it, and images in it were not seen.",
        "Ask GitLab for the whole of the pipeline: --gitlab URL, with an access token in GITLAB_TOKEN.",
        f"{GITLAB}/ci/yaml/includes/",
    ),
    Name.NO_CREDENTIALS: Explanation(
        "The registry wants credentials, and no source of the runner has any for it.",
        "Declare the registry and name it under the runner's registries, or set DOCKER_AUTH_CONFIG.",
        PRIVATE_IMAGES,
    ),
    Name.NO_REGISTRY: Explanation(
        "What answers under the image's host and port is not a container registry.",
        "Correct the host and the port of the image.",
        REGISTRY_API,
    ),
    Name.PORT: Explanation(
        "The credentials are for another port than the image names, so they are not used.",
        "Write the same host and port in both; `:443` counts as well.",
        PRIVATE_IMAGES,
    ),
    Name.PULL_POLICY: Explanation(
        "Private images that stay on the host can be used by every project's jobs without credentials.",
        'Allow only "always": layers that are there are not pulled again.',
        f"{DOCKER_EXECUTOR}#configure-how-runners-pull-images",
    ),
    Name.PULL_POLICY_REFUSED: Explanation(
        "The job asks for a pull policy that the runner does not allow, and fails before the pull.",
        "Take pull_policy out of the job, or add it to allowed_pull_policies of the runner.",
        f"{DOCKER_EXECUTOR}#allow-docker-pull-policies",
    ),
    Name.REGISTRY_FAILS: Explanation(
        "The registry answers with an error of its own.",
        "Ask again later, then ask the registry's operators.",
        REGISTRY_API,
    ),
    Name.REGISTRY_SHADOWED: Explanation(
        "The job's own DOCKER_AUTH_CONFIG has an entry for a registry that the runner has credentials for, "
        "and the job's entry is used.",
        "Take the registry out of the variable, unless the job is meant to be another user.",
        PRIVATE_IMAGES,
    ),
    Name.REGISTRY_KEY: Explanation(
        "The registry's key in a Docker configuration has a scheme or a path, and matches other images "
        "than meant.",
        "Write the host, with its port, as images name it.",
        PRIVATE_IMAGES,
    ),
    Name.REGISTRY_UNREACHABLE: Explanation(
        "There is no connection to the registry from this machine.",
        "Look at the name, the port, the firewall and the proxy, from the machine that pulls.",
        REGISTRY_API,
    ),
    Name.RUNNER_NEVER_CONTACTED: Explanation(
        "The runner has never contacted GitLab.",
        "Give a new host some minutes, then look at its system log and at `journalctl -u gitlab-runner`.",
        f"{GITLAB}/ci/runners/runners_scope/",
    ),
    Name.RUNNER_OFFLINE: Explanation(
        "The runner has not contacted GitLab for two hours.",
        "Look at its host: `journalctl -u gitlab-runner`, `runner-doctor host`.",
        f"{GITLAB}/ci/runners/runners_scope/",
    ),
    Name.RUNNER_UNKNOWN: Explanation(
        "GitLab has no such runner any more.",
        "Run `pulumi up --refresh`, which registers it again.",
        f"{GITLAB}/ci/runners/runners_scope/",
    ),
    Name.SHORTHAND: Explanation(
        "The name begins with the name of a registry in the stack's declaration. Only the declaration "
        "knows that "
        "name: in a job it is a user of Docker Hub. Or it is an official image of Docker Hub, such as redis, "
        "behind a pull-through cache: there its name is library/redis.",
        "Write the name as the finding has it; a CI variable can hold the registry's host.",
        f"{CI_YAML}#image",
    ),
    Name.TAG_MOVED: Explanation(
        "The tag names a newer image than the digest beside it. Jobs run the digest.",
        "Run `runner-doctor pin` on the pipeline, and commit what it writes.",
        f"{CI_YAML}#image",
    ),
    Name.TOO_MANY_REQUESTS: Explanation(
        "The registry limits how often this user or address may pull.",
        "Pull with credentials, through a mirror, or through ECR's pull-through cache.",
        "https://docs.docker.com/docker-hub/usage/pulls/",
    ),
    Name.VARIABLE_HIDDEN: Explanation(
        "A DOCKER_AUTH_CONFIG of the job replaces the runner's own; the two are not merged.",
        "Put the runner's registries into the Docker configuration of its host instead of the variable.",
        PRIVATE_IMAGES,
    ),
    Name.VARIABLE_PROTECTED: Explanation(
        "The variable is protected, and the job's branch or tag is not, so the job does not get it.",
        "Protect the branch, or take the protection off the variable and mask it.",
        f"{GITLAB}/ci/variables/#protect-a-cicd-variable",
    ),
    Name.VARIABLE_UNKNOWN: Explanation(
        "A variable or an input in the name of an image, or in DOCKER_AUTH_CONFIG, has no value here, so the "
        "image was not examined.",
        "Give it with --variable or --input, or all of the project's with --variables.",
        f"{GITLAB}/ci/variables/where_variables_can_be_used/",
    ),
    Name.WHITE_SPACE: Explanation(
        "A user or password begins or ends with white space, often a newline that was encoded with it.",
        "Encode it without a newline: printf '%s' USER:PASSWORD | base64 -w 0",
        PRIVATE_IMAGES,
    ),
}

_UNEXPLAINED = Explanation("A finding without an explanation.", "Follow the finding.", GITLAB)


def explanation_of(name: Name) -> Explanation:
    """The explanation of a kind of finding."""
    return EXPLANATIONS.get(name, _UNEXPLAINED)


def findings_page() -> str:
    """The page `docs/findings.md`."""
    heading = (
        "# Findings of runner-doctor\n\n"
        "`runner-doctor --explain FINDING` shows one of these at the terminal. "
        "The names stay the same between versions.\n"
    )
    sections = (
        f"\n## {name}\n\n{explained.what}\n\nTo fix it: {explained.fix}\n\nSee <{explained.page}>.\n"
        for name, explained in sorted(EXPLANATIONS.items())
    )
    return heading + "".join(sections)
