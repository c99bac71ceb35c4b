"""Settings: where the service listens, whom it answers, and its limits."""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from fashionlab.errors import InvalidValueError
from fashionlab.images.decode import LARGEST_BYTES

TOKEN_VARIABLE = "FASHIONLAB_TOKEN"  # noqa: S105  a name, not a token
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{16,512}=*")  # what "Authorization: Bearer" can carry
HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})")
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Settings:
    """Raises InvalidValueError for values that make no service, or an open one by mistake."""

    host: str = "127.0.0.1"
    port: int = 8000  # 0: any free one
    token: str | None = field(default=None, repr=False)
    names: tuple[str, ...] = ()  # further host names that clients may call it by, without a port

    largest_body: int = LARGEST_BYTES  # bytes of a photo
    largest_json: int = 4_000_000  # bytes; 256 images of 28 x 28 take 1 MB
    bodies: int = 256_000_000  # bytes of all the bodies that are held at a time
    largest_request: int = 256  # images
    largest_batch: int = 32  # images; more make no image cheaper, only the others' wait longer
    queue: int = 256  # images that wait for a model
    in_progress: int = 64  # requests that have come whole: a batch in the model, one that gathers
    readers: int = 2  # bodies decoded at a time: up to 160 MB of pixels, 90 MB of lists each
    unread: int = 64  # bodies that wait to be decoded

    deadline: float = 5.0  # seconds until a model takes a request's images, or it is refused
    head_seconds: float = 10.0  # for a request's head to arrive
    body_seconds: float = 60.0  # for a request's body to arrive
    body_grace: float = 5.0  # seconds before `body_rate` counts
    body_rate: int = 20_000  # bytes a second, the slowest pace of a body on average
    write_seconds: float = 30.0  # for a client to take what was sent to it
    keep_alive: int = 15  # seconds an idle connection stays open
    stop_seconds: int = 10  # for requests in flight to be answered when the service stops
    connections: int = 512  # half of the file descriptors that a process usually has

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise InvalidValueError(
                f"port must be 0..65535, got {self.port}; 0 takes any that is free"
            )
        for limit in fields(self):
            value = getattr(self, limit.name)
            if limit.type in (int, float) and limit.name != "port" and not value > 0:
                raise InvalidValueError(f"{limit.name} must be positive, got {value}; leave it out")
        for name in self.names:
            if not HOST_NAME.fullmatch(name):
                raise InvalidValueError(
                    f"a host name has letters, digits, dots and hyphens, got {name!r}; "
                    "give it without a scheme, port or path, e.g. garments.example.org"
                )
        if self.token is None and not is_loopback(self.host):
            raise InvalidValueError(
                f"without a token only this machine may be served, got host {self.host!r}; "
                f"set {TOKEN_VARIABLE}, give --token-file, or use 127.0.0.1"
            )
        if self.token is not None and not TOKEN.fullmatch(self.token):
            raise InvalidValueError(
                f"a token has at least 16 of A-Z a-z 0-9 . _ ~ + / -, got {len(self.token)} "
                "characters that do not fit; make one with: openssl rand -hex 32"
            )

    def host_names(self) -> frozenset[str]:
        """What a request's Host may be, in lower case and without a port."""
        bound = f"[{self.host}]" if ":" in self.host else self.host
        return frozenset(name.lower() for name in (*LOOPBACK_NAMES, bound, *self.names))


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_token(file: Path | None = None, environment: Mapping[str, str] = os.environ) -> str | None:
    """The token from `file`, else from FASHIONLAB_TOKEN, else None.

    Not from the command line, which every user of the machine can read. Raises InvalidValueError
    where the file cannot be read or is empty.
    """
    if file is None:
        return environment.get(TOKEN_VARIABLE) or None
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not ASCII text"
        raise InvalidValueError(
            f"a token file must be readable, got {file} ({reason}); write the token into it"
        ) from error
    if not token:
        raise InvalidValueError(f"a token file holds a token, got {file}, empty; write one into it")
    return token
