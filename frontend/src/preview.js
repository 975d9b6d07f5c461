// The mail beside the page: made anew after each change, in place, and as far down as it was.
let look = { query: "dark=0", width: "600", reader: "" };
let waiting = 0;

export function showMail() {
  clearTimeout(waiting);
  waiting = setTimeout(load, 150);
}

function load() {
  const frame = document.querySelector("#mail iframe:last-of-type");
  if (!frame) return;
  const { base } = document.getElementById("composer").dataset;
  const query = new URLSearchParams(look.query);
  if (look.reader) query.set("reader", look.reader);
  query.set("at", Date.now()); // or the browser may show what it has
  const next = frame.cloneNode();
  next.classList.add("coming");
  next.addEventListener("load", () => show(next));
  next.src = `${base}/preview?${query}`;
  document.getElementById("mail").append(next);
}

// Frames stand in the order in which they were asked for: those before this one are past, those after it still coming.
function show(next) {
  const earlier = [...document.querySelectorAll("#mail iframe")];
  earlier.length = earlier.indexOf(next);
  try {
    next.contentWindow.scrollTo(0, earlier[0].contentWindow.scrollY);
  } catch {
    // One of the two is a page of another kind, such as a refusal; it begins at its top.
  }
  next.classList.remove("coming");
  for (const old of earlier) old.remove();
}

export function chooseLooks() {
  const bar = document.getElementById("looks");
  bar?.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-look]");
    if (!button) return;
    for (const one of bar.querySelectorAll("[data-look]")) one.setAttribute("aria-pressed", String(one === button));
    look = { ...look, query: button.dataset.look.includes("dark") || button.dataset.look.includes("form") ? button.dataset.look : `dark=0&${button.dataset.look}`, width: button.dataset.width };
    document.getElementById("mail").className = `preview w${look.width}`;
    load();
  });
  document.getElementById("reader-form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    look.reader = document.getElementById("reader").value.trim();
    load();
  });
}
