"""A text that must not be shown."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Secret:
    """A password or a token: neither its ``repr`` nor its ``str`` tell it.

    It is pydantic's `SecretStr` as far as it is needed here, without loading that library.
    """

    _value: str = field(repr=False)

    def get_secret_value(self) -> str:
        """The text."""
        return self._value

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(…)" if self._value else "Secret()"
