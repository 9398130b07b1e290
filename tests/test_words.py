"""Words and names that were replaced by those of the field stay out: `fix`, "not declared", "no one", …"""

import re
import subprocess

import pytest

from sandbox.paths import CHECKOUT

WHERE = (
    "README.md",
    "bench",
    "components",
    "dev",
    "docs",
    "examples",
    "policy",
    "sandbox",
    "stacks",
    "templates",
)
"""The tests are left out: what they take for hostile or wrong input may hold anything."""

READ_BY_USERS = ("README.md", "components", "docs", "examples", "policy", "stacks", "templates")
"""What users read in the editor, the reference, a preview, a log, or the source of the library."""

WORDS = {
    r"(?i)\bmend(s|ed|ing)?\b": "fix; patch, for moto",
    r"(?i)(?<![/@<\w])nobody\b(?![@/])": "no one, none, not declared",
    r"\btopic that is told\b|\bTells an SNS topic\b": "notified",
    r"\b(told_once|written_out|least_problems|silence_alarm|closed_bucket|freedoms)\b": "see the glossary",
    r"\bdef (build_(stack|registry|runner|host)|network_of|build_of)\b": "parse_stack, parse_host, …",
    r"\bplace: AwsEnvironment\b": "environment",
}


WORDS_OF_USERS = {
    r"(?i)\b(told|tells)\b": "says, reports, returns, shows",
    r"(?i)\b(whoever|hither)\b": "everyone who, the identity that",
    r"(?i)\b(bears?)\b": "has",
    r"(?i)\b(lies|stands)\b": "is in, is stored; matches, means",
    r"\"\"\"What is wrong with\b": "The problems of",
}


def files(where: tuple[str, ...]) -> list[str]:
    listed = subprocess.run(
        ("git", "ls-files", "-z", *where),
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return [each for each in listed.stdout.split("\0") if each and not each.endswith("LICENSE")]


@pytest.mark.parametrize("pattern", [*WORDS, *WORDS_OF_USERS])
def test_replaced_words_stay_out(pattern: str) -> None:
    word = re.compile(pattern)
    found = []
    for name in files(WHERE if pattern in WORDS else READ_BY_USERS):
        path = CHECKOUT / name
        if not path.is_file() or path.is_symlink():
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        found += [
            f"{name}:{number}: {line.strip()}" for number, line in enumerate(lines, 1) if word.search(line)
        ]
    assert not found, f"rather: {(WORDS | WORDS_OF_USERS)[pattern]}\n" + "\n".join(found)
