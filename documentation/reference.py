"""The reference: every component, key, default and limit, from the library's types, and every command."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pulumi_gitlab_runner.package.provider import analyzed_schema
from pulumi_gitlab_runner.spec.json_schema import stack_file_schema

from documentation import commands

DECLARATION, CONFIG, COMPONENTS, COMMANDS = (
    f"reference/{page}.md" for page in ("declaration", "config-toml", "components", "commands")
)
_STACK = "StackDeclaration"
_ABBREVIATIONS = {"Aws": "AWS", "Ecr": "ECR", "Ecs": "ECS", "Kms": "KMS"}
_PLAIN_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
_DEFAULT = re.compile(r"\s*Default:?\s+(.+?)(?:\.(?=\s[A-Z])|\.?$)", re.DOTALL)
_CONFIG = re.compile(r"[A-Z]\w*Config$")

_ABOUT_DECLARATION = """\
This page lists the keys of a stack's declaration: `gitlab-runner:stack` in `Pulumi.STACK.yaml`, or the
arguments of `RunnerStack`. A key with an asterisk is required. `NAME` is a name that you choose. To encrypt
a value, run `pulumi config set --secret --path`.
"""
_ABOUT_CONFIG = """\
This page lists the keys that `config` of a runner and `config` of a host accept, with the version of
gitlab-runner that introduced each key. If `config.toml` spells a key differently, both spellings are
accepted. Keys that the library sets and secrets are refused.
"""
_ABOUT_COMPONENTS = """\
This page lists the arguments and outputs of each component. Each has the arguments `(name, args, opts)`.
Keys are in Pulumi's spelling; in Python, they are in snake case. An *Input* accepts outputs of other
resources. Other keys decide which resources exist, and accept only plain values.
"""


@cache
def _schema() -> dict[str, Any]:
    return stack_file_schema()


def pages() -> dict[str, str]:
    """The pages of the reference, by their paths in the site."""
    schema = _schema()
    tables = {_STACK: schema["properties"]["config"]["properties"]["gitlab-runner:stack"], **schema["$defs"]}
    return {
        DECLARATION: _declaration_page(tables),
        CONFIG: _config_page(tables),
        COMPONENTS: _components_page(),
        COMMANDS: commands.page(),
    }


def _declaration_page(tables: Mapping[str, Any]) -> str:
    used = _places(tables)
    parts = [
        "# Declaration\n",
        _ABOUT_DECLARATION,
    ]
    for name, table in tables.items():
        if not _is_config(name):
            parts += _section(name, table, used.get(name, []))
    return "\n".join(parts)


def _config_page(tables: Mapping[str, Any]) -> str:
    parts = [
        "# config.toml\n",
        _ABOUT_CONFIG,
    ]
    for name, table in tables.items():
        if _is_config(name):
            parts += _section(name, table, [])
    return "\n".join(parts)


def _is_config(name: str) -> bool:
    return _CONFIG.match(name) is not None


def _section(name: str, table: Mapping[str, Any], places: list[str]) -> Iterator[str]:
    yield f"## {_title(name)} {{#{name.lower()}}}\n"
    if places:
        yield "In " + ", ".join(f"`{place}`" for place in places[:4]) + ".\n"
    yield f"{_described(table.get('description', ''))}\n"
    if not table["properties"]:
        yield "It has no keys: `{}`.\n"
        return
    yield "| Key | Type | Default | Description |\n| --- | --- | --- | --- |"
    for key, about in _by_field(table["properties"]):
        text, default = _with_default(about.get("description", ""))
        mark = "\\*" if key.split(" ")[0].strip("`") in table.get("required", ()) else ""
        yield f"| {key}{mark} | {_type(about)} | {default} | {text} |"
    yield ""


def _by_field(properties: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each key once; a second spelling of the same key is shown after the first."""
    spellings: dict[int, list[str]] = {}
    for name, about in properties.items():
        spellings.setdefault(id(about), []).append(name)
    for names in spellings.values():
        shown = f"`{names[0]}`" + "".join(f" (`{other}`)" for other in names[1:])
        yield shown, properties[names[0]]


def _title(name: str) -> str:
    """The section title of a definition, such as "ECR public" for `EcrPublicDeclaration`."""
    if name == _STACK:
        return "The stack"
    if _is_config(name):
        return name
    words = re.findall(r"GitLab|[A-Z][a-z0-9]*", re.sub(r"(Declaration|Args)$", "", name))
    shown = [_ABBREVIATIONS.get(word, word if word == "GitLab" else word.lower()) for word in words]
    return " ".join([shown[0][:1].upper() + shown[0][1:], *shown[1:]])


def _places(tables: Mapping[str, Any]) -> dict[str, list[str]]:
    """The paths in the declaration at which each definition is used."""
    found: dict[str, list[str]] = {}

    def walk(name: str, path: str, depth: int) -> None:
        for key, about in tables[name]["properties"].items():
            for target, suffix in _targets(about):
                place = f"{path}{key}{suffix}"
                if place not in found.setdefault(target, []):
                    found[target].append(place)
                    if depth and not _is_config(target):
                        walk(target, f"{place}.", depth - 1)

    walk(_STACK, "", 4)
    return found


def _targets(about: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "$ref" in about:
        yield about["$ref"].rpartition("/")[2], ""
    for other in about.get("anyOf", ()):
        yield from _targets(other)
    for key, suffix in (("items", "[]"), ("additionalProperties", ".NAME")):
        if isinstance(about.get(key), dict):
            yield from ((target, suffix + more) for target, more in _targets(about[key]))


def _type(about: Mapping[str, Any]) -> str:
    if "$ref" in about:
        name = about["$ref"].rpartition("/")[2]
        page = "config-toml.md" if _is_config(name) else "declaration.md"
        return f"[{_title(name)}]({page}#{name.lower()})"
    if "anyOf" in about:
        return " or ".join(dict.fromkeys(_type(other) for other in about["anyOf"]))
    if "secure" in about.get("properties", {}):
        return "encrypted"
    if about.get("type") == "array":
        return f"list of {_type(about['items'])}"
    if about.get("type") == "object":
        content = about.get("additionalProperties")
        return f"{_type(content)} by name" if isinstance(content, dict) else "table"
    return _PLAIN_TYPES.get(about.get("type", ""), "any")


def _with_default(description: str) -> tuple[str, str]:
    """A description without its default value, and the default value."""
    found = _DEFAULT.search(description)
    if not found:
        return _described(description), ""
    rest = description[: found.start()] + description[found.end() :].removeprefix(".")
    return _described(rest), _described(found[1])


def _described(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _components_page() -> str:
    schema = dict(analyzed_schema())
    parts = [
        "# Components\n",
        _ABOUT_COMPONENTS,
    ]
    for token, resource in sorted(schema["resources"].items()):
        name = token.rpartition(":")[2]
        parts.append(f"## {name} {{#{name.lower()}}}\n")
        parts.append(f"{_paragraphs(resource['description'])}\n")
        for title, key, required in (
            ("Arguments", "inputProperties", resource.get("requiredInputs", ())),
            ("Outputs", "properties", ()),
        ):
            properties = resource.get(key) or {}
            if not properties:
                continue
            parts.append(f"**{title}**\n\n| Key | Type | Description |\n| --- | --- | --- |")
            for each, about in properties.items():
                mark = "\\*" if each in required else ""
                shown = _schema_type(about, schema["types"])
                if key == "inputProperties" and not about.get("plain"):
                    shown += ", *Input*"
                parts.append(f"| `{each}`{mark} | {shown} | {_described(about.get('description', ''))} |")
            parts.append("")
    return "\n".join(parts)


def _schema_type(about: Mapping[str, Any], types: Mapping[str, Any]) -> str:
    if "$ref" in about:
        reference = about["$ref"]
        name = reference.rpartition(":")[2]
        if reference.startswith("#/types/") and reference.removeprefix("#/types/") in types:
            known = _schema()["$defs"] if name.endswith("Declaration") else {}
            return f"[{_title(name)}](declaration.md#{name.lower()})" if name in known else _title(name)
        return "any"
    if about.get("type") == "array":
        return f"list of {_schema_type(about['items'], types)}"
    if about.get("type") == "object":
        content = about.get("additionalProperties")
        return f"{_schema_type(content, types)} by name" if isinstance(content, dict) else "table"
    return _PLAIN_TYPES.get(about.get("type", ""), "any")


def _paragraphs(text: str) -> str:
    """A docstring as Markdown: with an empty line before a list."""
    return re.sub(r"(?m)^(Creates[^\n]*:)\n(?=- )", r"\1\n\n", text)
