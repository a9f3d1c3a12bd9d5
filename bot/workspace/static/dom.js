// Make elements: text is only ever set as text, so nothing a person types can become markup.

export function h(tag, properties = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && typeof value !== "string") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

export function toast(text) {
  const note = h(".toast", {}, text);
  byId("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}

// Ask yes or no; resolves to true or false. `confirm` is Block Kit's confirmation dialog object.
export function asked(confirm) {
  if (!confirm) return Promise.resolve(true);
  return new Promise((resolve) => {
    const answer = (yes) => { dialog.close(); dialog.remove(); resolve(yes); };
    const style = confirm.style === "danger" ? "danger" : "primary";
    const dialog = h("dialog.modal.small", { "aria-label": confirm.title.text, oncancel: () => answer(false) },
      h("header", {}, h("h1", {}, confirm.title.text)),
      h(".body", {}, h("p", {}, confirm.text.text)),
      h("footer", {},
        h("button", { type: "button", onclick: () => answer(false) }, confirm.deny.text),
        h(`button.${style}`, { type: "button", onclick: () => answer(true) }, confirm.confirm.text)));
    document.body.append(dialog);
    dialog.showModal();
  });
}

export async function ask(path, body, raw) {
  const init = raw
    ? { method: "POST", body: raw, headers: { "Content-Type": "application/octet-stream" } }
    : { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const answer = await fetch(`/page/${path}`, init);
  if (!answer.ok) return { error: await answer.text() };
  return answer.json();
}
