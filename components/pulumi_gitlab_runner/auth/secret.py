"""Text that must not be shown."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Secret:
    """A password or a token, shown neither by ``repr`` nor by ``str``.

    A minimal version of pydantic's `SecretStr`, which need not be loaded.
    """

    _value: str

    def get_secret_value(self) -> str:
        """The text."""
        return self._value

    def __bool__(self) -> bool:
        """Whether it is not empty."""
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(…)" if self._value else "Secret()"
