// Block Kit as DOM. `act(element, value)` is called when a person presses or chooses something.

import { ask, h } from "./dom.js";
import { known, text } from "./text.js";

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
  input: (block, act) => {
    const id = `input-${block.block_id}`;
    const control = element(block.element, block.dispatch_action && act);
    control.id = id;
    control.removeAttribute("aria-label");
    control.setAttribute("aria-labelledby", `${id}-label`);
    return h(".input", { "data-block": block.block_id },
      h("label", { for: id, id: `${id}-label` }, text(block.label), block.optional && h("span.optional", {}, " (optional)")),
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
  overflow: (part, act) => {
    const choose = (option) => { menu.open = false; confirmed(part, () => act(part, option.value)); };
    const menu = h("details", {},
      h("summary", { "aria-label": "More", title: "More" }, "⋯"),
      h(".menu", { role: "menu" }, part.options.map((option) =>
        h("button", { type: "button", role: "menuitem", onclick: () => choose(option) }, text(option.text)))));
    return menu;
  },
  static_select: (part, act) => select(part, act, part.options.map(({ value, text: said }) => [value, text(said)]), part.initial_option?.value),
  users_select: (part, act) => select(part, act, known.users.map((user) => [user.id, user.real_name]), part.initial_user),
  channels_select: (part, act) => select(part, act, channels(["public"]), part.initial_channel),
  conversations_select: (part, act) => select(part, act, channels(part.filter?.include), part.initial_conversation),
  multi_static_select: (part, act) => {
    const menu = select(part, act, part.options.map(({ value, text: said }) => [value, text(said)]));
    menu.firstChild.remove(); // its hint: nothing chosen is no choice here
    menu.multiple = true;
    menu.size = Math.min(part.options.length, 7);
    write(menu, part.initial_options?.map(({ value }) => value) ?? []);
    return menu;
  },
  checkboxes: (part, act) => ticks(part, act, "checkbox", part.initial_options ?? []),
  radio_buttons: (part, act) => ticks(part, act, "radio", [part.initial_option].filter(Boolean)),
  datepicker: (part, act) => picker(part, act, { type: "date", value: part.initial_date }),
  timepicker: (part, act) => picker(part, act, { type: "time", value: part.initial_time }),
  number_input: (part, act) => picker(part, act, {
    type: "number", value: part.initial_value, min: part.min_value, max: part.max_value, step: part.is_decimal_allowed ? "any" : 1,
    placeholder: part.placeholder?.text,
  }),
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

// Tell what is chosen as soon as it is, where the app wants to hear of it.
const telling = (part, act) => ({ onchange: ({ currentTarget }) => act && confirmed(part, () => act(part, read(currentTarget))) });

function select(part, act, options, chosen) {
  const hint = part.placeholder?.text ?? "Choose";
  const menu = h("select", { "aria-label": hint, ...telling(part, act) },
    h("option", { value: "", disabled: true }, hint), options.map(([value, said]) => h("option", { value }, said)));
  menu.value = chosen ?? "";
  return menu;
}

const picker = (part, act, about) => h("input", { "aria-label": part.placeholder?.text ?? about.type, ...about, ...telling(part, act) });

const channels = (kinds) => known.channels.filter((one) => one.name && (!kinds || kinds.includes(one.kind)))
  .map((one) => [one.id, `${one.kind === "private" ? "🔒 " : "#"}${one.name}`]);

function ticks(part, act, type, chosen) {
  const ticked = chosen.map(({ value }) => value);
  return h("fieldset", telling(part, act), part.options.map((option) => h("label", {},
    h("input", { type, name: part.action_id, value: option.value, checked: ticked.includes(option.value) }),
    h("span", {}, text(option.text), option.description && h("small", {}, text(option.description))))));
}

// Read what stands in the inputs of a form: block_id -> text, option, options, or ids of files.
export function values(form) {
  const inputs = [...form.querySelectorAll("[data-block]")];
  return Object.fromEntries(inputs.map((input) => [input.dataset.block, read(input.querySelector("[data-action]"))]));
}

function read(control) {
  if (control.type === "file") return JSON.parse(control.dataset.ids ?? "[]");
  if (!control.multiple && control.tagName !== "FIELDSET") return control.value || null;
  const chosen = [...control.querySelectorAll(":checked")];
  return chosen[0]?.type === "radio" ? chosen[0].value : chosen.map((one) => one.value).filter(Boolean);
}

// Put back what stood in a control before it was drawn anew.
export function write(control, value) {
  if (control.type === "file" || value === null) return;
  if (!control.multiple && control.tagName !== "FIELDSET") control.value = value;
  else for (const one of control.querySelectorAll("option, input")) one[one.type ? "checked" : "selected"] = [value].flat().includes(one.value);
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
