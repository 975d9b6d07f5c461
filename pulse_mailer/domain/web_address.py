"""Web addresses in one form: out of the wrappers that mail filters and searches put around them, without tracking."""

import base64
import re
from collections.abc import Callable
from urllib.parse import unquote

LONGEST = 8_192  #: characters; what is longer is left as it is

#: Parameters that name a click or a reader and never a page, in small letters: kSimpleQueryStringTrackers of Brave
#: (brave-core, components/query_filter/utils.cc), without what a site may need under such a short name, and
#: mc_cid (Mailchimp), gbraid and gclsrc (Google Ads), ttclid (TikTok).
TRACKING = frozenset({
    "__hsfp", "__hssc", "__hstc", "__s", "_bhlid", "_branch_match_id", "_branch_referrer", "_gl", "_hsenc", "_kx",
    "_openstat", "at_recipient_id", "at_recipient_list", "bbeml", "bsft_clkid", "bsft_uid", "dclid", "et_rid",
    "fb_action_ids", "fb_comment_id", "fbclid", "gbraid", "gclid", "gclsrc", "guce_referrer", "guce_referrer_sig",
    "hsctatracking", "irclickid", "mc_cid", "mc_eid", "ml_subscriber", "ml_subscriber_hash", "msclkid", "mtm_cid",
    "oly_anon_id", "oly_enc_id", "pk_cid", "rb_clickid", "s_cid", "srsltid", "ss_email_id", "ttclid", "twclid",
    "unicorn_click_id", "vero_conv", "vero_id", "vgo_ee", "wbraid", "wickedid", "yclid", "ymclid", "ysclid",
})  # fmt: skip
TRACKING_BEGINS = "utm_"  #: Google Analytics, "URL builders: collect campaign data with custom URLs"

# Strict about the authority, so that no reader of the URL can take another host than we do: no name or password,
# no backslash, which browsers take for a slash.
_WEB = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^\x00-\x20\x7f/?#@:\\\[\]]+)(?::(?P<port>\d*))?"
    r"(?P<rest>(?:[/?#].*)?)",
    re.IGNORECASE | re.DOTALL,
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_STRIPPED = "".join(map(chr, range(0x21)))  # what the URL standard of browsers takes off both ends
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_GOOGLE = frozenset({"google.com", "www.google.com", "google.co.uk", "www.google.co.uk"})
_PROOFPOINT = frozenset({"urldefense.proofpoint.com", "urldefense.com", "urldefense.us"})
_RUNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"  #: **A is two letters, **B three
_V3 = re.compile(r"/v3/__(?P<url>.+?)__;(?P<letters>[\w-]*)!", re.ASCII)


def canonical(url: str) -> str:
    """
    Give the address of the page itself: unwrapped, without tracking, scheme and host in lower case.

    Known wrappers are Microsoft's Safe Links, Google's redirect and Proofpoint's URL Defense, versions 2 and 3. A
    port that the scheme has anyway and an empty fragment go. All else stays byte for byte: what is no web address,
    a wrapper that cannot be read, parameters that nobody listed. What was wrapped need not be a web address, so
    that the answer wants the same judgement as its argument.
    """
    while len(url) <= LONGEST and (web := _WEB.fullmatch(url)):
        reader = _reader(web)
        if reader is None:
            return _tidied(web)
        inner = reader(web["rest"])
        if not inner:
            break
        url = inner  # always shorter than what was around it
    return url


def folded(url: str) -> str:
    """What two addresses of one page have in common: `canonical()`, without scheme, www., fragment and last slash."""
    web = _WEB.fullmatch(canonical(url.strip()))
    if web is None:
        return url.strip()
    path, question_mark, query = web["rest"].partition("#")[0].partition("?")
    port = f":{web['port']}" if web["port"] else ""
    return f"{_lower(web['host']).removeprefix('www.')}{port}{path.rstrip('/')}{question_mark}{query}"


def _tidied(web: re.Match[str]) -> str:
    scheme = web["scheme"].lower()
    port = web["port"] or ""
    port = f":{port}" if port and port != _DEFAULT_PORTS[scheme] else ""
    rest, _, fragment = web["rest"].partition("#")
    path, question_mark, query = rest.partition("?")
    pairs = query.split("&")
    kept = [pair for pair in pairs if not _tracks(pair)]
    query = f"{question_mark}{'&'.join(kept)}" if kept else ""
    return f"{scheme}://{_lower(web['host'])}{port}{path}{query}{fragment and f'#{fragment}'}"


def _lower(host: str) -> str:
    """Without touching letters beyond ASCII, whose small forms are IDNA's business."""
    return re.sub("[A-Z]+", lambda letters: letters[0].lower(), host)


def _tracks(pair: str) -> bool:
    name = pair.partition("=")[0].lower().removeprefix("amp;")
    return name in TRACKING or name.startswith(TRACKING_BEGINS)


def _reader(web: re.Match[str]) -> Callable[[str], str] | None:
    """What reads the wrapper that the address is; None when it is none."""
    host, path = _lower(web["host"]), re.split(r"[?#]", web["rest"], maxsplit=1)[0]
    if host.endswith((".safelinks.protection.outlook.com", ".safelinks.protection.office365.us")):
        return lambda rest: _inner(_parameter(rest, "url"))
    if host in _GOOGLE and path == "/url":
        return lambda rest: _inner(_parameter(rest, "q") or _parameter(rest, "url"))
    if host in _PROOFPOINT and path == "/v2/url":
        return lambda rest: _inner(_parameter(rest, "u").translate({ord("-"): "%", ord("_"): "/"}), html=True)
    if host in _PROOFPOINT and path.startswith("/v3/"):
        return _read_v3
    return None


def _parameter(rest: str, name: str) -> str:
    """The value of a parameter, as written; empty unless there is exactly one of the name."""
    query = rest.partition("#")[0].partition("?")[2]
    pairs = (pair.removeprefix("amp;").partition("=") for pair in query.split("&"))
    values = [value for found, _, value in pairs if found == name]
    return values[0] if len(values) == 1 else ""


def _inner(encoded: str, *, html: bool = False) -> str:
    """The address that a wrapper's parameter holds; empty when it holds none that is beyond doubt."""
    try:
        url = unquote(encoded, errors="strict")
    except UnicodeDecodeError:
        return ""
    return _beyond_doubt(url.replace("&amp;", "&") if html else url)


def _beyond_doubt(url: str) -> str:
    url = re.sub(r"[\t\r\n]", "", url).strip(_STRIPPED)
    if _CONTROL.search(url) or not (scheme := _SCHEME.match(url)):
        return ""
    if scheme[0].lower() in {"http:", "https:"} and not _WEB.fullmatch(url):
        return ""
    return url.replace(" ", "%20")


def _read_v3(rest: str) -> str:
    """
    Proofpoint's third version: the address with * for each letter that was taken out, and those in base64.

    The source is Proofpoint's own decoder ("URL Defense: decode", Python).
    """
    found = _V3.match(rest)
    if not found:
        return ""
    try:
        letters = base64.b64decode(found["letters"] + "==", altchars=b"-_").decode()
    except ValueError:
        return ""
    taken = 0

    def put_back(marker: re.Match[str]) -> str:
        nonlocal taken
        begun, count = taken, _RUNS.index(marker[1]) + 2 if marker[1] else 1
        taken += count
        return letters[begun:taken]

    url = re.sub(r"\*(?:\*([\w-]))?", put_back, found["url"], flags=re.ASCII)
    # Servers on the way make one slash of two.
    url = re.sub(r"^(https?:/)(?!/)", r"\1/", url, flags=re.IGNORECASE)
    return _beyond_doubt(url) if taken == len(letters) else ""
