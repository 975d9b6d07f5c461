"""
Signature Version 4, by which Amazon knows who asks (AWS General Reference, "Signing AWS API requests").

The canonical request and the string to sign are as documented there for all services but S3, whose paths differ.
"""

import datetime
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom a signature holds."""

    region: str
    service: str


def signed_headers(
    credentials: Credentials,
    scope: Scope,
    method: str,
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    at: datetime.datetime,
) -> dict[str, str]:
    """The headers given and those that sign the request; `at` must be within five minutes of Amazon's time."""
    moment = at.astimezone(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    whole = {**headers, "Host": urlsplit(url).netloc, "X-Amz-Date": moment}
    if credentials.session_token:
        whole["X-Amz-Security-Token"] = credentials.session_token
    canonical = {name.lower(): " ".join(value.split()) for name, value in whole.items()}
    names = ";".join(sorted(canonical))
    request = "\n".join(
        [
            method,
            _path(url),
            _query(url),
            *(f"{name}:{canonical[name]}" for name in sorted(canonical)),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    covers = f"{moment[:8]}/{scope.region}/{scope.service}/aws4_request"
    to_sign = "\n".join([_ALGORITHM, moment, covers, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in covers.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    whole["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key_id}/{covers}, SignedHeaders={names}, Signature={signature}"
    )
    return whole


def _path(url: str) -> str:
    # Encoded once more than it stands in the URL: so all services but S3 want it.
    return quote(urlsplit(url).path or "/", safe="/-_.~")


def _query(url: str) -> str:
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    return "&".join(
        f"{name}={value}"
        for name, value in sorted(
            (quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in pairs
        )
    )
