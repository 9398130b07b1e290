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
    """The explanation of a kind of finding, its fix, and the URL of its documentation."""

    what: str
    fix: str
    page: str


EXPLANATIONS: dict[Name, Explanation] = {
    Name.ACCESS_FORBIDDEN: Explanation(
        "The registry accepts the credentials, but the user may not pull from this repository.",
        "Allow the user or the runner manager's role to pull from the repository. For ECR, declare the "
        "repository under the registry; for another account's registry, its owner must also allow this "
        "account in the repository policy.",
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html",
    ),
    Name.ADDRESS_POOLS: Explanation(
        "The address pools of the Docker Engine have fewer free networks than `concurrent` jobs need: "
        "each job has its own network.",
        "Add address ranges to `default-address-pools` in /etc/docker/daemon.json, or remove the networks "
        "of finished jobs.",
        "https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file",
    ),
    Name.AWS_IDENTITY: Explanation(
        "The runner's process has no AWS credentials, so it cannot get a password for ECR.",
        "Attach the instance profile to the instance, and allow the process to connect to the instance "
        "metadata service.",
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html",
    ),
    Name.CANNOT_BE_PINNED: Explanation(
        "The image cannot be pinned to one digest: its name depends on an unknown variable, the same text is "
        "another image in other jobs, its YAML cannot be edited, or the registry does not return the digest.",
        "Write the full name with its digest in each job; pass the values of variables with --variable; "
        "write a block scalar as a quoted string; make sure that this machine can connect to the registry.",
        f"{CI_YAML}#image",
    ),
    Name.CERTIFICATE: Explanation(
        "The registry's certificate is not signed by a CA that this machine trusts.",
        "Declare the CA under `certificate_authorities` of the stack, which installs it on its hosts. On "
        "other machines that pull, write its certificate to /etc/docker/certs.d/HOST:PORT/ca.crt.",
        "https://docs.docker.com/engine/security/certificates/",
    ),
    Name.CONFIG: Explanation(
        "config.toml has a key or a value that this version of the runner ignores or refuses.",
        "The finding names the key, what was found, and what is allowed: correct the key.",
        RUNNER_CONFIG,
    ),
    Name.CONFIG_UNREADABLE: Explanation(
        "config.toml cannot be read, so the runner's settings were not examined.",
        "Run the doctor as root on the runner's host, or give a copy of the host's files with --root.",
        RUNNER_CONFIG,
    ),
    Name.CREDENTIALS_REFUSED: Explanation(
        "The registry refuses the user and password that the runner sends.",
        "Update the user or password in the source that the finding names.",
        PRIVATE_IMAGES,
    ),
    Name.CREDENTIAL_MISSING: Explanation(
        "The host has no credential for a declared registry, because its source does not return one. "
        "Images of this registry are pulled without credentials; other registries are not affected.",
        "Fix the helper, parameter or secret that the finding names. The host retries automatically.",
        PRIVATE_IMAGES,
    ),
    Name.CREDENTIAL_RENEWAL: Explanation(
        "The source of a registry's credential fails. The last credential is used until it expires.",
        "Fix the source that the finding names before then. The host retries automatically.",
        PRIVATE_IMAGES,
    ),
    Name.CREDENTIAL_SERVICE: Explanation(
        "The service that gets the credentials of the host's registries has not written any.",
        "Check why it does not run: systemctl status gitlab-runner-credentials.",
        PRIVATE_IMAGES,
    ),
    Name.CREDENTIALS_STORE: Explanation(
        "`credsStore` calls one helper for every pull, also of public images; if the helper fails, the "
        "whole configuration is ignored.",
        "Add a helper for each private registry to `credHelpers`, and remove `credsStore`.",
        CREDENTIAL_HELPERS,
    ),
    Name.CREDENTIALS_EMPTY: Explanation(
        "The entry that the runner uses for this image has neither a user and password nor a token, and the "
        "runner tries no other entry.",
        "Add credentials to the entry, or remove it, so that the next source is used.",
        PRIVATE_IMAGES,
    ),
    Name.CREDENTIALS_SHADOWED: Explanation(
        "Other credentials for this image exist, but are not used, because an entry with higher precedence "
        "is empty or is refused.",
        "Remove the entry with higher precedence from its source, or correct it.",
        PRIVATE_IMAGES,
    ),
    Name.DOCKER_CONFIG_UNREAD: Explanation(
        "The Docker configuration has keys or sources that this version of the runner does not read.",
        "Remove them, or write them in the form that this version reads.",
        PRIVATE_IMAGES,
    ),
    Name.DOCKER_CONFIG: Explanation(
        "The runner cannot decode a Docker configuration, so none of its credentials are used.",
        "Correct the JSON as the finding says. The job log does not always report this problem.",
        PRIVATE_IMAGES,
    ),
    Name.DOCKER_CONFIG_UNREADABLE: Explanation(
        "The user that runs the doctor cannot read a Docker configuration of the host.",
        "Run the doctor as root.",
        PRIVATE_IMAGES,
    ),
    Name.DOCKER_UNREACHABLE: Explanation(
        "The Docker Engine does not answer on its socket, so no job can start.",
        "Check `systemctl status docker`, and allow the runner's user to open the socket.",
        DOCKER_EXECUTOR,
    ),
    Name.ECR_TOKEN: Explanation(
        "An ECR password is stored as a static credential. ECR refuses it after 12 hours.",
        "Use ECR's credential helper: declare the registry as `ecr: {}`.",
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html",
    ),
    Name.ENCODED_TWICE: Explanation(
        "DOCKER_AUTH_CONFIG or an `auth` in it is encoded twice, which the runner does not decode.",
        "Set it to plain JSON; only the value of `auth` is Base64.",
        PRIVATE_IMAGES,
    ),
    Name.FILE_MODE: Explanation(
        "Users other than the owner of a file can read a secret, or change a program that root runs.",
        "Set the mode that the finding names.",
        RUNNER_CONFIG,
    ),
    Name.HELPER_FAILS: Explanation(
        "A credential helper fails. The runner then ignores the whole source that names it.",
        "Run the helper as the runner does, and fix the error that it prints: "
        "echo HOST | docker-credential-NAME get",
        CREDENTIAL_HELPERS,
    ),
    Name.HELPER_HANGS: Explanation(
        "A credential helper does not answer. The runner waits for it until the job's timeout.",
        "Check what it waits for, often the network or the instance metadata service.",
        CREDENTIAL_HELPERS,
    ),
    Name.HELPER_MISSING: Explanation(
        "A Docker configuration names a credential helper that is not on the PATH of the runner's process.",
        "Install the helper there, or remove it from the configuration.",
        CREDENTIAL_HELPERS,
    ),
    Name.HELPER_NAME: Explanation(
        "The name of a credential helper has a path in it, so every pull fails.",
        'Write it without its path and prefix: "ecr-login" for docker-credential-ecr-login.',
        CREDENTIAL_HELPERS,
    ),
    Name.HELPER_OFF_PATH: Explanation(
        "The credential helper is installed in a directory that is not on the PATH of the runner's process.",
        "Declare the registry with this helper: the host's credential service then calls it.",
        CREDENTIAL_HELPERS,
    ),
    Name.HELPER_SILENT: Explanation(
        "The credential helper has no credentials for the registry, so the image is pulled without "
        "credentials.",
        "Give the helper credentials for the registry, or declare the registry.",
        CREDENTIAL_HELPERS,
    ),
    Name.HOME: Explanation(
        "The Docker configuration is in a home directory that the runner's process does not use.",
        "Move it to the home directory of the process: /root for the packaged unit.",
        PRIVATE_IMAGES,
    ),
    Name.HOSTED_HELPER: Explanation(
        "A variable names a credential helper, but a hosted runner has no such program.",
        "Use a fixed user and password in `auths`, or a self-managed runner.",
        PRIVATE_IMAGES,
    ),
    Name.IMAGE_MISSING: Explanation(
        "The registry has no such image, or does not show it to this user.",
        "Correct the name or the tag, or push the image.",
        REGISTRY_API,
    ),
    Name.IMAGE_NAME: Explanation(
        "The name of the image is not a valid image reference, so it cannot be pulled.",
        "Write [HOST[:PORT]/]REPOSITORY[:TAG][@sha256:DIGEST]. GitLab does not support ${NAME:-default}.",
        f"{CI_YAML}#image",
    ),
    Name.IMAGE_REFUSED: Explanation(
        "The runner allows the images that its `allowed_images` and `allowed_services` match, and the job's "
        "image is not one of them.",
        "Write the image as a pattern has it, for `require_digests` with its digest (`runner-doctor pin`). "
        "Or add a pattern to the runner's configuration.",
        f"{DOCKER_EXECUTOR}#restrict-docker-images-and-services",
    ),
    Name.JOB_STUCK: Explanation(
        "No runner of the stack runs the job: none has all of its tags, which are case-sensitive; or it has "
        "no tags, and none runs jobs without tags; or those that do are paused or protected. It stays "
        "pending, unless its project has another runner that runs it.",
        "Give the job tags that one runner has, or add its tags to `tags` of a runner; for jobs without "
        "tags, set `run_untagged`.",
        f"{GITLAB}/ci/runners/configure_runners/#control-jobs-that-a-runner-can-run",
    ),
    Name.NOT_PINNED: Explanation(
        "The image has a tag and no digest: everyone who may push the tag decides what jobs run.",
        "Run `runner-doctor pin` on the pipeline, and commit the changed files.",
        f"{CI_YAML}#image",
    ),
    Name.LEFTOVER: Explanation(
        "A resource has the mark of a stack, but is not in its state: an update lost the response to its "
        "creation or was killed, or the state is lost.",
        "Import it with the command in the finding, or delete it.",
        "https://www.pulumi.com/docs/iac/guides/migration/import/",
    ),
    Name.NOT_READ: Explanation(
        "The pipeline includes or refers to configuration that was not read; images in it were not examined.",
        "Let GitLab merge the whole pipeline: --gitlab URL, with an access token in GITLAB_TOKEN.",
        f"{GITLAB}/ci/yaml/includes/",
    ),
    Name.NO_CREDENTIALS: Explanation(
        "The registry requires credentials, and no source of the runner has credentials for it.",
        "Declare the registry and name it under the runner's registries, or set DOCKER_AUTH_CONFIG.",
        PRIVATE_IMAGES,
    ),
    Name.NO_REGISTRY: Explanation(
        "The server at the image's host and port is not a container registry.",
        "Correct the host and the port of the image.",
        REGISTRY_API,
    ),
    Name.PLATFORM: Explanation(
        "The job asks for an image of a platform that the processor of the runner's machines does not run.",
        "Remove `platform` from the image, or give the job the tags of a runner with that architecture: an "
        "instance type such as m7g.large is arm64.",
        f"{CI_YAML}#imagedocker",
    ),
    Name.PORT: Explanation(
        "The credentials are for another port than that of the image, so they are not used.",
        "Write the same host and port in both; `:443` must also be the same.",
        PRIVATE_IMAGES,
    ),
    Name.PULL_POLICY: Explanation(
        "Jobs of every project can use private images that are already on the host, without credentials.",
        'Allow only "always": layers that are on the host are not pulled again.',
        f"{DOCKER_EXECUTOR}#configure-how-runners-pull-images",
    ),
    Name.PULL_POLICY_REFUSED: Explanation(
        "The job has a pull policy that the runner does not allow, and fails before the pull.",
        "Remove pull_policy from the job, or add it to allowed_pull_policies of the runner.",
        f"{DOCKER_EXECUTOR}#allow-docker-pull-policies",
    ),
    Name.REGISTRY_FAILS: Explanation(
        "The registry returns an error.",
        "Try again later; if the error persists, contact the registry's operators.",
        REGISTRY_API,
    ),
    Name.REGISTRY_SHADOWED: Explanation(
        "The job's DOCKER_AUTH_CONFIG has an entry for a registry that the runner has credentials for, and "
        "the job's entry is used.",
        "Remove the registry from the variable, unless the job is meant to pull as another user.",
        PRIVATE_IMAGES,
    ),
    Name.REGISTRY_KEY: Explanation(
        "The registry's key in a Docker configuration has a scheme or a path, and matches other images "
        "than intended.",
        "Write the host and port as in image references.",
        PRIVATE_IMAGES,
    ),
    Name.REGISTRY_UNREACHABLE: Explanation(
        "This machine cannot connect to the registry.",
        "Check the name, the port, the firewall and the proxy, from the machine that pulls.",
        REGISTRY_API,
    ),
    Name.RUNNER_NEVER_CONTACTED: Explanation(
        "The runner has never contacted GitLab.",
        "Wait some minutes for a new host, then check its system log and `journalctl -u gitlab-runner`.",
        f"{GITLAB}/ci/runners/runners_scope/",
    ),
    Name.RUNNER_OFFLINE: Explanation(
        "The runner has not contacted GitLab for two hours.",
        "Examine its host: `journalctl -u gitlab-runner`, `runner-doctor host`.",
        f"{GITLAB}/ci/runners/runners_scope/",
    ),
    Name.RUNNER_UNKNOWN: Explanation(
        "The runner does not exist in GitLab.",
        "Run `pulumi up --refresh`, which registers it again.",
        f"{GITLAB}/ci/runners/runners_scope/",
    ),
    Name.REPOSITORY_NOT_DECLARED: Explanation(
        "The stack does not declare the ECR repository, and the policies of the role of the runner manager "
        "allow pulls only from declared repositories: those in the registries of all runners on its host. "
        "In the same account, the policy of a repository can also allow the role; with --live, the host asks "
        "ECR.",
        "Correct the image's name, or declare the repository under `repositories` of its registry and run "
        "`pulumi up`. For a registry of another account, its owner must also allow the pull.",
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/security_iam_id-based-policy-examples.html",
    ),
    Name.SERVICE_PRIVILEGED: Explanation(
        "Services of the runner are privileged, also those that need no privileges, such as a database. A "
        "privileged service is root on the runner's host, where other jobs run.",
        "Limit the privileges to the services that need them with `allowed_privileged_services`.",
        f"{DOCKER_EXECUTOR}#use-docker-in-docker-with-privileged-mode",
    ),
    Name.SERVICE_UNPRIVILEGED: Explanation(
        "A job has Docker in Docker as a service, which requires a privileged container. This runner does "
        "not run it privileged, unlike GitLab's hosted runners, so the service does not start: no service "
        "is privileged, or no pattern of `allowed_privileged_services` matches the name of the image.",
        "Build images with Buildah or BuildKit's rootless mode, which need no privileges. Or set "
        "`services_privileged`, with `allowed_privileged_services`, for a runner on a fleet with instances "
        "that run one job each: a privileged service is root on its machine.",
        f"{GITLAB}/ci/docker/using_docker_build/#use-docker-in-docker",
    ),
    Name.SHORTHAND: Explanation(
        "The image begins with the name of a registry in the stack's declaration. That name is valid only "
        "in the declaration: in a job, it is a namespace of Docker Hub. Or the image is an official image "
        "of Docker Hub, such as redis, in a pull-through cache, where its repository is library/redis.",
        "Write the name that the finding shows; a CI variable can hold the registry's host.",
        f"{CI_YAML}#image",
    ),
    Name.TAG_MOVED: Explanation(
        "The tag has another digest in the registry than in the file. Jobs pull the digest in the file.",
        "Run `runner-doctor pin` on the pipeline, and commit the changed files.",
        f"{CI_YAML}#image",
    ),
    Name.TOO_MANY_REQUESTS: Explanation(
        "The rate limit of the registry for this user or IP address is exceeded.",
        "Pull with credentials, through a mirror, or through an ECR pull-through cache.",
        "https://docs.docker.com/docker-hub/usage/pulls/",
    ),
    Name.VARIABLE_HIDDEN: Explanation(
        "DOCKER_AUTH_CONFIG of the job replaces that of the runner's `environment`; they are not merged.",
        "Put the runner's registries into the Docker configuration of its host instead of the variable.",
        PRIVATE_IMAGES,
    ),
    Name.VARIABLE_PROTECTED: Explanation(
        "The variable is protected, and the job's branch or tag is not, so the job does not get it.",
        "Protect the branch, or make the variable unprotected and masked.",
        f"{GITLAB}/ci/variables/#protect-a-cicd-variable",
    ),
    Name.VARIABLE_UNKNOWN: Explanation(
        "The value of a variable or an input in the name of an image, or in DOCKER_AUTH_CONFIG, is not known "
        "here, so the image was not examined.",
        "Give the value with --variable or --input, or all variables of the project with --variables.",
        f"{GITLAB}/ci/variables/where_variables_can_be_used/",
    ),
    Name.WHITE_SPACE: Explanation(
        "A user or password begins or ends with white space, often a newline that was encoded with it.",
        "Encode it without a newline: printf '%s' USER:PASSWORD | base64 -w 0",
        PRIVATE_IMAGES,
    ),
}
