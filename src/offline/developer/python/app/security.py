"""Access tokens: who calls, signed with the service's secret.

`python -m app.security ROLE [ID]` prints one; ID is the id of the actor's own record.
"""

import base64
import binascii
import hashlib
import hmac
import json
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import SystemClock
from app.config import ConfigurationError, Settings

# Each role, and whether its tokens carry the id of a record.
ROLES = {{roles}}


@dataclass(frozen=True)
class Actor:
    """Who calls: the role and the id of its own record, which not every role has."""

    role: str
    subject: int | None


def issue_token(secret: str, role: str, subject: int | None, expires_at: datetime) -> str:
    """A token for one actor, valid until `expires_at`."""
    claims = {"role": role, "sub": subject, "exp": int(expires_at.timestamp())}
    payload = _encode(json.dumps(claims).encode())
    return f"{payload}.{_encode(_sign(secret, payload))}"


def read_token(secret: str, token: str, now: datetime) -> Actor | None:
    """The actor that a token stands for; None when it is forged, damaged or expired."""
    payload, _, signature = token.partition(".")
    try:
        if not hmac.compare_digest(_decode(signature), _sign(secret, payload)):
            return None
        claims = json.loads(_decode(payload))
    except (binascii.Error, ValueError):
        return None
    if claims["role"] not in ROLES or claims["exp"] <= now.timestamp():
        return None
    return Actor(claims["role"], claims["sub"])


def _sign(secret: str, payload: str) -> bytes:
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def main(arguments: list[str]) -> int:
    """Prints a token for the role and record id of the command line."""
    role = arguments[0] if arguments else ""
    subject = arguments[1] if len(arguments) == 2 else None
    if role not in ROLES or ROLES[role] != (subject is not None and subject.isdecimal()):
        print("usage: python -m app.security ROLE [ID], one of:", file=sys.stderr)
        for name, has_record in ROLES.items():
            print(f"  {name} ID" if has_record else f"  {name}", file=sys.stderr)
        return 2
    try:
        settings = Settings.from_env()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    expires_at = SystemClock().now() + timedelta(hours=settings.token_hours)
    record = int(subject) if subject is not None else None
    print(issue_token(settings.secret, role, record, expires_at))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
