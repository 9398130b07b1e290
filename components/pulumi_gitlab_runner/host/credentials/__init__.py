"""gitlab-runner-credentials: keeps the credentials of this runner host's registries ready for every pull.

gitlab-runner resolves every registry of its Docker configuration before every pull, of a public image too,
and waits for each credential helper. So a pull asks none: this service asks the helpers and secret stores
ahead of time, and writes their answers as `auths` into a file in memory. `.docker/config.json` in the home
of the runner's process is a link to it. A registry without an answer has no entry there, so a broken source
costs its own images alone.

The list of registries has a line for each, made from the stack's declaration. HOST may be followed by a path:

    HOST helper PATH               a credential helper
    HOST parameter REGION NAME     {"username": …, "password": …} in Parameter Store
    HOST secret REGION ARN         the same in Secrets Manager
    HOST file PATH                 a credential helper's answer, in a file

It needs Python 3.9 and its standard library alone, which cloud-init brings to every machine image.
"""
