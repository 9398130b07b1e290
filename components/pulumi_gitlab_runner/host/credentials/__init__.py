"""gitlab-runner-credentials: keeps the credentials of this runner host's registries ready for every pull.

gitlab-runner resolves every registry of its Docker configuration before every pull, also of a public image,
and waits for each credential helper. Therefore no helper is called during a pull: this service requests the
credentials from the helpers and secret stores ahead of time, and writes them as `auths` into a file in
memory. `.docker/config.json` in the home directory of the runner's process is a symbolic link to this file. A
registry without an answer has no entry in it, so a broken source affects only the images of its registries.

The list of registries, from the stack's declaration, has a line for each. HOST may be followed by a path:

    HOST helper PATH               a credential helper
    HOST parameter REGION NAME     {"username": …, "password": …} in Parameter Store
    HOST secret REGION ARN         {"username": …, "password": …} in Secrets Manager
    HOST file PATH                 a file with the output of a credential helper

The service requires only Python 3.9 and its standard library: every machine image has them for cloud-init.
"""
