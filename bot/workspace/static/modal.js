// Modals: draw the topmost view, keep what was typed while the app updates it, submit, show errors.

import { blocks, element, text } from "./blocks.js";
import { ask, h, toast } from "./dom.js";

const TROUBLE = "We had some trouble connecting. Try again?";
let open = null; // { id, hash, dialog, fields }

export function showModal(views, user) {
  const view = views.at(-1);
  if (!view) return shut();
  if (open?.hash === view.hash) return;
  const typed = open?.id === view.id ? values() : {};
  const back = document.activeElement;
  shut();
  const fields = new Map();
  const act = (part, value) => click(view, user, part, value);
  const parts = view.blocks.flatMap((block) =>
    block.type === "input" ? [input(block, fields, typed, { act, user })] : blocks([block], act));
  const dialog = h("dialog.modal", { "aria-label": view.title.text, oncancel: (event) => { event.preventDefault(); leave(); } },
    h("form", { method: "dialog", novalidate: true, onsubmit: (event) => { event.preventDefault(); submit(); } },
      h("header", {}, h("h1", {}, view.title.text),
        h("button.icon", { type: "button", "aria-label": "Close", onclick: () => leave() }, "✕")),
      h(".body", {}, parts, h("p.error.general", { role: "alert" })),
      h("footer", {},
        h("button", { type: "button", onclick: () => leave() }, view.close?.text ?? "Cancel"),
        view.submit && h("button.primary", { type: "submit" }, view.submit.text))));
  document.body.append(dialog);
  open = { id: view.id, hash: view.hash, dialog, fields, user, back };
  dialog.showModal();
  dialog.querySelector(".body :is(input, textarea, select)")?.focus();
}

function shut() {
  if (!open) return;
  open.dialog.close();
  open.dialog.remove();
  if (open.back?.isConnected) open.back.focus();
  open = null;
}

const leave = () => ask("do/close", { user: open.user, view: open.id });
const values = () => Object.fromEntries([...open.fields].map(([block, read]) => [block, read()]));

async function submit() {
  const { dialog, id, user } = open;
  const button = dialog.querySelector("footer .primary");
  if (!button || button.disabled) return;
  button.disabled = true;
  const { error, reply } = await ask("do/submit", { user, view: id, values: values() });
  button.disabled = false;
  for (const old of dialog.querySelectorAll(".error")) old.textContent = "";
  for (const old of dialog.querySelectorAll("[aria-invalid]")) old.removeAttribute("aria-invalid");
  if (error) dialog.querySelector(".error.general").textContent = TROUBLE;
  if (reply?.response_action === "errors") showErrors(dialog, reply.errors);
}

function showErrors(dialog, errors) {
  for (const [block, words] of Object.entries(errors)) {
    const field = dialog.querySelector(`[data-block="${CSS.escape(block)}"]`);
    const place = field?.querySelector(".error") ?? dialog.querySelector(".error.general");
    place.textContent = words;
    field?.querySelector("input, textarea, select")?.setAttribute("aria-invalid", "true");
  }
  dialog.querySelector("[aria-invalid]")?.focus();
}

async function click(view, user, part, value) {
  const { error } = await ask("do/click", { user, view: view.id, action_id: part.action_id, value });
  if (error) toast(`That did not work: ${error}`);
}

// --- inputs ---

let serial = 0;

function input(block, fields, typed, { act, user }) {
  const part = block.element;
  const id = `field-${(serial += 1)}`;
  const [control, read] = (INPUTS[part.type] ?? INPUTS.static_select)(part, typed[block.block_id], user);
  const grouped = control.matches("div");
  if (grouped) control.setAttribute("aria-labelledby", id);
  else control.id = id;
  control.dataset.action = part.action_id ?? "";
  fields.set(block.block_id, read);
  if (block.dispatch_action) control.addEventListener("change", () => act(part, read()));
  return h(".input", { "data-block": block.block_id },
    h("label", grouped ? { id } : { for: id }, text(block.label), block.optional && h("span.optional", {}, " (optional)")),
    control,
    block.hint && h("p.hint", {}, text(block.hint)),
    h("p.error", { role: "alert" }));
}

const orNull = (control) => () => control.value || null;
const ticked = (group) => [...group.querySelectorAll(":checked")].map((box) => box.value);

const INPUTS = {
  plain_text_input(part, typed) {
    const value = typed ?? part.initial_value ?? "";
    const about = { placeholder: part.placeholder?.text, maxlength: String(part.max_length ?? 3000) };
    const control = part.multiline ? h("textarea", { rows: "6", ...about }) : h("input", { type: "text", ...about });
    control.value = value;
    return [control, orNull(control)];
  },
  number_input(part, typed) {
    const control = h("input", { type: "number", placeholder: part.placeholder?.text, min: part.min_value, max: part.max_value, step: part.is_decimal_allowed ? "any" : "1" });
    control.value = typed ?? part.initial_value ?? "";
    return [control, orNull(control)];
  },
  checkboxes(part, typed) {
    const wanted = typed ? part.options.filter((option) => typed.includes(option.value)) : part.initial_options;
    const control = element({ ...part, initial_options: wanted });
    return [control, () => ticked(control)];
  },
  radio_buttons(part, typed) {
    const wanted = typed ? part.options.find((option) => option.value === typed) : part.initial_option;
    const control = element({ ...part, initial_option: wanted });
    return [control, () => ticked(control)[0] ?? null];
  },
  static_select(part, typed) {
    const control = element(part);
    if (typed) control.value = typed;
    return [control, orNull(control)];
  },
  file_input(part, typed, user) {
    let ids = typed ?? [];
    const chosen = h("span.hint", {}, ids.length ? `${ids.length} uploaded` : "");
    const keep = async (file) => (await ask(`upload?${new URLSearchParams({ user, name: file.name })}`, null, file)).reply.id;
    const pick = h("input", {
      type: "file", multiple: part.max_files !== 1, accept: part.filetypes?.map((type) => `.${type}`).join(","),
      onchange: async () => {
        chosen.textContent = "Uploading…";
        ids = await Promise.all([...pick.files].map(keep));
        chosen.textContent = `${ids.length} uploaded`;
      },
    });
    return [h(".file-input", {}, pick, chosen), () => ids];
  },
};
INPUTS.multi_static_select = INPUTS.checkboxes;
