// Rich text over a textarea that stays the form's field: the editor writes its Markdown there.
//
// What the editor cannot say again word for word stays in the textarea, so that looking at a text never changes it.
import { Editor, Mark } from "@tiptap/core";
import { Markdown } from "@tiptap/markdown";
import StarterKit from "@tiptap/starter-kit";

const KIT = StarterKit.configure({
  code: false,
  codeBlock: false,
  horizontalRule: false,
  strike: false,
  underline: false,
  heading: { levels: [1, 2, 3, 4, 5, 6] },
  link: { openOnClick: false, autolink: false, protocols: ["http", "https", "mailto", "tel"] },
});

// H~2~O and 19^th^, as pulse_mailer/raising.py has them.
const raised = (name, tag, mark) =>
  Mark.create({
    name,
    parseHTML: () => [{ tag }],
    renderHTML: () => [tag, 0],
    markdownTokenizer: {
      name,
      level: "inline",
      start: (text) => text.indexOf(mark),
      tokenize(text, _tokens, lexer) {
        const found = new RegExp(`^\\${mark}([^\\s~^*_\\\\[\\]<>&\`"]{1,30})\\${mark}`).exec(text);
        return found ? { type: name, raw: found[0], text: found[1], tokens: lexer.inlineTokens(found[1]) } : undefined;
      },
    },
    parseMarkdown: (token, helpers) => helpers.applyMark(name, helpers.parseInline(token.tokens ?? [])),
    renderMarkdown: (node, helpers) => `${mark}${helpers.renderChildren(node)}${mark}`,
  });

const EXTENSIONS = [
  KIT,
  raised("subscript", "sub", "~"),
  raised("superscript", "sup", "^"),
  Markdown.configure({ markedOptions: { gfm: false } }),
];

const TOOLS = [
  ["bold", "Bold", "B", (chain) => chain.toggleBold()],
  ["italic", "Italic", "I", (chain) => chain.toggleItalic()],
  ["link", "Link", "Link", null],
  ["bulletList", "List", "• List", (chain) => chain.toggleBulletList()],
  ["orderedList", "Numbered list", "1. List", (chain) => chain.toggleOrderedList()],
  ["heading", "Heading", "Heading", (chain) => chain.toggleHeading({ level: 3 })],
  ["blockquote", "Quote", "Quote", (chain) => chain.toggleBlockquote()],
];

export function mountEditors(root) {
  for (const area of root.querySelectorAll("textarea[data-rich]")) {
    if (!area.rich && !area.disabled && !area.closest("fieldset:disabled")) mount(area);
  }
}

// What a merge field or a plain & < > reads like is left as people write it, where that means the same.
export function written(editor) {
  return editor
    .getMarkdown()
    .replace(/\{[A-Za-z\\_]+ {0,3}\|[^{}\n]*\}/g, (field) => field.replaceAll("\\", ""))
    .replace(/&amp;(?![#A-Za-z0-9]+;)/g, "&")
    .replace(/&lt;(?![A-Za-z/!?])/g, "<")
    .replace(/(?<=\S[^\n]*)&gt;/g, ">")
    .replace(/&nbsp;/g, "\u00a0")
    .trim();
}

function mount(area) {
  const place = element("div", { class: "rich-box" });
  const editor = new Editor({
    element: place,
    extensions: EXTENSIONS,
    injectCSS: false,
    content: area.value,
    contentType: "markdown",
    editorProps: {
      attributes: {
        class: "rich-text",
        role: "textbox",
        "aria-multiline": "true",
        "aria-label": area.dataset.label,
        id: `${area.id}-rich`,
      },
    },
    onUpdate: () => {
      area.value = written(editor);
      area.dispatchEvent(new Event("input", { bubbles: true }));
    },
  });
  const box = element("div", { class: "rich" });
  const tools = element("div", { class: "rich-tools", role: "toolbar", "aria-label": `Form of: ${area.dataset.label}` });
  const link = linkBox(editor);
  for (const [name, label, shown, act] of TOOLS) {
    const button = element("button", { type: "button", "aria-label": label, "aria-pressed": "false", "data-tool": name });
    button.textContent = shown;
    // The text keeps the focus: TipTap's own way back to it takes a frame, and keys pressed in it would be lost.
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", () => {
      if (!act) return link.open();
      editor.view.focus();
      act(editor.chain()).run();
    });
    tools.append(button);
  }
  const tabs = element("div", { class: "rich-tabs" });
  const rich = tab("Rich text", () => show(true));
  const plain = tab("Markdown", () => show(false));
  tabs.append(rich, plain);
  const why = element("p", { class: "quiet small" });
  box.append(tabs, tools, link.box, place, why);
  area.before(box);
  editor.on("transaction", () => press(tools, editor));
  area.rich = { show: () => show(isFaithful()), destroy: () => editor.destroy() };
  show(isFaithful());

  function isFaithful() {
    return same(written(editor)) === same(area.value);
  }

  function refresh() {
    editor.commands.setContent(area.value, { contentType: "markdown", emitUpdate: false });
  }

  function show(wantsRich) {
    if (wantsRich) refresh();
    const isRich = wantsRich && isFaithful();
    why.textContent =
      wantsRich && !isRich ? "This text has marks that only Markdown can show; it stays as it is written." : "";
    tools.hidden = place.hidden = !isRich;
    area.hidden = isRich;
    rich.setAttribute("aria-pressed", String(isRich));
    plain.setAttribute("aria-pressed", String(!isRich));
  }
}

function press(tools, editor) {
  for (const button of tools.children) {
    button.setAttribute("aria-pressed", String(editor.isActive(button.dataset.tool)));
  }
}

function linkBox(editor) {
  const box = element("div", { class: "rich-link" });
  const input = element("input", { type: "text", inputmode: "url", "aria-label": "Address of the link" });
  const set = element("button", { type: "button", class: "second small" });
  set.textContent = "Set the link";
  box.append(input, set);
  box.hidden = true;
  input.addEventListener("input", (event) => event.stopPropagation());
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") apply(event);
    if (event.key === "Escape") close();
  });
  set.addEventListener("click", apply);

  function apply(event) {
    event.preventDefault();
    const href = input.value.trim();
    editor.view.focus();
    const chain = editor.chain().extendMarkRange("link");
    (href ? chain.setLink({ href }) : chain.unsetLink()).run();
    close();
  }

  function close() {
    box.hidden = true;
    editor.view.focus();
  }

  return {
    box,
    open() {
      input.value = editor.getAttributes("link").href ?? "";
      box.hidden = false;
      input.focus();
    },
  };
}

function tab(name, act) {
  const button = element("button", { type: "button", "aria-pressed": "false" });
  button.textContent = name;
  button.addEventListener("click", act);
  return button;
}

function element(tag, attributes) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// How a text reads, without what makes no difference: the sign of a bullet, blank ends of lines.
function same(text) {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/^(\s*)[*+](?=\s)/gm, "$1-")
    .replace(/\n{2,}/g, "\n\n")
    .trim();
}
