"""Refused: a request that ends with a status and a reason; and the JSON of every error."""

import random
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException


class Refused(Exception):  # noqa: N818  a status below 500 is the client's error, not ours
    """An error that ends a request: `status`, one line, and headers such as Retry-After."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}


class ClientGone(Exception):  # noqa: N818  nothing went wrong
    """The client has closed its connection and waits for no answer."""


def busy(message: str) -> Refused:
    """Return a 503: nothing is wrong with the request, which can be repeated in a second."""
    return Refused(503, f"{message}; try again in a second", {"retry-after": "1"})


def new_id() -> str:
    """Return 16 hex digits, which an error's answer and its line in the log have in common."""
    return f"{random.getrandbits(64):016x}"


def error_json(message: str, error_id: str) -> bytes:
    """Return the body of an error."""
    line = " ".join(message.split())
    return to_json({"error": {"message": line, "id": error_id}})


def refuse_as_ours(app: FastAPI) -> None:
    """Turn errors of the framework into Refused, so that one place writes all errors."""

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> None:
        message, headers = str(error.detail), dict(error.headers or {})
        if error.status_code == 404:
            message = "there is nothing here"
        if error.status_code == 405:
            methods = set(headers["Allow"].split(", "))
            headers["Allow"] = ", ".join(
                sorted(methods | {"HEAD"} if "GET" in methods else methods)
            )
            message = f"this path takes {headers['Allow']}, and no other method"
        raise Refused(error.status_code, message, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> None:
        first = error.errors()[0]
        raise Refused(422, f"{first['loc'][-1]}: {first['msg']}")
