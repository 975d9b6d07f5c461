"""`pulse-mailer dkim`: makes the keys that sign mail, and says what has to stand in the DNS."""

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from pulse_mailer.cli import output
from pulse_mailer.clock import now
from pulse_mailer.errors import NotFound, Refused
from pulse_mailer.settings import load, variable

if TYPE_CHECKING:  # each command brings cryptography in for itself
    from pulse_mailer.dkim_keys import DkimKey, DkimKeys

app = typer.Typer(help="Make, list, show and remove the keys that sign mail by DKIM.", no_args_is_help=True)

TheDomain = Annotated[str, typer.Argument(metavar="DOMAIN", help="The domain of the newsletter's From.")]

#: A key that follows another begins so much later than it was made: its DNS record has to be seen everywhere.
_FOLLOWING_HOURS = 48.0


@app.command()
def create(
    domain: TheDomain,
    selector: Annotated[
        str, typer.Option(help="The key's name in the DNS; by default pm and the month.")
    ] = "",
    ed25519: Annotated[
        bool, typer.Option("--ed25519", help="A short modern key, which signs beside the RSA key.")
    ] = False,
    start_in: Annotated[
        float | None,
        typer.Option(
            metavar="HOURS",
            min=0,
            max=720,
            help="Hours until it signs; by default none for the first key, 48 for one that follows another.",
        ),
    ] = None,
) -> None:
    """Make a key (RSA of 2048 bits, or Ed25519), and print the DNS record to publish."""
    from pulse_mailer.dkim_keys import Algorithm, signing

    keys, at = _keys(), now().replace(microsecond=0)
    before = signing(keys.of(domain), at)
    algorithm = Algorithm.ED25519 if ed25519 else Algorithm.RSA
    if ed25519 and not any(key.algorithm is Algorithm.RSA for key in before):
        raise Refused(
            f"{domain} has no RSA key that signs, and many receivers read no other.",
            remedy=f"First run: pulse-mailer dkim create {domain}",
        )
    follows = any(key.algorithm is algorithm for key in before)
    hours = start_in if start_in is not None else _FOLLOWING_HOURS if follows else 0.0
    named = selector or f"pm{at:%Y%m}{'e' if ed25519 else ''}"
    key = keys.create(domain, named, algorithm, at + datetime.timedelta(hours=hours))
    output.good(f"The key {key.selector} of {key.domain} is in {keys.folder / key.domain}. Back it up.")
    output.say("Publish its record in the DNS:")
    _say_record(key)
    if not load().dkim:
        output.say(f"Signing is off: once the record can be seen, set {variable('dkim')}=true.")
    elif hours:
        output.say(
            f"It signs from {key.begins_at:%Y-%m-%d %H:%M} UTC on, which gives the record time to spread."
        )
    else:
        output.trouble("It signs from now on: receivers distrust its mail until they see the record.")


@app.command("list")
def list_(*, json: output.Json = False) -> None:
    """List the keys of every domain, the one that begins last first."""
    found = [(key, state) for domain in _keys().domains() for key, state in _with_states(domain)]
    if json:
        output.print_json([_plain(key, state) for key, state in found])
    elif found:
        rows = [
            [key.domain, key.selector, key.algorithm, f"{key.begins_at:%Y-%m-%d %H:%M}", state]
            for key, state in found
        ]
        output.print_table(["Domain", "Selector", "Algorithm", "Begins (UTC)", "State"], rows)
    else:
        output.say("There is no DKIM key. Make one: pulse-mailer dkim create DOMAIN")
    if not json:
        _say_if_off()


@app.command()
def show(domain: TheDomain, *, json: output.Json = False) -> None:
    """Print the DNS record of each of a domain's keys, and how to publish it."""
    found = _with_states(domain)
    if not found:
        raise NotFound(f"{domain} has no DKIM key.", remedy=f"Make one: pulse-mailer dkim create {domain}")
    if json:
        output.print_json([_plain(key, state) for key, state in found])
        return
    for key, state in found:
        output.say(f"{key.selector} ({key.algorithm}): {state}")
        _say_record(key)
        output.say()
    output.say(
        "Some DNS providers take a value in one piece: join the parts in quotes, with nothing between."
    )
    output.say("Some want the name without the domain at its end.")
    _say_if_off()


@app.command()
def remove(
    domain: TheDomain,
    selector: Annotated[str, typer.Argument(metavar="SELECTOR")],
    force: Annotated[bool, typer.Option("--force", help="Also when no other key would sign then.")] = False,
) -> None:
    """Remove a key that is no longer wanted."""
    from pulse_mailer.dkim_keys import domain_name, signing

    keys = _keys()
    signs = [key.selector for key in signing(keys.of(domain), now())]
    left = signing([key for key in keys.of(domain) if key.selector != selector], now())
    if selector in signs and len(left) < len(signs) and not force:
        raise Refused(
            f"The key {selector} signs mail from {domain}, and no other would sign in its place.",
            remedy="Make another first, or add --force.",
        )
    keys.remove(domain, selector)
    output.good(f"The key {selector} of {domain_name(domain)} is removed.")
    output.say("Leave its DNS record for a week: mail that it signed may still be under way.")


def _say_if_off() -> None:
    if not load().dkim:
        output.say(f"Signing is off, so no key signs yet: set {variable('dkim')}=true.")


def _keys() -> "DkimKeys":
    from pulse_mailer.dkim_keys import DkimKeys

    return DkimKeys(load().keys_dir)


def _with_states(domain: str) -> Sequence[tuple["DkimKey", str]]:
    from pulse_mailer.dkim_keys import signing

    found, at = _keys().of(domain), now()
    signs = signing(found, at)
    return [(key, "signs" if key in signs else "waits" if key.begins_at > at else "older") for key in found]


def _say_record(key: "DkimKey") -> None:
    output.say(f"  name   {key.record_name}")
    output.say("  type   TXT")
    output.say("  value  " + " ".join(f'"{part}"' for part in key.record_strings))


def _plain(key: "DkimKey", state: str) -> dict[str, object]:
    return {
        "domain": key.domain,
        "selector": key.selector,
        "algorithm": key.algorithm,
        "begins_at": key.begins_at,
        "state": state,
        "record_name": key.record_name,
        "record": key.record,
    }
