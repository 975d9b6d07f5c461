"""The settings of what fetches strangers' pages; settings.py reads them with all others."""

import ipaddress

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class FetchSettings(BaseSettings):
    fetch_also: str = Field(
        default="",
        description="Networks whose pages are fetched though they are not public, such as 10.20.0.0/16; "
        "docs/collecting.md names the danger.",
    )

    @field_validator("fetch_also")
    @classmethod
    def _networks_are_some(cls, value: str) -> str:
        try:
            _networks(value)
        except ValueError:
            raise ValueError("it must name networks such as 10.20.0.0/16, with commas between them") from None
        return value

    @property
    def fetch_networks(self) -> tuple[Network, ...]:
        """Networks whose pages may be fetched though they are not public."""
        return _networks(self.fetch_also)


def _networks(value: str) -> tuple[Network, ...]:
    """
    Raises:
        ValueError: one is no network, or the whole of the internet.
    """
    found = tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())
    if any(network.prefixlen == 0 for network in found):
        raise ValueError("all there is")
    return found
