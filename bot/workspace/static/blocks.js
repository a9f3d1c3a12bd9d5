// Block Kit as DOM. `act(element, value)` is called when a person presses or chooses something.

import { ask, h } from "./dom.js";
import { text } from "./text.js";

export function blocks(all, act) {
  return all.map((block) => (BLOCKS[block.type] ?? unknown)(block, act));
}

const BLOCKS = {
  header: (block) => h("h2.header", {}, text(block.text)),
  divider: () => h("hr"),
  section: (block, act) => h(".section", {},
    h(".grow", {},
      block.text && h(".text", {}, text(block.text)),
      block.fields && h(".fields", {}, block.fields.map((field) => h(".text", {}, text(field))))),
    block.accessory && element(block.accessory, act)),
  context: (block) => h(".context", {}, block.elements.map((part) => h("span.text", {}, text(part)))),
  actions: (block, act) => h(".actions", {}, block.elements.map((part) => element(part, act))),
  input: (block) => {
    const id = `input-${block.block_id}`;
    const control = element(block.element);
    control.id = id;
    return h(".input", { "data-block": block.block_id },
      h("label", { for: id }, text(block.label), block.optional && h("span.optional", {}, " (optional)")),
      control,
      block.hint && h("p.hint", {}, text(block.hint)),
      h("p.error", { role: "alert" }));
  },
};

const unknown = (block) => h(".unknown", {}, `This page does not draw blocks of the type “${block.type}”.`);

function element(part, act) {
  const drawn = ELEMENTS[part.type](part, act);
  drawn.dataset.action = part.action_id;
  return drawn;
}

const ELEMENTS = {
  button: (part, act) => h(`button.${part.style ?? "default"}`, {
    type: "button", title: part.url,
    onclick: () => {
      if (/^https?:/.test(part.url)) window.open(part.url, "_blank", "noopener");
      confirmed(part, () => act(part, part.value));
    },
  }, text(part.text)),
  static_select: (part, act) => {
    const options = part.options.map((option) => h("option", { value: option.value }, text(option.text)));
    const hint = part.placeholder?.text ?? "Choose";
    const menu = h("select", { "aria-label": act && hint, onchange: () => act && confirmed(part, () => act(part, menu.value)) },
      h("option", { value: "", disabled: true }, hint), options);
    menu.value = part.initial_option?.value ?? "";
    return menu;
  },
  plain_text_input: (part) => {
    const about = { placeholder: part.placeholder?.text, maxlength: 3000 };
    const box = part.multiline ? h("textarea", { rows: 6, ...about }) : h("input", { type: "text", ...about });
    box.value = part.initial_value ?? "";
    return box;
  },
  file_input: (part) => {
    const accept = part.filetypes?.map((type) => `.${type}`).join(",");
    const pick = h("input", { type: "file", multiple: part.max_files !== 1, accept, onchange: async () => {
      const user = sessionStorage.getItem("user");
      const kept = [...pick.files].map((file) => ask(`upload?${new URLSearchParams({ user, name: file.name })}`, file));
      pick.dataset.ids = JSON.stringify((await Promise.all(kept)).map(({ id }) => id));
    } });
    return pick;
  },
};

// Read what stands in the inputs of a form: block_id -> text, option, or ids of files.
export function values(form) {
  const inputs = [...form.querySelectorAll("[data-block]")];
  return Object.fromEntries(inputs.map((input) => {
    const control = input.querySelector("[data-action]");
    return [input.dataset.block, control.type === "file" ? JSON.parse(control.dataset.ids ?? "[]") : control.value || null];
  }));
}

// Do it once the person has said yes, where the element has a confirmation dialog.
function confirmed({ confirm }, act) {
  if (!confirm) return act();
  const answer = (yes) => { dialog.remove(); if (yes) act(); };
  const style = confirm.style === "danger" ? "danger" : "primary";
  const dialog = h("dialog.modal", { "aria-label": confirm.title.text, oncancel: () => answer(false) },
    h("header", {}, h("h1", {}, text(confirm.title))),
    h(".body", {}, h("p", {}, text(confirm.text))),
    h("footer", {},
      h("button", { onclick: () => answer(false) }, text(confirm.deny)),
      h(`button.${style}`, { onclick: () => answer(true) }, text(confirm.confirm))));
  document.body.append(dialog);
  return dialog.showModal();
}
