"""The API has a verb for every command, or there is a reason why it has none."""

from collections.abc import Iterator
from typing import Any

import typer.main

from pulse_mailer.cli import application
from pulse_mailer.web.api import document

EDITION = "/editions/{slug}/{key}"
NEWSLETTER = "/newsletters/{slug}"

#: Each command, and the calls that do the same.
CALLS = {
    "audit": ["GET /audit"],
    "worker list": ["GET /workers"],
    "worker pause": ["POST /workers/pause"],
    "worker resume": ["POST /workers/resume"],
    "newsletter add": ["POST /newsletters"],
    "newsletter list": ["GET /newsletters"],
    "newsletter show": [f"GET {NEWSLETTER}"],
    "newsletter set": [f"PATCH {NEWSLETTER}"],
    "newsletter theme": [f"GET {NEWSLETTER}/theme", f"PATCH {NEWSLETTER}/theme"],
    "newsletter logo": [f"PUT {NEWSLETTER}/logo", f"DELETE {NEWSLETTER}/logo"],
    "newsletter programme show": [f"GET {NEWSLETTER}/programme"],
    "newsletter programme add": [f"POST {NEWSLETTER}/programme"],
    "newsletter programme rename": [f"POST {NEWSLETTER}/programme/rename"],
    "newsletter programme move": [f"POST {NEWSLETTER}/programme/move"],
    "newsletter programme colour": [f"POST {NEWSLETTER}/programme/colour"],
    "newsletter programme remove": [f"POST {NEWSLETTER}/programme/remove"],
    "design list": ["GET /designs"],
    "edition import": ["POST /editions/import"],
    "edition review": [f"GET {EDITION}/review", f"POST {EDITION}/review"],
    "edition list": ["GET /editions"],
    "edition show": [f"GET {EDITION}"],
    "edition check": [
        f"GET {EDITION}/check",
        f"POST {EDITION}/links",
        f"GET {EDITION}/links",
        f"POST {EDITION}/rehearsal",
        f"GET {EDITION}/rehearsal",
    ],
    "edition render": [f"GET {EDITION}/mail"],
    "edition send": [f"POST {EDITION}/send"],
    "edition new": ["POST /editions"],
    "edition set": [f"PATCH {EDITION}"],
    "edition write": [f"PATCH {EDITION}", f"PATCH {EDITION}/items/{{number}}"],
    "edition history": [f"GET {EDITION}/history"],
    "edition diff": [f"GET {EDITION}/diff"],
    "edition restore": [f"POST {EDITION}/restore"],
    "edition proof": [f"POST {EDITION}/proofs"],
    "edition proofs": [f"GET {EDITION}/proofs"],
    "edition variants": [f"GET {EDITION}/variants"],
    "edition size": [f"GET {EDITION}/size"],
    "edition shorten": [f"POST {EDITION}/items/shorten"],
    "edition approve": [f"POST {EDITION}/approve"],
    "edition unapprove": [f"POST {EDITION}/unapprove"],
    "edition approval": [f"GET {EDITION}/approval"],
    "edition pause": [f"POST {EDITION}/pause"],
    "edition resume": [f"POST {EDITION}/resume"],
    "edition stop": [f"POST {EDITION}/stop"],
    "edition take-back": [f"POST {EDITION}/take-back"],
    "edition retry": [f"POST {EDITION}/retry"],
    "edition correct": [f"POST {EDITION}/corrections"],
    "edition corrections": [f"GET {EDITION}/corrections"],
    "edition report": [f"GET {EDITION}/report"],
    "edition item add": [f"POST {EDITION}/items", f"PUT {EDITION}/items/{{number}}/picture"],
    "edition item set": [f"PATCH {EDITION}/items/{{number}}", f"PUT {EDITION}/items/{{number}}/picture"],
    "edition item move": [f"POST {EDITION}/items/move"],
    "edition item merge": [f"POST {EDITION}/items/merge"],
    "edition item split": [f"POST {EDITION}/items/split"],
    "edition item hide": [f"POST {EDITION}/items/hide"],
    "edition item show": [f"POST {EDITION}/items/show"],
    "edition item remove": [f"POST {EDITION}/items/remove"],
    "edition section add": [f"POST {EDITION}/{{kind}}"],
    "edition section set": [f"PATCH {EDITION}/sections"],
    "edition section move": [f"POST {EDITION}/{{kind}}/move"],
    "edition section merge": [f"POST {EDITION}/{{kind}}/merge"],
    "edition section hide": [f"POST {EDITION}/{{kind}}/hide"],
    "edition section show": [f"POST {EDITION}/{{kind}}/show"],
    "edition section remove": [f"POST {EDITION}/{{kind}}/remove"],
    "edition category add": [f"POST {EDITION}/{{kind}}"],
    "edition category set": [f"PATCH {EDITION}/categories"],
    "edition category move": [f"POST {EDITION}/{{kind}}/move"],
    "edition category split": [f"POST {EDITION}/categories/split"],
    "edition category merge": [f"POST {EDITION}/{{kind}}/merge"],
    "edition category hide": [f"POST {EDITION}/{{kind}}/hide"],
    "edition category show": [f"POST {EDITION}/{{kind}}/show"],
    "edition category remove": [f"POST {EDITION}/{{kind}}/remove"],
    "item add": [f"POST {NEWSLETTER}/inbox"],
    "item import": [f"POST {NEWSLETTER}/inbox/import"],
    "item list": [f"GET {NEWSLETTER}/inbox"],
    "item show": ["GET /inbox/{candidate_id}"],
    "item set": ["PATCH /inbox/{candidate_id}"],
    "item drop": ["POST /inbox/drop"],
    "item place": [f"POST {EDITION}/place"],
    "feed add": [f"POST {NEWSLETTER}/feeds"],
    "feed list": [f"GET {NEWSLETTER}/feeds"],
    "feed remove": ["DELETE /feeds/{feed_id}"],
    "feed fetch": [f"POST {NEWSLETTER}/feeds/fetch"],
    "subscriber erase": ["POST /subscribers/erase"],
    "subscriber data": ["GET /subscribers/{address}/data"],
    "subscriber import": [f"POST {NEWSLETTER}/subscribers/import"],
    "subscriber add": [f"POST {NEWSLETTER}/subscribers"],
    "subscriber list": [f"GET {NEWSLETTER}/subscribers"],
    "subscriber find": ["GET /subscribers"],
    "subscriber show": ["GET /subscribers/{address}"],
    "subscriber choose": ["POST /subscribers/choose"],
    "subscriber unsubscribe": ["POST /subscribers/unsubscribe"],
    "subscriber export": [f"GET {NEWSLETTER}/subscribers/export"],
    "suppression list": ["GET /suppressions"],
    "suppression add": ["POST /suppressions"],
    "suppression remove": ["POST /suppressions/lift"],
    "delivery export": ["GET /deliveries/export"],
    "delivery find": ["GET /deliveries/find"],
    "delivery list": ["GET /deliveries", "GET /deliveries/uncertain"],
    "delivery settle": ["POST /deliveries/settle", f"POST {EDITION}/settle"],
    "delivery show": ["GET /deliveries/{delivery_id}"],
    "staff list": ["GET /staff"],
    "staff add": ["POST /staff"],
    "staff role": ["POST /staff/role"],
    "staff link": ["POST /staff/link"],
    "staff sign-out": ["POST /staff/sign-out"],
    "staff deactivate": ["POST /staff/deactivate"],
    "staff reset-second-factor": ["POST /staff/reset-second-factor"],
    "api-key create": ["POST /api-keys"],
    "api-key list": ["GET /api-keys"],
    "api-key revoke": ["DELETE /api-keys/{key_id}"],
    "backend list": ["GET /backends"],
    "backend check": ["POST /backends/{name}/check"],
    "backend wake": ["POST /backends/{name}/wake"],
}

_MACHINE = "it is about the machine that it runs on"
#: Each other command, and why programs elsewhere have no use for it.
NONE = {
    "demo": _MACHINE,
    "serve": _MACHINE,
    "mailbox": _MACHINE,
    "doctor": f"{_MACHINE}; GET /health says whether the program can work",
    "design show": "it says where files lie on the machine",
    "dkim create": "private keys stay on the machine that signs with them",
    "dkim list": "private keys stay on the machine that signs with them",
    "dkim show": "private keys stay on the machine that signs with them",
    "dkim remove": "private keys stay on the machine that signs with them",
    "backend limits": "it is a table that never changes while the program runs",
    "db upgrade": f"{_MACHINE}, and the API wants a database that is at its head",
    "db current": f"{_MACHINE}, and the API wants a database that is at its head",
}

#: What a command does by an option, or a page alone, and no command by itself.
MORE = {
    "GET /deliveries/{delivery_id}/message",
    "POST /deliveries/{delivery_id}/retry",
    "GET /health",
}


def commands(found: Any, *words: str) -> Iterator[str]:
    """The words of each command below this one."""
    if not hasattr(found, "commands"):
        yield " ".join(words)
        return
    for word, one in found.commands.items():
        yield from commands(one, *words, word)


def calls() -> set[str]:
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in document.openapi()["paths"].items()
        for method in operations
    }


def test_each_command_has_its_call_or_a_reason_why_not() -> None:
    found = set(commands(typer.main.get_command(application())))
    assert found == CALLS.keys() | NONE.keys()
    assert not CALLS.keys() & NONE.keys()


def test_each_call_does_what_a_command_or_a_page_does() -> None:
    assert {call for several in CALLS.values() for call in several} | MORE == calls()
