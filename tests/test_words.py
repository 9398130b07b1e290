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
"""The tests are apart: what they use as hostile or wrong input may contain anything."""

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


DOCUMENTS = ("*.md", ":!docs/findings.md", ":!tests")
"""The pages of the documentation, without the one that is generated."""

WORDS_OF_DOCUMENTS = {
    r"\bof (your|its|their) own\b(?! \w)": "your own, its own; separate",
    r"\bin place of\b": "instead of",
    r"\bout of reach\b": "cannot access, cannot configure",
}


WORDS_OF_TESTS = {
    r"(?i)(?:\b|_)(told|tells|whoever|hither|bears|anew)(?:\b|_)": "is reported, has, again; expected",
}

ADVICE = WORDS | WORDS_OF_USERS | WORDS_OF_DOCUMENTS | WORDS_OF_TESTS
PLACES = {
    **dict.fromkeys(WORDS, WHERE),
    **dict.fromkeys(WORDS_OF_USERS, READ_BY_USERS),
    **dict.fromkeys(WORDS_OF_DOCUMENTS, DOCUMENTS),
    **dict.fromkeys(WORDS_OF_TESTS, ("tests/*.py", ":!tests/test_words.py")),
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


@pytest.mark.parametrize("pattern", PLACES)
def test_replaced_words_stay_out(pattern: str) -> None:
    word = re.compile(pattern)
    found = []
    for name in files(PLACES[pattern]):
        path = CHECKOUT / name
        if not path.is_file() or path.is_symlink():
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        found += [
            f"{name}:{number}: {line.strip()}" for number, line in enumerate(lines, 1) if word.search(line)
        ]
    assert not found, f"rather: {ADVICE[pattern]}\n" + "\n".join(found)
