// Saving while one types: each form by itself, half a second after the last key, with the revision that it shows.
//
// Whatever is refused stays in the form. What both changed is shown with both texts, and waits for a choice.
const PAUSE = 600;
const AGAIN = 5000;
const forms = new Map();

export function watch(root) {
  for (const form of root.querySelectorAll("form[data-saves]")) {
    if (forms.has(form)) continue;
    forms.set(form, { timer: 0, sent: asItCame(form), running: null, waits: false });
    form.addEventListener("input", (event) => {
      if (event.target.name) later(form, PAUSE);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      save(form);
    });
    if (isDirty(form)) later(form, PAUSE); // somebody was quicker than this script
  }
  for (const [form, { timer }] of forms) {
    if (form.isConnected) continue;
    clearTimeout(timer);
    for (const area of form.querySelectorAll("[data-rich]")) area.rich?.destroy();
    forms.delete(form);
  }
}

// Save whatever is not saved; true when all of it is.
export async function flush() {
  await Promise.all([...forms.keys()].filter((form) => form.isConnected && isDirty(form)).map(save));
  return ![...forms.keys()].some((form) => form.isConnected && isDirty(form));
}

export function hasUnsaved() {
  return [...forms.keys()].some((form) => form.isConnected && isDirty(form));
}

// The forms of the contents that somebody is at, or that hold what is not saved: when the contents are put in anew,
// they stay the very ones that they are, with the revision that was seen, the place in the text, and a save on its way.
export function inUse() {
  return [...forms.keys()].filter(
    (form) =>
      form.closest("#contents") &&
      (isDirty(form) || forms.get(form).running || form.contains(document.activeElement)),
  );
}

export function putBack(kept) {
  const fresh = new Map([...document.querySelectorAll("#contents form[data-saves]")].map((form) => [pathOf(form), form]));
  for (const form of kept) {
    const place = fresh.get(pathOf(form));
    if (!place) continue;
    for (const field of place.querySelectorAll("[data-field]")) {
      const { field: name } = field.dataset;
      if (form.elements[name]) continue;
      forms.get(form).sent[name] = place.elements[name].value;
      form.querySelector("[data-trouble]").before(field);
    }
    form.action = place.action;
    place.replaceWith(form);
    if (isDirty(form)) later(form, PAUSE);
  }
}

function pathOf(form) {
  return new URL(form.action).pathname;
}

function isDirty(form) {
  const now = snapshot(form);
  const sent = forms.get(form)?.sent ?? now; // of a form that was put in anew nothing is left to save
  return Object.keys(now).some((name) => now[name] !== sent[name]);
}

// What the page said when it came, whatever was typed into it before this script was here.
function asItCame(form) {
  const before = form.cloneNode(true);
  before.reset();
  return snapshot(before);
}

function snapshot(form) {
  const found = {};
  for (const field of form.elements) {
    if (field.name && field.type !== "hidden" && field.type !== "submit") found[field.name] = field.value;
  }
  return found;
}

function later(form, pause) {
  const state = forms.get(form);
  clearTimeout(state.timer);
  say("Not saved yet");
  state.timer = setTimeout(() => save(form), pause);
}

async function save(form) {
  const state = forms.get(form);
  clearTimeout(state.timer);
  if (state.waits) return; // for a choice between two texts
  while (state.running) {
    await state.running;
    if (!isDirty(form)) return;
  }
  state.running = send(form, state);
  try {
    await state.running;
  } finally {
    state.running = null;
  }
}

async function send(form, state, isRenewed = false) {
  const sending = snapshot(form);
  const token = csrf()?.content;
  say("Saving …");
  let answer, said;
  try {
    answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "application/json", ...(token && { "X-CSRF-Token": token }) },
    });
    said = await answer.json();
  } catch {
    return again(form, state, "nobody answers");
  }
  if (answer.ok) return saved(form, state, sending, said);
  if (answer.status >= 500) return again(form, state, said.what);
  if (said.clashes) return clashed(form, state, said);
  // Who had to sign in anew, in another window, has another token for this page's forms.
  if (answer.status === 403 && !isRenewed && (await renew(token))) return send(form, state, true);
  say("Not saved", true);
  trouble(form, [said.what, said.remedy].filter(Boolean).join(" "));
  if (said.asks === "reopen") form.querySelector("[data-trouble]").append(button("Save it, and make it a draft again", () => reopen(form)));
}

function again(form, state, why) {
  say(`Not saved: ${why.replace(/\.$/, "")}. What you typed stays here, and is tried again.`, true);
  clearTimeout(state.timer);
  if (form.isConnected) state.timer = setTimeout(() => save(form), AGAIN);
}

// What was agreed to is void now, and it is a draft. Who agrees anew is asked about anew.
export function reopened() {
  const { dataset } = document.getElementById("composer");
  if (!dataset.reopen) return;
  dataset.reopen = "";
  for (const one of document.querySelectorAll("form[data-saves]")) one.action = one.action.split("?")[0];
  history.replaceState(null, "", location.pathname + location.hash);
  document.getElementById("agreed")?.remove();
}

// It was approved while this page was open. From here on all of the page may change it.
function reopen(form) {
  document.getElementById("composer").dataset.reopen = "1";
  for (const one of document.querySelectorAll("form[data-saves]")) one.action = `${one.action.split("?")[0]}?reopen=1`;
  save(form);
}

function saved(form, state, sending, said) {
  state.sent = sending;
  reopened();
  trouble(form, "");
  // Somebody else changed a field that this person left alone; or has begun to write in since: then it is not seen,
  // and the next save tells both texts.
  const theirs = Object.entries(said.theirs).filter(([name]) => form.elements[name].value === sending[name]);
  for (const [name, value] of theirs) put(form, name, value);
  Object.assign(state.sent, Object.fromEntries(theirs));
  if (theirs.length === Object.keys(said.theirs).length) sees(form, said.revision);
  showState(said);
  const title = form.elements.title?.value;
  const shown = form.closest(".item")?.querySelector(".item-title");
  if (title && shown) shown.textContent = title;
  document.body.dispatchEvent(new CustomEvent("saved"));
  if (isDirty(form)) later(form, PAUSE);
  else if (hasUnsaved()) say("Not saved yet");
}

// How the edition stands now. What can be pressed stays where it is, or a press that just begins would be lost.
function showState({ state, notes }) {
  const holder = Object.assign(document.createElement("div"), { innerHTML: state });
  const [place, next] = [document.getElementById("state"), holder.firstElementChild];
  // Answers of two forms may come in the other order: what is newer stays.
  if (Number(next.dataset.revision) < Number(place.dataset.revision)) return say(next.querySelector("#saved").textContent);
  const [tools, nextTools] = [place, next].map((one) => one.querySelector(".tools"));
  place.dataset.revision = next.dataset.revision;
  place.querySelector("p").replaceWith(next.querySelector("p"));
  for (const field of nextTools.querySelectorAll("input")) {
    tools.querySelector(`input[name="${field.name}"]`)?.setAttribute("value", field.value);
  }
  tools.querySelector("#undo")?.setAttribute("title", nextTools.querySelector("#undo")?.title);
  for (const one of [...tools.children]) {
    if (![...nextTools.children].some((other) => other.isEqualNode(one))) one.remove();
  }
  for (const [at, one] of [...nextTools.children].entries()) {
    if (!tools.children[at]?.isEqualNode(one)) tools.insertBefore(one, tools.children[at] ?? null);
  }
  for (const one of document.querySelectorAll("#texts [data-notes], #letter [data-notes]")) {
    const found = notes[one.closest("[data-field]").dataset.field] ?? [];
    one.replaceChildren(...found.map((note) => Object.assign(document.createElement("li"), { textContent: note })));
  }
}

// What was sent is seen, with what others made of it meanwhile: also by the item's other forms, that take it out or join it.
function sees(form, revision) {
  const all = form.closest(".item") ?? form;
  for (const one of all.querySelectorAll('input[name="revision"]')) one.value = revision;
}

function put(form, name, value) {
  const field = form.elements[name];
  field.value = value;
  field.rich?.show();
}

function clashed(form, state, said) {
  state.waits = true;
  say("Not saved: somebody else changed the same text", true);
  const box = form.querySelector("[data-trouble]");
  box.replaceChildren(
    ...said.clashes.flatMap((clash) => {
      const name = clash.field.replaceAll("_", " ");
      return [
        paragraph(`The ${name} was changed by ${clash.actor} at ${clash.at}. What you wrote is still here, and theirs is:`),
        Object.assign(document.createElement("blockquote"), { textContent: clash.theirs || "(nothing)" }),
      ];
    }),
  );
  const tools = Object.assign(document.createElement("p"), { className: "tools" });
  tools.append(
    button("Keep mine", () => settle()),
    button("Take theirs", () => {
      for (const clash of said.clashes) put(form, clash.field, clash.theirs);
      settle();
    }),
  );
  box.append(tools);
  box.hidden = false;
  box.setAttribute("role", "alert");

  function settle() {
    state.waits = false;
    sees(form, said.revision);
    box.hidden = true;
    save(form);
  }
}

function trouble(form, words) {
  const box = form.querySelector("[data-trouble]");
  box.hidden = !words;
  if (words) {
    box.replaceChildren(paragraph(words));
    box.setAttribute("role", "alert");
  }
}

function say(words, isBad = false) {
  const place = document.getElementById("saved");
  place.textContent = words;
  place.classList.toggle("bad", isBad);
}

function paragraph(words) {
  return Object.assign(document.createElement("p"), { textContent: words });
}

function button(words, act) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "second small", textContent: words });
  made.addEventListener("click", act);
  return made;
}

// Take the token of another session; true when there is one, which another form may have taken just before.
async function renew(used) {
  const mine = csrf();
  if (mine?.content !== used) return true;
  const answer = await fetch(location.pathname).catch(() => null);
  if (!answer?.ok) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const token = page.querySelector('meta[name="csrf-token"]')?.content;
  if (!token || token === used) return false;
  mine.content = token;
  for (const field of document.querySelectorAll('input[name="csrf"]')) field.value = token;
  return true;
}

function csrf() {
  return document.querySelector('meta[name="csrf-token"]');
}
