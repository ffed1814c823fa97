"""An HTTP client of Earmark's own API, whose errors are sentences for a person."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError

from app.settings import get_settings

TIMEOUT_S = 120.0


class ClientError(Exception):
    """A call that did not succeed. ``about_request``: the server judged what was sent."""

    def __init__(self, message: str, *, about_request: bool = False) -> None:
        super().__init__(message)
        self.about_request = about_request


@dataclass(frozen=True, slots=True)
class Client:
    """Calls one Earmark."""

    url: str
    token: str | None

    @classmethod
    def from_environment(cls) -> "Client":
        """The Earmark that EARMARK_URL names, with EARMARK_ADMIN_TOKEN."""
        settings = get_settings()
        token = settings.admin_token.get_secret_value() if settings.admin_token else None
        if not settings.url.startswith(("http://", "https://")):
            raise ClientError(f"EARMARK_URL should start with http:// or https://: {settings.url}")
        return cls(settings.url.rstrip("/"), token)

    def require_token(self) -> None:
        """Raise ClientError where there is no token to send."""
        if not self.token:
            raise ClientError(
                "This needs the admin token: set EARMARK_ADMIN_TOKEN (it was shown when "
                "Earmark started, and is in the file admin-token of its data folder)."
            )

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
    ) -> tuple[int, Any]:
        """The status and the answer: JSON where it is, else text. Raises ClientError.

        With ``files``, ``query`` goes into the form beside them.
        """
        if not path.startswith("/search"):
            self.require_token()
        fields = {**(query or {}), **(files or {})}
        more: dict[str, Any] = {"fields": fields} if fields else {}
        if body is not None:
            more["json"] = body
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            response = urllib3.request(
                method,
                f"{self.url}/api/v1{path}",
                headers=headers,
                timeout=TIMEOUT_S,
                retries=False,
                **more,
            )
        except LocationParseError as error:
            raise ClientError(f"EARMARK_URL is not an address: {self.url}") from error
        except HTTPError as error:
            raise ClientError(_unreachable(self.url, error)) from error
        return response.status, _answer(response, self.url)

    def items(self, path: str) -> Iterator[Any]:
        """Every item of a list, page by page."""
        query: dict[str, Any] = {"size": 100}
        while True:
            _, page = self.call("GET", path, query=query)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]


def _unreachable(url: str, error: HTTPError) -> str:
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return f"Earmark at {url} did not answer within {TIMEOUT_S:g} seconds."
    return f"No Earmark answers at {url}. Is it running? EARMARK_URL says where to look."


def _answer(response: urllib3.BaseHTTPResponse, url: str) -> Any:
    if response.status == 204:
        return None
    kind = response.headers.get("Content-Type", "")
    if response.status < 400:
        if "json" in kind:
            return json.loads(response.data)
        if "html" in kind:
            raise ClientError(f"What answers at {url} is not Earmark.")
        return response.data.decode()
    if "problem+json" not in kind:
        raise ClientError(f"What answers at {url} is not Earmark (status {response.status}).")
    problem = json.loads(response.data)
    raise ClientError(_sentence(problem), about_request=response.status in (409, 422, 504))


def _sentence(problem: dict[str, Any]) -> str:
    if problem["status"] == 401:
        return "The admin token is wrong: check EARMARK_ADMIN_TOKEN."
    return str(problem["detail"])
