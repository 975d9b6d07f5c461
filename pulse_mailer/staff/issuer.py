"""Signing in with an organisation's account, by OpenID Connect; the only import of Authlib, an extra."""

import base64
import contextlib
import hmac
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from cryptography.fernet import Fernet, InvalidToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from pulse_mailer.errors import IssuerFault, Refused
from pulse_mailer.keys import Keys

LASTS_SECONDS = 600

_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
_LEEWAY_SECONDS = 60
_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Begun:
    """
    Attributes:
        address: where the browser goes to.
        kept: what it brings back, sealed: nobody reads it, and nobody makes one.
    """

    address: str
    kept: str


@dataclass(frozen=True, slots=True, repr=False)
class Issuer:
    """
    Attributes:
        address: the issuer's, as its discovery document and its tokens name it.
        comes_back_to: our page that it sends the browser back to.
    """

    address: str
    client_id: str
    client_secret: str
    comes_back_to: str
    keys: Keys

    def begin(self, wanted: str) -> Begun:
        """
        Args:
            wanted: the page to go to in the end.

        Raises:
            IssuerFault: the issuer does not answer as it should.
        """
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        with _understood(), self._session() as session:
            place = self._discovered(session)["authorization_endpoint"]
            address, state = session.create_authorization_url(place, nonce=nonce, code_verifier=verifier)
        kept = json.dumps({"state": state, "nonce": nonce, "verifier": verifier, "wanted": wanted})
        return Begun(address, self._seal().encrypt(kept.encode()).decode())

    def verified(self, kept: str, answer: str) -> tuple[str, str]:
        """
        The e-mail address that the issuer has verified, and the page that was wanted.

        Args:
            answer: the whole address that the browser came back to.

        Raises:
            Refused: it is not the answer to what this browser began, or the address is not verified.
            IssuerFault: the issuer does not answer as it should.
        """
        began = self._opened(kept)
        given = parse_qs(urlsplit(answer).query)
        if given.get("state") != [began["state"]] or "code" not in given:
            raise Refused("The other side did not let you in.", remedy="Begin again.")
        with _understood(), self._session() as session:
            found = self._discovered(session)
            token = session.fetch_token(
                found["token_endpoint"],
                code=given["code"][0],
                code_verifier=began["verifier"],
                timeout=_TIMEOUT_SECONDS,
            )
            signed_by = KeySet.import_key_set(self._fetched(session, found["jwks_uri"]))
            claims = jwt.decode(token["id_token"], signed_by, algorithms=_ALGORITHMS).claims
            self._check(claims, began["nonce"])
        address = claims.get("email")
        if not isinstance(address, str) or claims.get("email_verified") is not True:
            raise Refused("The other side names no e-mail address of yours that it has verified.")
        return address, began["wanted"]

    def _check(self, claims: dict[str, Any], nonce: str) -> None:
        jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": self.address},
            aud={"essential": True, "value": self.client_id},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(claims)

    def _session(self) -> Any:
        return OAuth2Session(
            self.client_id,
            self.client_secret,
            scope="openid email",
            redirect_uri=self.comes_back_to,
            code_challenge_method="S256",
        )

    def _discovered(self, session: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._fetched(
            session, f"{self.address.rstrip('/')}/.well-known/openid-configuration"
        )
        if found["issuer"] != self.address:
            raise ValueError("it names another issuer")
        return found

    def _fetched(self, session: Any, address: str) -> Any:
        answer = session.get(address, withhold_token=True, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
        answer.raise_for_status()
        return answer.json()

    def _opened(self, kept: str) -> dict[str, str]:
        try:
            opened: dict[str, str] = json.loads(self._seal().decrypt(kept.encode(), ttl=LASTS_SECONDS))
        except InvalidToken:
            raise Refused("That sign-in began elsewhere, or too long ago.", remedy="Begin again.") from None
        return opened

    def _seal(self) -> Fernet:
        return Fernet(
            base64.urlsafe_b64encode(hmac.digest(self.keys.address, b"pulse-mailer oidc", "sha256"))
        )


@contextlib.contextmanager
def _understood() -> Iterator[None]:
    """What the library and the line say becomes one sentence of ours."""
    try:
        yield
    # A line that fails is an OSError in requests; an answer that is no JSON, or lacks a field, one of the others.
    except (AuthlibBaseError, JoseError, OSError, ValueError, KeyError, TypeError) as error:
        raise IssuerFault(
            f"The issuer of accounts does not answer as it should: {type(error).__name__}.",
            remedy="Try again, or sign in by password. The settings PULSE_MAILER_OIDC_… say who it is.",
        ) from error
