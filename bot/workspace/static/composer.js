// The composer: Enter sends, commands and names complete, files attach by button, paste or drop.

import { byId, h } from "./dom.js";

// Build a composer in `form`; `send(text, files)` is called, `commands()` and `people()` complete.
export function composer(form, { name, commands, people, send }) {
  let files = [];
  const box = h("textarea", { rows: "1", placeholder: name, "aria-label": name, "aria-autocomplete": "list", autocomplete: "off" });
  const list = h("ul.completions", { role: "listbox", "aria-label": "Suggestions", hidden: true });
  const chips = h(".chips");
  const picker = h("input", { type: "file", multiple: true, hidden: true, onchange: () => { attach(picker.files); picker.value = ""; } });
  form.replaceChildren(list, chips, h(".row", {},
    h("button.icon", { type: "button", "aria-label": "Attach a file", title: "Attach a file", onclick: () => picker.click() }, "＋"),
    box, picker,
    h("button.primary.send", { type: "submit", "aria-label": "Send", title: "Send" }, "➤")));

  function attach(added) {
    files = [...files, ...added];
    drawChips();
    box.focus();
  }
  function drawChips() {
    chips.replaceChildren(...files.map((file) => h("span.chip", {}, file.name,
      h("button.icon", { type: "button", "aria-label": `Remove ${file.name}`, onclick: () => { files = files.filter((one) => one !== file); drawChips(); } }, "✕"))));
  }
  function grow() {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 200)}px`;
  }

  const complete = completions(box, list, { commands, people, changed: grow });
  form.onsubmit = (event) => {
    event.preventDefault();
    const words = box.value.trim();
    if (!words && !files.length) return;
    send(words, files);
    files = [];
    box.value = "";
    drawChips();
    complete.update();
    grow();
  };
  box.addEventListener("input", () => { complete.update(); grow(); });
  box.addEventListener("keydown", (event) => {
    if (complete.key(event) || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  box.addEventListener("paste", (event) => { if (event.clipboardData.files.length) attach(event.clipboardData.files); });
  droppable(form.parentElement, name, attach);
}

// What could be meant by the text before the caret: a command at the start, a name after an @.
function candidates(box, { commands, people }) {
  const before = box.value.slice(0, box.selectionStart);
  if (/^\/\S*$/.test(before)) {
    return commands().filter((one) => one.command.startsWith(before)).map((one) => ({
      from: 0, text: `${one.command} `, title: one.command, hint: one.usage_hint, about: one.description,
    }));
  }
  const at = before.match(/(?:^|\s)@(\w*)$/);
  if (!at) return [];
  return people().filter((one) => one.name.startsWith(at[1].toLowerCase())).map((one) => ({
    from: before.length - at[1].length - 1, text: `@${one.name} `, title: one.real_name, about: one.is_bot ? "app" : "",
  }));
}

function completions(box, list, about) {
  let found = [];
  let chosen = 0;
  function draw() {
    list.hidden = !found.length;
    list.replaceChildren(...found.map((one, i) => h("li", {
      role: "option", "aria-selected": String(i === chosen), onmousedown: (event) => { event.preventDefault(); take(one); },
    }, h("strong", {}, one.title), one.hint && h("code", {}, one.hint), h("small", {}, one.about))));
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
  }
  function update() {
    found = candidates(box, about);
    chosen = 0;
    draw();
  }
  function take(one) {
    const rest = box.value.slice(box.selectionStart);
    box.value = box.value.slice(0, one.from) + one.text + rest;
    box.selectionStart = box.selectionEnd = one.from + one.text.length;
    update();
    about.changed();
  }
  function key(event) {
    if (!found.length || !["ArrowUp", "ArrowDown", "Tab", "Enter", "Escape"].includes(event.key)) return false;
    const typed = box.value.slice(found[chosen].from, box.selectionStart);
    if (event.key === "Enter" && found[chosen].text.trim() === typed) return false; // complete already
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") { found = []; draw(); }
    else if (event.key.startsWith("Arrow")) { chosen = (chosen + (event.key === "ArrowUp" ? -1 : 1) + found.length) % found.length; draw(); }
    else take(found[chosen]);
    return true;
  }
  return { update, key };
}

function droppable(pane, name, attach) {
  const show = (on) => { byId("drop").hidden = !on; byId("drop").firstElementChild.textContent = `Drop to add to “${name}”`; };
  const withFiles = (event) => event.dataTransfer?.types.includes("Files");
  pane.ondragover = (event) => { if (withFiles(event)) { event.preventDefault(); show(true); } };
  pane.ondragleave = (event) => { if (!pane.contains(event.relatedTarget)) show(false); };
  pane.ondrop = (event) => {
    if (!withFiles(event)) return;
    event.preventDefault();
    show(false);
    attach(event.dataTransfer.files);
  };
}
