// One message as DOM: who, when, what was said, files, and what can be done with it.

import { blocks } from "./blocks.js";
import { button, h } from "./dom.js";
import { mrkdwn } from "./text.js";

const timeOf = (message) => new Date(message.ts * 1000);
export const isReply = (message) => message.thread_ts && message.thread_ts !== message.ts;
export const dayOf = (message) => timeOf(message).toLocaleDateString(undefined, { weekday: "long", month: "long", day: "numeric" });

export function avatar(user) {
  const initials = user.real_name.split(" ").map((word) => word[0]).join("").slice(0, 2);
  return h(`span.avatar.${user.is_bot ? "bot" : user.name}`, { "aria-hidden": "true" }, initials);
}

// `user` wrote it; `compact` leaves out who, as the message before says it; `around` has what can be done.
export function drawMessage(message, { user, compact, answers, ...around }) {
  const at = timeOf(message);
  const time = h("time", { datetime: at.toISOString(), title: at.toLocaleString() }, at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  const classes = `${compact ? ".follows" : ""}${message.ephemeral ? ".ephemeral" : ""}`;
  return h(`article.message${classes}`, { "aria-label": user.real_name, "data-ts": message.ts },
    compact ? h("span.gutter", {}, time) : avatar(user),
    h(".content", {},
      message.ephemeral && !compact && h(".only", {}, "Only visible to you"),
      !compact && h(".name", {}, h("strong", {}, user.real_name), user.is_bot && h("span.badge", {}, "APP"), time),
      body(message, around.act),
      message.files?.map(fileCard),
      answers > 0 && h("button.thread-link", { type: "button", onclick: around.reply }, `${answers} ${answers === 1 ? "reply" : "replies"}`)),
    !message.ephemeral && toolbar(message, around));
}

function body(message, act) {
  const edited = message.edited && h("span.edited", {}, " (edited)");
  if (!message.blocks) return message.text && h(".text", {}, mrkdwn(message.text), edited);
  const press = (part, value) => act("click", { where: [message.channel, message.ts], action_id: part.action_id, value });
  return h(".blocks", {}, blocks(message.blocks, press), edited);
}

function fileCard(file) {
  const url = `/page/files/${file.id}`;
  if (/^image\/(png|jpeg|gif|webp)$/.test(file.mimetype)) {
    return h("figure", {}, h("figcaption", {}, file.title),
      h("a", { href: url, target: "_blank" }, h("img", { src: url, alt: file.alt_txt || file.title })));
  }
  const size = file.size < 1024 ? `${file.size} bytes` : `${(file.size / 1024).toLocaleString(undefined, { maximumFractionDigits: 1 })} kB`;
  return h("a.file", { href: url, download: file.name },
    h("span.kind", { "aria-hidden": "true" }, file.filetype.slice(0, 4)),
    h("span", {}, h("strong", {}, file.title), h("small", {}, size)));
}

function toolbar(message, { reply, shortcuts, act }) {
  const use = (one) => act("shortcut", { message: [message.channel, message.ts], callback_id: one.callback_id });
  return h(".toolbar", {},
    reply && button("button.icon", "Reply in thread", reply, "↩"),
    shortcuts.length > 0 && h("details", {},
      h("summary", { "aria-label": "More actions", title: "More actions" }, "⋯"),
      h(".menu", { role: "menu" }, shortcuts.map((one) => h("button", {
        type: "button", role: "menuitem", onclick: (event) => { event.target.closest("details").open = false; use(one); },
      }, one.name)))));
}
