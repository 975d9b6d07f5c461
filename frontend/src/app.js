// What every page of staff's has: htmx, made to obey the pages' policy and to show what was refused.
import htmx from "htmx.org";

window.htmx = htmx;

Object.assign(htmx.config, {
  allowEval: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  defaultSettleDelay: 0, // what is new obeys from the moment that it is seen
  // What is refused is an answer to be read. A page that leaves shows nothing of it.
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "[45]..", swap: true, error: true },
  ],
});

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  if (token) event.detail.headers["X-CSRF-Token"] = token;
});

// What a form waits for is over: it goes on as if its first button had been pressed, however often that is told.
document.addEventListener("waited", (event) => event.target.closest("form").requestSubmit(), { once: true });

// A button that is pressed twice asks once. Who stopped the browser, since no answer came, may ask again in a moment.
const A_MOMENT_MS = 5000;
let left = -A_MOMENT_MS;
const isLeft = () => performance.now() - left < A_MOMENT_MS;

window.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (isLeft()) event.preventDefault();
  else left = performance.now();
});
window.addEventListener("pageshow", () => { left = -A_MOMENT_MS; });

document.addEventListener("htmx:beforeOnLoad", (event) => {
  // The answer to a form is what is shown next, not what the page itself asked beside it.
  if (isLeft()) return event.preventDefault();
  const { xhr, elt } = event.detail;
  if (xhr.status >= 400) problemOf(elt);
  else {
    const place = document.getElementById("problem");
    if (place?.refused === elt) place.replaceChildren();
  }
});

// What follows something by itself goes on asking; until it is answered, it says that what it shows may be old.
document.addEventListener("htmx:sendError", ({ detail: { elt } }) => {
  if (!elt.matches('[hx-trigger^="every"]') || isLeft()) return;
  const told = Object.assign(document.createElement("p"), {
    className: "answer bad",
    textContent: "Nobody answers, so that what stands here may be old. This page goes on by itself when somebody does.",
  });
  told.setAttribute("role", "alert");
  problemOf(elt).replaceChildren(told);
});

// A refusal stands before all else, where a page has no place for it, until whoever was refused is answered.
function problemOf(elt) {
  let place = document.getElementById("problem");
  if (!place) {
    place = Object.assign(document.createElement("div"), { id: "problem" });
    document.querySelector("main").prepend(place);
  }
  place.refused = elt;
  return place;
}
