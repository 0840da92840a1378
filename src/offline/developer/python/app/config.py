"""Configuration: read once, at the start, from environment variables."""

import os
from dataclasses import dataclass


# @if actors
class ConfigurationError(RuntimeError):
    """The service cannot start like this; the message says what to change."""


# @end
@dataclass(frozen=True)
class Settings:
    """What differs between one installation and the next."""

    database_path: str = {{database}}
    # @if actors
    secret: str = ""
    token_hours: int = 12
    # @end

    # @if actors
    def __post_init__(self) -> None:
        if not self.secret:
            raise ConfigurationError(
                "APP_SECRET is not set. It signs the access tokens: set it to a long random text, "
                "for example with `export APP_SECRET=$(openssl rand -hex 32)`."
            )

    # @end
    @classmethod
    def from_env(cls) -> "Settings":
        # @if actors
        """The settings that APP_DATABASE, APP_SECRET and APP_TOKEN_HOURS ask for."""
        hours = os.environ.get("APP_TOKEN_HOURS", str(cls.token_hours))
        if not hours.isdecimal() or int(hours) == 0:
            raise ConfigurationError("APP_TOKEN_HOURS must be a whole number above 0.")
        return cls(
            database_path=os.environ.get("APP_DATABASE", cls.database_path),
            secret=os.environ.get("APP_SECRET", ""),
            token_hours=int(hours),
        )
        # @else
        """The settings that APP_DATABASE asks for."""
        return cls(database_path=os.environ.get("APP_DATABASE", cls.database_path))
        # @end
