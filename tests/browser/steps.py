"""
A person's steps, as the browser gets them: a page that asks for one more is found out, however the test is written.

What is counted: each thing that is clicked, each text that is typed, each key pressed outside of a text (and Enter in
one), each thing that is dragged. Getting to a text to type into it, or to a thing to press a key on it, is part of
that: by a click or by Tab.
"""

from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, Page

_COUNTING = """
if (window === top) {
  const add = (kind, what) => {
    const all = JSON.parse(sessionStorage.getItem("steps")) ?? { clicks: [], typed: [], keys: [], drags: [] };
    if (kind !== "typed" || all.typed.at(-1) !== what) all[kind].push(what);
    sessionStorage.setItem("steps", JSON.stringify(all));
  };
  const pressed = ["checkbox", "radio", "file", "submit", "button"];
  const isText = (thing) => thing.isContentEditable || thing.matches?.("textarea")
    || (thing.matches?.("input") && !pressed.includes(thing.type));
  const name = (thing) => {
    const said = thing.getAttribute("aria-label") || thing.labels?.[0]?.innerText || thing.innerText || thing.id;
    return said.trim().replace(/\\s+/g, " ");
  };
  const on = (kind, does) => addEventListener(kind, (event) => event.isTrusted && does(event), true);
  on("click", (event) => {
    const thing = event.target.closest("a, button, summary, select, input, [contenteditable]");
    const byPointer = event.pointerId >= 0; // else it is what a key does, which is counted by itself
    if (byPointer && thing && !isText(thing)) add("clicks", name(thing));
  });
  on("input", ({ target }) => isText(target) && add("typed", name(target)));
  on("keydown", ({ key, target }) => {
    if (key === "Tab" || (isText(target) && (key !== "Enter" || !target.matches("input")))) return;
    add("keys", key);
  });
  let taken;
  on("pointerdown", (event) => { taken = event; });
  on("pointerup", (event) => {
    const far = taken && Math.hypot(event.clientX - taken.clientX, event.clientY - taken.clientY) > 10;
    if (far) add("drags", name(taken.target.closest("button") ?? taken.target));
  });
}
"""


@dataclass(frozen=True)
class Steps:
    """By the names that people read, in order."""

    clicks: list[str] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    drags: list[str] = field(default_factory=list)


def count(context: BrowserContext) -> None:
    """Have the steps on all pages of a context counted."""
    context.add_init_script(_COUNTING)


def taken(page: Page) -> Steps:
    """The steps since the page was opened, or since this was asked last."""
    found = page.evaluate(
        """() => {
          const found = sessionStorage.getItem("steps");
          sessionStorage.removeItem("steps");
          return JSON.parse(found) ?? {};
        }"""
    )
    return Steps(**found)
