"""Failures by status: each as the API that was asked reports it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from tracefork_tui.tape.answer import Answer

from .model import Fault, Param, Params, Sight, Sights
from .recorded import Recorded


@dataclass(frozen=True)
class Failure:
    """A failed status, and what it is called by Anthropic, by OpenAI and by their SDKs."""

    name: str
    status: int
    summary: str
    message: str
    anthropic: str
    openai: str
    raises: str
    openai_raises: str

    def status_at(self, api: str) -> int:
        """529 is Anthropic's own; the others say 503."""
        return 503 if self.status == 529 and api != "messages" else self.status

    def body(self, api: str, request_id: str) -> dict[str, Any]:
        """The error's JSON: a response's body, or the data of an event."""
        if api == "messages":
            error = {"type": self.anthropic, "message": self.message}
            return {"type": "error", "error": error, "request_id": request_id}
        status = self.status_at(api)
        if api == "generate":
            word = _GOOGLE[status]
            return {"error": {"code": status, "message": self.message, "status": word}}
        if api in ("converse", "cohere"):
            return {"message": self.message}
        kind = self.openai if status >= 429 else "invalid_request_error"
        return {
            "error": {"message": self.message, "type": kind, "param": None, "code": self.openai}
        }


_GOOGLE = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}

OVERLOADED = Failure(
    "overloaded",
    529,
    "the API is overloaded",
    "Overloaded",
    "overloaded_error",
    "server_overloaded",
    "OverloadedError",
    "InternalServerError",
)

FAILURES = (
    Failure(
        "bad_request",
        400,
        "the API finds the request invalid",
        "messages: the request is not valid",
        "invalid_request_error",
        "invalid_request",
        "BadRequestError",
        "BadRequestError",
    ),
    Failure(
        "unauthorized",
        401,
        "the API does not know the key",
        "invalid x-api-key",
        "authentication_error",
        "invalid_api_key",
        "AuthenticationError",
        "AuthenticationError",
    ),
    Failure(
        "forbidden",
        403,
        "the key may not do this",
        "Your API key does not have permission to use the specified resource.",
        "permission_error",
        "insufficient_permissions",
        "PermissionDeniedError",
        "PermissionDeniedError",
    ),
    Failure(
        "not_found",
        404,
        "the model or the endpoint is not there",
        "model: not found",
        "not_found_error",
        "model_not_found",
        "NotFoundError",
        "NotFoundError",
    ),
    Failure(
        "too_large",
        413,
        "the request is larger than the API takes",
        "Request exceeds the maximum size",
        "request_too_large",
        "request_too_large",
        "ContentTooLargeError",
        "APIStatusError",
    ),
    Failure(
        "rate_limited",
        429,
        "too many requests or tokens a minute",
        "This request would exceed your organization's rate limit. Please try again later.",
        "rate_limit_error",
        "rate_limit_exceeded",
        "RateLimitError",
        "RateLimitError",
    ),
    Failure(
        "server_error",
        500,
        "the API fails",
        "Internal server error",
        "api_error",
        "server_error",
        "InternalServerError",
        "InternalServerError",
    ),
    Failure(
        "unavailable",
        503,
        "the API is down",
        "Service unavailable",
        "api_error",
        "service_unavailable",
        "ServiceUnavailableError",
        "InternalServerError",
    ),
    OVERLOADED,
)


def request_id(recorded: Recorded, name: str) -> str:
    """An id of the API's form, the same for the same fault at the same request."""
    digest = hashlib.sha256(recorded.step.request.body_hash + name.encode()).hexdigest()
    return f"req_01{digest[:22]}"


def _answer(failure: Failure, recorded: Recorded, params: Params) -> Answer:
    own_id = request_id(recorded, failure.name)
    body = json.dumps(failure.body(recorded.api, own_id), separators=(",", ":")).encode()
    status = failure.status_at(recorded.api)
    headers = [
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        ("request-id" if recorded.api == "messages" else "x-request-id", own_id),
    ]
    wait = params.get("retry_after")
    if wait is not None:
        headers.append(("retry-after", f"{wait:g}"))
    reason = HTTPStatus(status).phrase if status in list(HTTPStatus) else ""
    return Answer(status, headers, [body], reason=reason)


def _fault(failure: Failure) -> Fault:
    retried = failure.status == 429 or failure.status >= 500
    sights = Sights(
        Sight(failure.raises, retried),
        openai=Sight(failure.openai_raises, retried),
        http=Sight(f"a response with status {failure.status_at('')}"),
    )
    wait = Param("retry_after", "number", help="seconds in its retry-after header", least=0)
    params = (wait,) if failure.status == 429 else ()
    summary = f"{failure.status}: {failure.summary}"
    return Fault(failure.name, "exchange", summary, sights, partial(_answer, failure), params)


FAULTS = tuple(_fault(failure) for failure in FAILURES)
