"""The setting that says who acts at the command line; `settings` reads it with all others."""

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


def actor_fault(name: str) -> str:
    """Why a name cannot stand in records as who did something; empty: it can."""
    if not name.strip() or len(name) > 80 or not name.isprintable() or set(name) & set("():"):
        return "it must be a name or an address of at most 80 letters, without brackets and colons"
    return ""


class ActingSettings(BaseSettings):
    actor: str = Field(
        default="",
        description="Who acts at the command line, as records name them: a name or an address; "
        "empty: the account at the machine.",
    )

    @field_validator("actor")
    @classmethod
    def _actor_is_a_name(cls, value: str) -> str:
        if value and (fault := actor_fault(value)):
            raise ValueError(fault)
        return value.strip()
