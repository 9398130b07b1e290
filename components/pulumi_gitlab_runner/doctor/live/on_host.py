"""The program that runs on a runner host: it reads files and calls credential helpers, and sends no secret.

It is sent to the host as text, and uses only the standard library of Python 3.9, since every supported
operating system has that version or a later one. Its argument is a request, JSON in Base64: ``{}`` for the
files, ``{"set_by_job"}`` for the files with these variables of a job not inserted,
``{"repository": {"account", "region", "name"}}`` for whether ECR lets the host read images of a repository,
or ``{"program", "action", "server", "environment"}`` to call a helper. The last line of its output is the
answer, JSON compressed with zlib, in Base64. The environment variable RUNNER_HOST_ROOT is the root directory
of the host's files.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

ROOT = os.environ.get("RUNNER_HOST_ROOT", "/")
HIDDEN = "(known only on the host)"
LONGEST_OUTPUT = 23000
UNITS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
UNIT = "gitlab-runner.service"
PROGRAMS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
PLAIN_VARIABLES = ("HOME", "PATH", "USER", "AWS_REGION", "AWS_DEFAULT_REGION", "DOCKER_CONFIG")
SECRET_KEY = re.compile(
    r"token|password|secret|key|credential|auth|environment|header|license"
    r"|script|command|entrypoint|args|options|dsn",
    re.IGNORECASE,
)
IN_A_URL = re.compile(r"(?<=://)[^/\s\"'@]+(?=@)")
"""The user and password of a URL."""
PLAIN_KEYS = (
    "AuthenticationType",
    "key_path",
    "response_header_timeout",
    "token_expires_at",
    "token_obtained_at",
)
"""The keys of config.toml that match `SECRET_KEY`, but whose values have a format that no secret has."""
VARIABLE = re.compile(r"\$\$|\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)", re.ASCII)
"""A reference to a variable, or an escaped `$`."""
FORM = r"\$(?:\{[A-Za-z_]\w*\}|[A-Za-z_]\w*)"
MARK = "\0"
"""Marks a reference that is a JSON value by itself, without quotes."""
REFERENCE = re.compile(r"\0?" + FORM, re.ASCII)
UNQUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|(' + FORM + ")", re.ASCII | re.DOTALL)
MARKED = re.compile(r'"\\u0000(' + FORM + ')"', re.ASCII)
BASE64 = re.compile(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
TOML_TOKEN = re.compile(
    r"""(?P<key>(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[\w.-]+)(?=[ \t]*=))"""
    r"""|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*|.""",
    re.DOTALL,
)


def refused(_: str) -> Any:
    """Refuse NaN and infinity, which are not JSON."""
    raise ValueError


JSON = json.JSONDecoder(parse_constant=refused)
"""Decodes JSON; Docker ignores text after the first value."""


def place(path: str) -> Path:
    """The path of a host's file below the root directory."""
    return Path(ROOT) / path.lstrip("/")


def read(path: str) -> str:
    """The text of a file."""
    return place(path).read_text(encoding="utf-8", errors="replace")


def names(directory: str) -> list[str]:
    """The names in a directory; none if it cannot be listed."""
    try:
        return sorted(each.name for each in place(directory).iterdir())
    except OSError:
        return []


def hidden_value(value: Any, *, expanded: bool = False) -> Any:
    """A JSON value of the same structure, without its content."""
    if isinstance(value, dict):
        return {key: hidden_value(field, expanded=expanded) for key, field in value.items()}
    if isinstance(value, list):
        return [hidden_value(item, expanded=expanded) for item in value]
    if isinstance(value, str):
        return value if not value or (expanded and REFERENCE.fullmatch(value)) else HIDDEN
    return value if value is None or isinstance(value, bool) else 0


def hidden_text(text: str, *, expanded: bool = False) -> str:
    """A hidden text with the same white space around it."""
    inner = text.strip()
    if not inner or (expanded and REFERENCE.fullmatch(inner)):
        return text
    return text.replace(inner, HIDDEN)


def decoded(text: str) -> str | None:
    """The text in Base64, as Docker decodes it; None if it is invalid."""
    packed = text.replace("\r", "").replace("\n", "")
    return base64.b64decode(packed).decode(errors="replace") if BASE64.fullmatch(packed) else None


def encoded(text: str) -> str:
    """Base64 of a text."""
    return base64.b64encode(text.encode()).decode()


def hidden_auth(auth: str, *, expanded: bool = False) -> str:
    """The Base64 of user and password, with the password hidden; also where it is encoded twice."""
    if expanded and REFERENCE.search(auth.replace("$$", "")):
        return auth if REFERENCE.fullmatch(auth) else encoded(HIDDEN + ":" + HIDDEN)
    pair = decoded(auth)
    if pair is None:
        return "?"  # also invalid Base64
    user, colon, password = pair.partition(":")
    if colon:
        return encoded(user + colon + hidden_text(password))
    inner = decoded(pair.strip()) or ""
    twice = ":" in inner and "\N{REPLACEMENT CHARACTER}" not in inner
    return encoded(encoded(HIDDEN + ":" + HIDDEN) if twice else HIDDEN)


def hidden_entry(entry: Any, *, expanded: bool = False) -> Any:
    """An entry of auths with its user, without its password or token."""
    if not isinstance(entry, dict):
        return hidden_value(entry, expanded=expanded)
    kept: dict[str, Any] = {}
    for key, value in entry.items():
        if not isinstance(value, str):
            kept[key] = hidden_value(value)
        elif key.lower() == "auth":
            kept[key] = hidden_auth(value, expanded=expanded) if value else ""
        elif key.lower() == "username" and entry.get("password"):
            kept[key] = value
        else:
            kept[key] = hidden_text(value, expanded=expanded)
    return kept


def hidden_docker_config(text: str, *, expanded: bool = False) -> str:
    """A Docker configuration without its secrets.

    With `expanded`, the runner still expands variables in it: a reference in place of a value is not hidden.
    """
    if not text.strip():
        return text
    if expanded:
        text = UNQUOTED.sub(lambda match: json.dumps(MARK + match[1]) if match[1] else match[0], text)
    try:
        config, _ = JSON.raw_decode(text.lstrip(" \t\r\n"))
    except (ValueError, RecursionError):
        # Also invalid JSON, and Base64 if it is that of a JSON object.
        return encoded("{") if (decoded(text.strip()) or "").lstrip().startswith("{") else "NaN"
    kept: Any = {}
    if isinstance(config, str) and config.lstrip().startswith("{"):
        kept = "{"  # JSON within JSON
    elif not isinstance(config, dict):
        kept = hidden_value(config, expanded=expanded)
    else:
        for key, value in config.items():
            if key.lower() in ("credsstore", "credhelpers"):
                kept[key] = value
            elif key.lower() == "auths" and isinstance(value, dict):
                kept[key] = {
                    registry: hidden_entry(entry, expanded=expanded) for registry, entry in value.items()
                }
            else:
                kept[key] = hidden_value(value, expanded=expanded)
    hidden = json.dumps(kept)
    return MARKED.sub(r"\1", hidden) if expanded else hidden


def hidden_assignments(texts: list[str], set_by_job: Collection[str] = ()) -> list[str]:
    """The variables of a runner, NAME=value, without their values; only the secrets of DOCKER_AUTH_CONFIG.

    The values of the others are inserted into it before, since a hidden value is not what the runner reads,
    except for those in `set_by_job`, which a variable of a job replaces.
    """
    assignments = (text.partition("=") for text in texts)
    values = {name: value for name, equals, value in assignments if equals and name not in set_by_job}

    def inserted(match: re.Match[str]) -> str:
        value = values.get(match[1] or match[2] or "")
        # The runner expands variables once, so those in the value stay as they are.
        return match[0] if value is None else value.replace("$", "$$")

    def hidden(text: str) -> str:
        name, equals, value = text.partition("=")
        if name == "DOCKER_AUTH_CONFIG":
            return name + equals + hidden_docker_config(VARIABLE.sub(inserted, value), expanded=True)
        return name + equals + HIDDEN if equals else HIDDEN

    return [hidden(text) for text in texts]


def hidden_toml(text: str, set_by_job: Collection[str] = ()) -> str | None:
    """A config.toml without the strings of keys that may have a secret, and without passwords in URLs.

    `set_by_job` as above.
    """
    if '"""' in text or "'''" in text:
        return None
    key: str | None = ""
    previous = ""
    enclosing: list[str | None] = []  # the keys of the inline tables that a token is in
    parts: list[str] = []
    assignments: dict[int, str] = {}  # those of one list, by their index in parts

    def hide_assignments() -> None:
        hidden = hidden_assignments(list(assignments.values()), set_by_job)
        for number, index in enumerate(assignments):
            parts[index] = json.dumps(hidden[number])
        assignments.clear()

    for match in TOML_TOKEN.finditer(text):
        token = match[0]
        if match["key"] and previous != "=":
            hide_assignments()
            key = next((outer for outer in enclosing if may_hold_secret(outer)), toml_text(token))
        elif token[0] == "{":
            enclosing.append(key)
        elif token[0] == "}":
            key = enclosing.pop() if enclosing else key
        elif token[0] in "\"'":
            plain = toml_text(token)
            if key == "environment" and plain is not None:
                assignments[len(parts)] = plain
            elif may_hold_secret(key):
                token = json.dumps(HIDDEN if plain is None else hidden_text(plain))
            else:
                token = IN_A_URL.sub(HIDDEN, token)
        if token[0] != "#":
            parts.append(token)
            previous = token if token.strip() else previous
    hide_assignments()
    return "".join(parts)


def may_hold_secret(key: str | None) -> bool:
    """Whether the value of a key of config.toml may be a secret; None is a key that cannot be decoded."""
    return key is None or (SECRET_KEY.search(key) is not None and key not in PLAIN_KEYS)


def toml_text(token: str) -> str | None:
    """The value of a TOML key or string; None if it cannot be decoded."""
    try:
        return str(json.loads(token)) if token[0] == '"' else token.strip("'")
    except ValueError:
        return None


def hidden_unit(text: str) -> str:
    """A unit without its comments and environment variables, except `PLAIN_VARIABLES`."""

    def assignments(match: re.Match[str]) -> str:
        words = re.findall(r'"[^"]*"|\'[^\']*\'|\S+', match[2])
        kept = [word for word in words if word.strip("\"'").partition("=")[0] in PLAIN_VARIABLES]
        return str(match[1]) + " ".join(kept)

    joined = re.sub(r"(?m)^[ \t]*[#;].*$", "", text.replace("\\\n", " "))
    return re.sub(r"(?m)^([ \t]*Environment[ \t]*=)(.+)$", assignments, joined)


def unit_files() -> Iterator[str]:
    """The runner's unit and its drop-ins."""
    for directory in UNITS:
        if UNIT in names(directory):
            yield directory + "/" + UNIT
        for name in names(directory + "/" + UNIT + ".d"):
            yield directory + "/" + UNIT + ".d/" + name


def gathered(set_by_job: Collection[str] = ()) -> dict[str, Any]:
    """The files that the doctor reads, with their modes."""
    found: dict[str, dict[str, Any]] = {}
    said = ""
    plans: list[tuple[str, Any]] = [(path, hidden_unit) for path in unit_files()]
    for path, _ in plans:
        said += "\n" + read(path)
    homes = {"/root", "/home/gitlab-runner", *re.findall(r"\bHOME=([^\s\"']+)", said)}

    def hidden_config(text: str) -> str | None:
        return hidden_toml(text, set_by_job)

    plans += [("/etc/gitlab-runner/config.toml", hidden_config), ("/etc/gitlab-runner/registries", str)]
    for home in sorted(homes):
        plans += [
            (home + "/.docker/config.json", hidden_docker_config),
            (home + "/.dockercfg", hidden_docker_config),
        ]
    for path, hide in plans:
        try:
            mode = place(path).stat().st_mode & 0o7777
            text = hide(read(path))
            found[path] = (
                {"mode": mode, "text": text} if text is not None else {"problem": "multi-line strings"}
            )
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            found[path] = {"problem": (error.strerror or "it cannot be read").lower()}
    directories = {
        *PROGRAMS,
        *(each for path in re.findall(r"\bPATH=([^\s\"']+)", said) for each in path.split(":")),
    }
    for directory in sorted(directories):
        for name in names(directory):
            if name.startswith("docker-credential-"):
                path = directory.rstrip("/") + "/" + name
                found[path] = {"mode": place(path).stat().st_mode & 0o7777, "text": ""}
    region = re.search(r"\bAWS_REGION=([^\s\"']+)", said)
    return {
        "files": found,
        "version": runner_version(),
        "engine": engine(),
        "identity": identity(region[1] if region else ""),
    }


def engine() -> dict[str, Any] | None:
    """The information about the Docker Engine and its networks; None without docker, or with another root."""
    docker = shutil.which("docker")
    if ROOT != "/" or not docker:
        return None
    try:
        return described_engine(lambda *arguments: printed([docker, *arguments]))
    except RuntimeError as error:
        return {"problem": str(error)}


def described_engine(docker: Any) -> dict[str, Any]:
    """The information about a Docker Engine; `docker` runs the command, and returns its output."""
    try:
        info = json.loads(docker("info", "--format", "{{json .}}"))
        numbers = docker("network", "ls", "--quiet", "--no-trunc").split()
        networks = json.loads(docker("network", "inspect", *numbers)) if numbers else []
        # The rest may have secrets, such as a proxy's password.
        return {
            "info": {key: info.get(key) for key in ("ServerVersion", "DefaultAddressPools")},
            "networks": [{"IPAM": {"Config": each["IPAM"]["Config"]}} for each in networks],
        }
    except (ValueError, LookupError, TypeError, AttributeError):
        return {"problem": "it does not answer as a Docker Engine does"}


def identity(region: str) -> dict[str, Any] | None:
    """The AWS identity of this host; None without an aws command, or with another root."""
    aws = shutil.which("aws")
    if ROOT != "/" or not aws:
        return None
    command = [aws, "sts", "get-caller-identity", "--output", "json", "--cli-connect-timeout", "3"]
    try:
        said = printed([*command, "--region", region] if region else command)
        return {"arn": str(json.loads(said)["Arn"])}
    except RuntimeError as error:
        return {"problem": str(error)}
    except (ValueError, LookupError, TypeError):
        return {"problem": "it does not answer"}


def readable(repository: dict[str, str]) -> dict[str, Any]:
    """Whether ECR lets this host read images of a repository; empty if unknown, or with another root."""
    aws = shutil.which("aws")
    if ROOT != "/" or not aws:
        return {}
    command = [aws, "ecr", "batch-get-image", "--region", repository["region"], "--output", "json"]
    command += ["--registry-id", repository["account"], "--repository-name", repository["name"]]
    try:
        printed([*command, "--image-ids", "imageTag=latest", "--query", "failures"])
    except RuntimeError as error:
        return {"allowed": False} if "AccessDenied" in str(error) else {}
    return {"allowed": True}


def printed(command: list[str]) -> str:
    """Run a command, and return its output.

    Raises:
        RuntimeError: the command fails; the message is the reason.
    """
    environment = {**os.environ, "AWS_MAX_ATTEMPTS": "1"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=15, check=False)
    except subprocess.TimeoutExpired:
        raise RuntimeError("it gave no answer in 15 seconds") from None
    except OSError as error:
        raise RuntimeError(error.strerror or "it cannot be run") from None
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())
        raise RuntimeError(said[:300] or "it does not say why")
    return done.stdout.decode(errors="replace")


def runner_version() -> str:
    """The output of `gitlab-runner --version`; empty if it fails."""
    program = shutil.which("gitlab-runner")
    if ROOT != "/" or not program:
        return ""
    try:
        return printed([program, "--version"])
    except RuntimeError:
        return ""


def asked(request: dict[str, Any]) -> dict[str, Any]:
    """Call a helper, and return its answer without the password."""
    environment = dict(request["environment"])
    if ROOT != "/":
        environment["PATH"] = ":".join(str(place(each)) for each in environment["PATH"].split(":"))
        environment["RUNNER_REGISTRIES"] = str(place("/etc/gitlab-runner/registries"))
        environment["RUNNER_CREDENTIAL_CACHE"] = os.devnull
    program = request["program"]
    found = None if "/" in program else shutil.which(program, path=environment["PATH"])
    if found is None:
        return {"missing": True}
    if ROOT != "/":
        environment["PATH"] += ":" + os.environ.get("PATH", os.defpath)
    try:
        done = subprocess.run(
            [found, request["action"]],
            input=request["server"].encode(),
            env=environment,
            capture_output=True,
            timeout=15,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"late": True}
    except OSError as error:
        return {"problem": error.strerror or "it cannot be run"}
    output = done.stdout.decode(errors="replace")
    if output.strip() != "credentials not found in native keychain":
        output = hidden_answer(output, request["action"])
    scoped = program == "docker-credential-runner"  # its errors never contain a secret
    errors = done.stderr.decode(errors="replace")[:4000] if scoped else ""
    return {"status": done.returncode, "output": output, "errors": errors}


def hidden_answer(output: str, action: str) -> str:
    """The output of a helper without its secret."""
    try:
        answer = json.loads(output)
    except ValueError:
        return HIDDEN if output.strip() else ""
    if action == "list" or not isinstance(answer, dict):
        return json.dumps(dict.fromkeys(answer, "") if isinstance(answer, dict) else 0)
    plain = ("serverurl", "username")
    return json.dumps(
        {key: value if key.lower() in plain else hidden_value(value) for key, value in answer.items()}
    )


def answered(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request."""
    if "program" in request:
        return asked(request)
    if "repository" in request:
        return readable(request["repository"])
    return gathered(request.get("set_by_job", ()))


def main() -> None:
    """Answer the request in the command line."""
    answer = answered(json.loads(base64.b64decode(sys.argv[1])))
    packed = base64.b64encode(zlib.compress(json.dumps(answer).encode(), 9)).decode()
    if len(packed) > LONGEST_OUTPUT:
        sys.exit("the files are too large for Run Command")
    print(packed)


if __name__ == "__main__":
    main()
