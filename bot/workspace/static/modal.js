// Modals: draw the topmost view, keep what was typed while the app updates it, submit, show errors.

import { blocks, values, write } from "./blocks.js";
import { ask, button, h } from "./dom.js";

let open = null; // { view, user, dialog, back }

export function showModal(view, user) {
  if (open?.view.hash === view?.hash && open?.user === user) return;
  const typed = open && open.view.id === view?.id ? values(open.dialog) : {};
  const back = open?.back ?? document.activeElement;
  open?.dialog.remove();
  open = view ? { view, user, back, dialog: draw(view, user) } : null;
  if (!open) return back.isConnected && back.focus();
  document.body.append(open.dialog);
  open.dialog.showModal();
  for (const [block, value] of Object.entries(typed)) {
    const control = field(block)?.querySelector("[data-action]");
    if (control) write(control, value);
  }
  open.dialog.querySelector(".body :is(input, textarea, select)")?.focus();
}

const field = (block) => open.dialog.querySelector(`[data-block="${CSS.escape(block)}"]`);

function draw(view, user) {
  const leave = () => ask("do/close_view", { user, view_id: view.id });
  const act = (part, value) => ask("do/click", { user, where: view.id, action_id: part.action_id, value, typed: values(open.dialog) });
  return h("dialog.modal", { "aria-label": view.title.text, oncancel: (event) => { event.preventDefault(); leave(); } },
    h("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); submit(event.submitter); } },
      h("header", {}, h("h1", {}, view.title.text), button("button.icon", "Close", leave, "✕")),
      h(".body", {}, blocks(view.blocks, act)),
      h("footer", {},
        h("button", { type: "button", onclick: leave }, view.close?.text ?? "Cancel"),
        view.submit && h("button.primary", {}, view.submit.text))));
}

async function submit(pressed) {
  const { view, user, dialog } = open;
  pressed.disabled = true;
  const { reply } = await ask("do/submit_view", { user, view_id: view.id, values: values(dialog) });
  pressed.disabled = false;
  for (const place of dialog.querySelectorAll(".error")) place.textContent = "";
  for (const control of dialog.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  for (const [block, words] of Object.entries(reply?.errors ?? {})) {
    field(block).querySelector(".error").textContent = words;
    field(block).querySelector("[data-action]").setAttribute("aria-invalid", "true");
  }
  dialog.querySelector("[aria-invalid]")?.focus();
}
