"""The settings of how staff come in; `settings` reads them with all others."""

import ipaddress
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings


class SignInSettings(BaseSettings):
    admin: str = Field(
        default="admin@localhost",
        description="The address of who administers first: `serve` prints their one-time sign-in link "
        "while nobody can sign in.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Addresses or networks of proxies, with commas, whose X-Forwarded-For says where somebody "
        "comes from; empty: nobody's.",
    )

    oidc_issuer: str = Field(
        default="",
        description="Sign-in with an organisation's accounts (OpenID Connect): the issuer, such as "
        "https://login.example.org; empty: off.",
    )
    oidc_client_id: str = Field(default="", description="The client that we are to the issuer.")
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), description="Its secret.")

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer_is_safe(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1"):
            raise ValueError("it must begin with https://")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_addresses(cls, value: str) -> str:
        for one in filter(None, (part.strip() for part in value.split(","))):
            try:
                ipaddress.ip_network(one)
            except ValueError:
                raise ValueError("it must be addresses or networks, such as 127.0.0.1,10.0.0.0/8") from None
        return value
