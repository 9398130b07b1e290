"""The validation errors of GitLab's models, in the words of Rails."""

from sandbox.services.gitlab.refusals import invalid

Errors = dict[str, list[str]]
"""The messages by attribute."""


def blank(value: str) -> list[str]:
    """The error of an empty value."""
    return [] if value.strip() else ["can't be blank"]


def too_long(value: str | None, most: int) -> list[str]:
    """The error of a value of more characters."""
    return [f"is too long (maximum is {most} characters)"] if len(value or "") > most else []


def present(errors: Errors) -> Errors:
    """The attributes that have errors."""
    return {attribute: messages for attribute, messages in errors.items() if messages}


def require_valid(errors: Errors) -> None:
    """Raises 400 with the errors, if there are any."""
    if found := present(errors):
        raise invalid(found)


def inspected(errors: Errors) -> str:
    """Errors in the form of Ruby's `inspect`, which some messages contain."""
    shown = ", ".join(f':{attribute}=>["{messages[0]}"]' for attribute, messages in errors.items())
    return f"{{{shown}}}"
