"""A text that is never shown in messages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Secret:
    """A password or a token, shown neither by ``repr`` nor by ``str``.

    A minimal version of pydantic's `SecretStr`, without the import of pydantic.
    """

    _value: str

    def get_secret_value(self) -> str:
        """The text."""
        return self._value

    def __bool__(self) -> bool:
        """Whether the text is not empty."""
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(…)" if self._value else "Secret()"
