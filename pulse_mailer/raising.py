"""Sub- and superscript in staff's Markdown: H~2~O and 19^th^."""

import re

from markdown_it.rules_inline import StateInline

#: A raised or lowered stretch: short, without spaces or marks, right after a letter, a digit or a closing bracket, so
#: that "about ~5 of ~10" and "2^10" stay as they are.
RAISED = re.compile(r"(?<=[^\W_]|[)\]])(?P<raise>[~^])(?P<raised>[^\s~^*_\\\[\]<>&`\"]{1,30})(?P=raise)")
RAISES = {"~": "sub", "^": "sup"}
_SUBSCRIPTS = str.maketrans("0123456789+-\u2212=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_SUPERSCRIPTS = str.maketrans(
    "0123456789+-\u2212=()abcdefghijklmnoprstuvwxyz", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ"
)


def parse_raised(state: StateInline, silent: bool) -> bool:
    """A rule for the Markdown parser: a stretch becomes <sub> or <sup>."""
    found = RAISED.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        tag = RAISES[found["raise"]]
        state.push(f"{tag}_open", tag, 1).markup = found["raise"]
        state.push("text", "", 0).content = found["raised"]
        state.push(f"{tag}_close", tag, -1).markup = found["raise"]
    state.pos = found.end()
    return True


def raised_text(words: str, tag: str) -> str:
    """Unicode's own small letters where it has all of them: CO₂, 19ᵗʰ; else marked as in a formula: x^(Q)."""
    small = words.translate(_SUBSCRIPTS if tag == "sub" else _SUPERSCRIPTS)
    if all(one != other for one, other in zip(words, small, strict=True)):
        return small
    return f"{'_' if tag == 'sub' else '^'}({words})"
