"""Refused: a request that gets no answer but a status and a reason; and the shape errors have."""

import json
import os
from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException


class Refused(Exception):  # noqa: N818  a status below 500 is the client's error, not ours
    """Ends a request: `status`, one line for the client, and headers such as Retry-After."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}


def busy(message: str) -> Refused:
    """503: nothing is wrong with the request, it may come again in a second."""
    return Refused(503, f"{message}; try again in a second", {"retry-after": "1"})


def new_id() -> str:
    """What an error's answer and its line on stderr have in common: 16 hex digits."""
    return os.urandom(8).hex()


def error_body(message: str, error_id: str) -> bytes:
    """The JSON of every error."""
    line = " ".join(message.split())
    return json.dumps({"error": {"message": line, "id": error_id}}).encode()


def answer_errors(app: FastAPI) -> None:
    """What the framework refuses has the shape of our errors."""

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> Response:
        message = "there is nothing here" if error.status_code == 404 else str(error.detail)
        return _response(error.status_code, message, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return _response(422, f"{first['loc'][-1]}: {first['msg']}")


def _response(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(error_body(message, new_id()), status, headers, media_type="application/json")
