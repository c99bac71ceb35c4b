"""Settings: the address, the token and the limits of the service."""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from fashionlab.errors import DataFormatError, InvalidValueError
from fashionlab.images.decode import LARGEST_BYTES
from fashionlab.text import read_text

TOKEN_VARIABLE = "FASHIONLAB_TOKEN"  # noqa: S105  a name, not a token
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{16,512}=*")  # what "Authorization: Bearer" can carry
HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})")
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Settings:
    """The settings of a service.

    Raises InvalidValueError for wrong values, and for an address that is open to other machines
    without a token.
    """

    host: str = "127.0.0.1"
    port: int = 8000  # 0: any free one
    token: str | None = field(default=None, repr=False)
    names: tuple[str, ...] = ()  # further host names that clients may call it by, without a port

    largest_body: int = LARGEST_BYTES  # bytes of a photo
    largest_json: int = 4_000_000  # bytes; 256 images of 28 x 28 take 1 MB
    bodies: int = 256_000_000  # bytes of all the bodies that are held at a time
    largest_request: int = 256  # images
    largest_batch: int = 32  # images; larger batches take no less time an image
    queue: int = 256  # images that wait for a model
    in_progress: int = 64  # requests with a whole body: a batch in the model, and the next

    deadline: float = 5.0  # seconds until a model takes a request's images, or it is refused
    body_seconds: float = 60.0  # for a request's body to arrive
    body_grace: float = 5.0  # seconds before `body_rate` counts
    body_rate: int = 20_000  # bytes a second, the slowest pace of a body on average
    keep_alive: int = 15  # seconds an idle connection stays open
    stop_seconds: int = 10  # for requests in flight to be answered when the service stops

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise InvalidValueError(
                f"port must be 0..65535, received {self.port}; 0 takes any that is free"
            )
        for limit in fields(self):
            value = getattr(self, limit.name)
            if limit.type in (int, float) and limit.name != "port" and not value > 0:
                raise InvalidValueError(
                    f"{limit.name} must be positive, received {value}; leave it out"
                )
        for name in self.names:
            if not HOST_NAME.fullmatch(name):
                raise InvalidValueError(
                    f"a host name has letters, digits, dots and hyphens, received {name!r}; "
                    "give it without a scheme, port or path, e.g. garments.example.org"
                )
        if self.token is None and not is_loopback(self.host):
            raise InvalidValueError(
                f"without a token only this machine may be served, received host {self.host!r}; "
                f"set {TOKEN_VARIABLE}, give --token-file, or use 127.0.0.1"
            )
        if self.token is not None and not TOKEN.fullmatch(self.token):
            raise InvalidValueError(
                f"a token has at least 16 of A-Z a-z 0-9 . _ ~ + / -, received {len(self.token)} "
                "characters that do not fit; make one with: openssl rand -hex 32"
            )

    def host_names(self) -> frozenset[str]:
        """Return the names that Host may have, in lower case and without a port."""
        bound = f"[{self.host}]" if ":" in self.host else self.host
        return frozenset(name.lower() for name in (*LOOPBACK_NAMES, bound, *self.names))


def is_loopback(host: str) -> bool:
    """Return whether only this machine can connect to `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_token(file: Path | None = None, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the token from `file`, else from FASHIONLAB_TOKEN, else None.

    The command line has no option for it: every user of the machine can read that. Raises
    InvalidValueError if the file cannot be read or is empty.
    """
    if file is None:
        return environment.get(TOKEN_VARIABLE) or None
    try:
        token = read_text(file, "a token file").strip()
    except DataFormatError as error:
        raise InvalidValueError(str(error)) from error
    except OSError as error:
        raise InvalidValueError(
            f"a token file must be readable, received {file} ({error.strerror or error}); write "
            "the token into it"
        ) from error
    if not token:
        raise InvalidValueError(
            f"a token file holds a token, received {file}, empty; write one into it"
        )
    return token
