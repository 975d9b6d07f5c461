"""Who may do a thing is one rule: what a role may do on a page, a key of its right may do in the API."""

from fastapi.routing import iter_route_contexts

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.staff import Role
from pulse_mailer.staff.roles import Right, rights
from pulse_mailer.web.app import create_app
from pulse_mailer.web.guards import SAFE_METHODS, is_public
from tests.database.test_web_sign_in import DOORS, requirements

EDITION = "/staff/editions/{slug}/{key}"
PERSON = "/subscribers/{subscriber_id}"
CALL = "/editions/{slug}/{key}"
NEWSLETTER = "/newsletters/{slug}"
STAFF = "/team/{staff_id}"

#: What each page does, and the call that does the same.
SAME = {
    "/newsletters": "POST /newsletters",
    NEWSLETTER: f"PATCH {NEWSLETTER}",
    f"{NEWSLETTER}/programme": f"POST {NEWSLETTER}/programme",
    f"{NEWSLETTER}/look": f"PATCH {NEWSLETTER}/theme",
    f"{NEWSLETTER}/logo": f"PUT {NEWSLETTER}/logo",
    "/staff/editions": "POST /editions",
    f"{EDITION}/check/links": f"POST {CALL}/links",
    f"{EDITION}/check/keep": f"PATCH {CALL}",
    f"{EDITION}/proof": f"POST {CALL}/proofs",
    f"{EDITION}/approve": f"POST {CALL}/approve",
    f"{EDITION}/unapprove": f"POST {CALL}/unapprove",
    f"{EDITION}/send": f"POST {CALL}/send",
    f"{EDITION}/take-back": f"POST {CALL}/take-back",
    f"{EDITION}/pause": f"POST {CALL}/pause",
    f"{EDITION}/resume": f"POST {CALL}/resume",
    f"{EDITION}/stop": f"POST {CALL}/stop",
    f"{EDITION}/retry": f"POST {CALL}/retry",
    "/deliveries/{delivery_id}/retry": "POST /deliveries/{delivery_id}/retry",
    "/deliveries/{delivery_id}/suppress": "POST /suppressions",
    "/uncertain": "POST /deliveries/settle",
    "/suppressions": "POST /suppressions",
    "/suppressions/remove": "POST /suppressions/lift",
    "/subscribers/new": f"POST {NEWSLETTER}/subscribers",
    "/subscribers/import": f"POST {NEWSLETTER}/subscribers/import",
    "/subscribers/import/{token}": f"POST {NEWSLETTER}/subscribers/import",
    f"{PERSON}/unsubscribe": "POST /subscribers/unsubscribe",
    f"{PERSON}/choose": "POST /subscribers/choose",
    f"{PERSON}/suppress": "POST /suppressions",
    f"{PERSON}/lift": "POST /suppressions/lift",
    f"{PERSON}/erase": "POST /subscribers/erase",
    "/workers/pause": "POST /workers/pause",
    "/workers/resume": "POST /workers/resume",
    "/team": "POST /staff",
    f"{STAFF}/role": "POST /staff/role",
    f"{STAFF}/link": "POST /staff/link",
    f"{STAFF}/second-factor/off": "POST /staff/reset-second-factor",
    f"{STAFF}/sign-out": "POST /staff/sign-out",
    f"{STAFF}/deactivate": "POST /staff/deactivate",
}

#: About oneself, which is no program's business.
OWN = ("/account/", "/sign-out")


def required(mailer: Mailer) -> dict[str, frozenset[Right]]:
    """The rights of which each route that changes something wants one, by method and path."""
    return {
        f"{method} {route.path}": frozenset(requirements(route)[0].rights)
        for route in iter_route_contexts(create_app(mailer).routes)
        for method in sorted((route.methods or set()) - set(SAFE_METHODS))
        if not is_public(str(route.path)) and route.path not in DOORS
    }


def test_a_page_and_its_call_want_the_same_rights(mailer: Mailer) -> None:
    found = required(mailer)
    pages = {one.partition(" ")[2] for one in found if " /api/" not in one}
    composer = {page for page in pages if page.startswith(f"{EDITION}/compose/")}
    assert pages - composer - SAME.keys() == {page for page in pages if page.startswith(OWN)}
    for page in composer:
        assert found[f"POST {page}"] == {Right.COMPOSE}, page
    for page, call in SAME.items():
        method, _, path = call.partition(" ")
        assert found[f"POST {page}"] == found[f"{method} /api/v1{path}"], f"{page} and {call}"


def test_who_sends_may_also_send_to_whom_it_did_not_reach(mailer: Mailer) -> None:
    found = required(mailer)
    for route in (f"POST {EDITION}/retry", "POST /deliveries/{delivery_id}/retry"):
        may = {role for role in Role if not rights(role).isdisjoint(found[route])}
        assert may == {Role.APPROVER, Role.OPERATOR, Role.ADMIN}, route


def test_who_operates_forgets_readers(mailer: Mailer) -> None:
    found = required(mailer)["POST /api/v1/subscribers/erase"]
    assert {role for role in Role if not rights(role).isdisjoint(found)} == {Role.OPERATOR, Role.ADMIN}
