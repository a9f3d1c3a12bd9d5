// The composer: Enter sends, slash commands complete, files attach by button or drop.

import { button, h } from "./dom.js";

// Build a composer in `form`; `send(text, files)` is called, `commands` are what completes.
export function composer(form, { name, commands, send }) {
  let files = [];
  const box = h("textarea", { rows: 1, placeholder: name, "aria-label": name });
  const list = h("ul.completions", { role: "listbox", "aria-label": "Commands", hidden: true });
  const chips = h(".chips");
  const picker = h("input", { type: "file", multiple: true, hidden: true, onchange: () => { attach(picker.files); picker.value = ""; } });
  form.replaceChildren(list, chips, h(".row", {},
    button("button.icon", "Attach a file", () => picker.click(), "＋"), box, picker,
    h("button.primary", { "aria-label": "Send", title: "Send" }, "➤")));

  function attach(added) {
    files = [...files, ...added];
    drawChips();
    box.focus();
  }
  function drawChips() {
    chips.replaceChildren(...files.map((file) => h("span.chip", {}, file.name,
      button("button.icon", `Remove ${file.name}`, () => { files = files.filter((one) => one !== file); drawChips(); }, "✕"))));
  }
  const fitting = () => (/^\/\S*$/.test(box.value) ? commands.filter((one) => one.command.startsWith(box.value)) : []);
  function complete(one) {
    box.value = `${one.command} `;
    drawList();
  }
  function drawList() {
    list.replaceChildren(...fitting().map((one) => h("li", {
      role: "option", onmousedown: (event) => { event.preventDefault(); complete(one); },
    }, h("strong", {}, one.command), h("code", {}, one.usage_hint), h("small", {}, one.description))));
    list.hidden = !list.children.length;
  }

  box.oninput = drawList;
  box.onkeydown = (event) => {
    if (event.key === "Tab" && fitting().length) complete(fitting()[0]);
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) form.requestSubmit();
    else return;
    event.preventDefault();
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    if (box.value.trim() || files.length) send(box.value.trim(), files);
    files = [];
    box.value = "";
    drawChips();
    drawList();
  };
  droppable(form.parentElement, name, attach);
}

function droppable(pane, name, attach) {
  const target = h(".drop", { hidden: true }, `Drop to add to “${name}”`);
  pane.querySelector(".drop")?.remove();
  pane.append(target);
  pane.ondragover = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    target.hidden = false;
  };
  pane.ondragleave = (event) => { target.hidden = !pane.contains(event.relatedTarget); };
  pane.ondrop = (event) => {
    event.preventDefault();
    target.hidden = true;
    attach(event.dataTransfer.files);
  };
}
