// Make elements, ask the server, tell the person: text is only ever set as text, never as markup.

export const byId = (id) => document.getElementById(id);

// h("button.primary", { type: "button", onclick }, "Go"): a tag with classes, properties, children.
export function h(tag, properties = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(9).filter((child) => child || child === 0));
  return element;
}

export const button = (tag, label, onclick, ...children) =>
  h(tag, { type: "button", "aria-label": label, title: label, onclick }, ...children);

export function toast(text) {
  const note = h(".toast", {}, text);
  byId("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}

// Do a verb of the page, or upload a file; what went wrong is told and stands in `error`.
export async function ask(path, body) {
  const answer = await fetch(`/page/${path}`, { method: "POST", body: body instanceof File ? body : JSON.stringify(body) });
  const { error, ...rest } = answer.ok ? await answer.json() : { error: await answer.text() };
  if (error) toast(`That did not work: ${error}`);
  return { error, ...rest };
}
