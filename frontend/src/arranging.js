// Items moved: dragged by their handle, or by keys while it has the focus.
import Sortable from "sortablejs";

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export function arrange(root) {
  for (const list of root.querySelectorAll("ol.items")) {
    if (!list.sortable) {
      list.sortable = Sortable.create(list, {
        group: "items",
        handle: ".handle",
        draggable: ".item",
        forceFallback: true, // the same by mouse and by touch
        fallbackOnBody: true,
        fallbackTolerance: 4,
        animation: calm.matches ? 0 : 120,
        onEnd: dropped,
      });
    }
  }
}

function dropped({ item, from, to, oldIndex, newIndex }) {
  if (from === to && oldIndex === newIndex) return;
  const before = item.nextElementSibling?.dataset.number;
  const after = item.previousElementSibling?.dataset.number;
  const last = from.children[oldIndex + (from === to && newIndex < oldIndex ? 1 : 0)] ?? null;
  const back = () => from.insertBefore(item, last);
  move(item, before ? { before } : after ? { after } : { into: to.dataset.into }, back);
}

// A press on a handle that has the focus.
export function onKey(event) {
  const handle = event.target.closest?.(".handle");
  if (!handle || event.ctrlKey || event.metaKey) return;
  const item = handle.closest(".item");
  if (/^[1-9]$/.test(event.key)) move(item, { place: event.key });
  else if (event.key === "ArrowUp") item.querySelector('[value="up"]').click();
  else if (event.key === "ArrowDown") item.querySelector('[value="down"]').click();
  else return;
  event.preventDefault();
}

// Where the item is not moved after all, because that was refused, could not be asked, or waits for a text, `back` is called.
function move(item, values, back) {
  const base = document.getElementById("composer").dataset;
  const query = base.reopen ? "?reopen=1" : "";
  const source = item.querySelector(".handle");
  if (back) {
    source.addEventListener("unsent", back, { once: true });
    source.addEventListener("htmx:afterRequest", ({ detail }) => detail.successful || back(), { once: true });
  }
  window.htmx.ajax("POST", `${base.base}/compose/items/${item.dataset.number}/move${query}`, {
    source,
    target: "#contents-place",
    swap: "innerHTML",
    values: { ...values, revision: document.getElementById("contents").dataset.revision },
  });
}
