"""The settings of others' services: providers' APIs and the spam filter; `settings` reads them with all others."""

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings


class ProviderSettings(BaseSettings):
    """Empty where nobody chose that provider; a backend that is chosen says which it lacks."""

    ses_region: str = Field(default="", description="Amazon SES: the region, such as eu-west-2.")
    ses_access_key_id: str = Field(default="", description="Amazon SES: the access key.")
    ses_secret_access_key: SecretStr = Field(default=SecretStr(""), description="Amazon SES: its secret.")
    ses_session_token: SecretStr = Field(
        default=SecretStr(""), description="Amazon SES: the token of temporary credentials."
    )
    ses_configuration_set: str = Field(default="", description="Amazon SES: the configuration set.")
    ses_endpoint: str = Field(default="", description="Amazon SES: another endpoint than the region's.")
    sendgrid_api_key: SecretStr = Field(default=SecretStr(""), description="SendGrid: the API key.")
    sendgrid_endpoint: str = Field(
        default="https://api.sendgrid.com",
        description="SendGrid: the endpoint; api.eu.sendgrid.com in the EU.",
    )
    mailgun_api_key: SecretStr = Field(default=SecretStr(""), description="Mailgun: the sending key.")
    mailgun_domain: str = Field(default="", description="Mailgun: the sending domain.")
    mailgun_endpoint: str = Field(
        default="https://api.mailgun.net", description="Mailgun: the endpoint; api.eu.mailgun.net in the EU."
    )
    postmark_server_token: SecretStr = Field(default=SecretStr(""), description="Postmark: the server token.")
    postmark_stream: str = Field(default="broadcast", description="Postmark: the message stream.")
    postmark_endpoint: str = Field(
        default="https://api.postmarkapp.com", description="Postmark: the endpoint."
    )
    resend_api_key: SecretStr = Field(default=SecretStr(""), description="Resend: the API key.")
    resend_endpoint: str = Field(default="https://api.resend.com", description="Resend: the endpoint.")
    graph_tenant: str = Field(default="", description="Microsoft Graph: the tenant's id or domain.")
    graph_client_id: str = Field(default="", description="Microsoft Graph: the application's id.")
    graph_client_secret: SecretStr = Field(
        default=SecretStr(""), description="Microsoft Graph: the application's secret."
    )
    graph_mailbox: str = Field(default="", description="Microsoft Graph: the mailbox that sends.")
    graph_endpoint: str = Field(
        default="https://graph.microsoft.com", description="Microsoft Graph: the endpoint."
    )
    graph_login_endpoint: str = Field(
        default="https://login.microsoftonline.com", description="Microsoft Graph: where tokens come from."
    )
    spamd: str = Field(
        default="",
        description="HOST:PORT of SpamAssassin's spamd, which `edition check` then asks for a score; empty: nobody.",
    )

    @field_validator("spamd")
    @classmethod
    def _spamd_is_a_place(cls, value: str) -> str:
        try:
            parts = urlsplit(f"//{value}")
            whole = not value or (
                parts.hostname and parts.port and parts.netloc == value and "@" not in value
            )
        except ValueError:  # brackets or a port that cannot be
            whole = None
        if not whole:
            raise ValueError("it must look like 127.0.0.1:783")
        return value
