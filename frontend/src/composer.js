// The composer page. What stands here makes it quicker to use; without it every form works by its button.
import { arrange, onKey } from "./arranging.js";
import { mountEditors } from "./editor.js";
import { chooseLooks, showMail } from "./preview.js";
import { flush, hasUnsaved, inUse, putBack, reopened, watch } from "./saving.js";

const PLACE = "contents-place"; // stays, whatever is put into it

const composer = document.getElementById("composer");
if (composer) begin();

function begin() {
  document.documentElement.classList.add("scripted-page");
  prepare(document);
  chooseLooks();
  count();
  document.addEventListener("input", count);
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);
  // An editor takes a while to make, and few items are opened.
  document.addEventListener("toggle", ({ target }) => target.matches?.("details[data-item]") && target.open && mountEditors(target), true);
  document.body.addEventListener("saved", () => {
    document.querySelector("[data-seen]").value = revisionOf(document);
    changed();
  });
  // Who agrees anew is asked about anew, also by the forms that stand here since before.
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (!composer.dataset.reopen) detail.path = detail.path.replace("?reopen=1", "");
  });
  guardUnsaved();
  keepPlace();
  keepLine();
  tellOfSilence();
  if (location.hash) open(location.hash.slice(1));
}

function prepare(root) {
  mountEditors(document.getElementById("letter"));
  for (const item of root.querySelectorAll("details[data-item][open]")) mountEditors(item);
  watch(root);
  arrange(root);
}

function changed() {
  showMail();
  document.body.dispatchEvent(new CustomEvent("changed"));
}

// Nothing that was typed is left behind by what takes the place of the form, or leads away from it.
function guardUnsaved() {
  document.addEventListener("htmx:confirm", (event) => {
    const { target, verb, elt, issueRequest } = event.detail;
    if (target?.id !== PLACE || verb !== "post" || !hasUnsaved()) return;
    event.preventDefault();
    flush().then((isSaved) => (isSaved ? issueRequest(true) : elt.dispatchEvent(new CustomEvent("unsent"))));
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-reloads]") || !hasUnsaved()) return;
    event.preventDefault();
    // What it takes back is the last change by then, as the form says that stands there by then.
    flush().then((isSaved) => isSaved && document.querySelector("[data-reloads]")?.submit());
  });
  document.addEventListener("visibilitychange", () => flush());
  window.addEventListener("online", () => flush());
  window.addEventListener("beforeunload", (event) => hasUnsaved() && event.preventDefault());
}

// What a person has before them when the contents are put in anew stays: what is open, the focus and the place in the
// text, what is typed and not sent, what is ticked.
function keepPlace() {
  let kept = null;
  let words = "";
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id !== PLACE) return;
    const { requestConfig, serverResponse } = detail;
    const isChange = requestConfig.verb === "post";
    if (isChange && requestConfig.elt.matches("[data-empties]")) empty(requestConfig.elt, requestConfig.formData);
    if (isChange) reopened();
    const answer = new DOMParser().parseFromString(serverResponse, "text/html");
    if (revisionOf(answer) < revisionOf(document)) {
      // It was overtaken by the answer to a later change, or by a save: what is shown never goes back.
      detail.shouldSwap = false;
      words = answer.querySelector("[data-said]").textContent;
      window.htmx.ajax("GET", `${composer.dataset.base}/compose/contents`, { target: `#${PLACE}`, swap: "innerHTML" });
      if (isChange) changed();
      return;
    }
    const { activeElement: active } = document;
    kept = {
      active,
      caret: [active?.selectionStart, active?.selectionEnd],
      forms: inUse(),
      fields: typed(requestConfig.elt),
      open: [...document.querySelectorAll("#contents details[open]")].map((one) => one.id),
      ticked: [...document.querySelectorAll("#waiting :checked")].map((one) => one.id),
    };
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.elt.id !== PLACE || !kept) return;
    for (const id of kept.open) document.getElementById(id)?.setAttribute("open", "");
    for (const id of kept.ticked) document.getElementById(id)?.setAttribute("checked", "");
    putBack(kept.forms);
    for (const field of kept.fields) {
      const fresh = document.getElementById(field.id);
      if (fresh && partOf(fresh) === partOf(field)) fresh.replaceWith(field);
    }
    prepare(document);
    focusAgain(kept);
    kept = null;
    document.querySelector("[data-seen]").value = revisionOf(document);
    if (detail.requestConfig.verb === "post") return changed();
    if (words) document.getElementById("said").textContent = words;
    words = "";
  });
}

function revisionOf(page) {
  return Number(page.getElementById("state").dataset.revision);
}

// What is typed into the forms of the contents that wait for their button; not of the one that was sent.
function typed(sent) {
  return [...document.querySelectorAll("#contents form:not([data-saves]) :is(input, textarea)")].filter(
    (field) => field.id && field.form !== sent && field.value !== field.defaultValue,
  );
}

// Parts go by their place: what is at it may be another one by now.
function partOf(field) {
  return field.form.elements.part?.value;
}

function focusAgain({ active, caret: [begin, end] }) {
  if (!active?.isConnected) return document.getElementById(active?.id)?.focus({ preventScroll: true });
  if (active.editor) return active.editor.view.focus();
  active.focus({ preventScroll: true });
  if (begin != null) active.setSelectionRange(begin, end);
}

// A form whose answer came; what was typed into it since stays.
function empty(form, sent) {
  const since = [...form.elements].filter((field) => field.matches("input, textarea") && field.value !== sent.get(field.name));
  const values = since.map((field) => field.value);
  form.reset();
  since.forEach((field, at) => { field.value = values[at]; });
}

// Of the lines to look at, the next one has the focus when one was ticked off.
function keepLine() {
  document.addEventListener("htmx:beforeSwap", ({ detail: { target: line } }) => {
    if (!line.matches("#review li") || !line.contains(document.activeElement)) return;
    const next = line.nextElementSibling ?? line.previousElementSibling;
    next?.querySelector("form > button")?.focus({ preventScroll: true });
  });
}

// Where nobody answers, htmx says so to nobody.
function tellOfSilence() {
  document.addEventListener("htmx:sendError", ({ detail: { target } }) => {
    if (target.id !== PLACE && !target.matches("#review li")) return;
    const told = Object.assign(document.createElement("p"), { className: "answer bad", textContent: "Nobody answers, so nothing was done. Do it again in a moment." });
    told.setAttribute("role", "alert");
    document.getElementById("problem").replaceChildren(told);
  });
}

async function onClick(event) {
  const opener = event.target.closest("[data-opens]");
  if (opener) open(opener.dataset.opens);
  const isOwn = event.ctrlKey || event.metaKey || event.shiftKey;
  const link = event.target.closest("a[href]");
  if (link?.matches("[data-refreshes]")) {
    event.preventDefault();
    if (await flush()) location.reload();
  } else if (link && link.pathname !== location.pathname && !isOwn && hasUnsaved()) {
    event.preventDefault();
    await flush();
    location.assign(link.href); // where it could not be saved, the browser asks
  }
}

function open(id) {
  const found = document.getElementById(id.replace(/^item-/, "form-"));
  if (found?.matches("details")) {
    found.open = true;
    found.querySelector("input:not([type=hidden])")?.focus();
  }
}

// How long subject and preheader are, beside what shows well.
function count() {
  for (const field of document.querySelectorAll("[data-good]")) {
    const length = [...field.value].length;
    const { least, good, most } = field.dataset;
    const judged = !length ? "none yet" : length > most ? "too long" : length < least ? "rather short" : length > good ? "rather long" : "good";
    const range = Number(least) ? `${least} to ${good} show best` : `up to ${good} is good`;
    field.closest(".field").querySelector("[data-count]").textContent = `${length} characters, ${judged}; ${range}`;
  }
}
