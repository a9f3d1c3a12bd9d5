// One message as DOM: who, when, what was said, files, reactions, and what can be done with it.

import { blocks } from "./blocks.js";
import { h } from "./dom.js";
import { emoji, mrkdwn } from "./text.js";

export const seconds = (message) => Number(message.ts);

export function avatar(user) {
  const initials = user ? user.real_name.split(" ").map((word) => word[0]).join("").slice(0, 2) : "•";
  return h(`span.avatar.${user?.is_bot ? "bot" : user?.name ?? "slackbot"}`, { "aria-hidden": "true" }, initials);
}

// Draw one message; `around` says who wrote it, where it stands, and what its buttons do.
export function drawMessage(message, around) {
  const { person: user, compact } = around;
  const at = new Date(seconds(message) * 1000);
  const time = h("time", { datetime: at.toISOString(), title: at.toLocaleString() }, at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  const name = message.sender || user?.real_name || message.user;
  return h(`article.message${compact ? ".follows" : ""}${message.ephemeral ? ".ephemeral" : ""}`, { "data-ts": message.ts, "aria-label": `${name}, ${time.textContent}` },
    h(".gutter", {}, compact ? time : avatar(user)),
    h(".content", {},
      message.ephemeral && !compact && h(".only", {}, "Only visible to you"),
      !compact && h(".name", {}, h("strong", {}, name), (user?.is_bot || message.sender) && h("span.badge", {}, "APP"), time),
      body(message, around),
      message.files && h(".files", {}, message.files.map(fileCard)),
      message.reactions && h(".reactions", {}, message.reactions.map(({ name: shown, count }) => h("span", { title: shown }, emoji(shown), ` ${count}`))),
      around.answers > 0 && h("button.thread-link", { type: "button", onclick: () => around.openThread(message.ts) },
        `${around.answers} ${around.answers === 1 ? "reply" : "replies"}`)),
    toolbar(message, around));
}

function body(message, { bot, act }) {
  const edited = message.edited && h("span.edited", { title: "edited" }, "(edited)");
  const theirs = message.user !== bot; // people type text; the app lays out blocks
  if (theirs || !message.blocks.length) return message.text && h(".text", {}, mrkdwn(message.text), edited && [" ", edited]);
  const where = { channel: message.channel, ts: message.ts };
  const press = (part, value) => act("click", { ...where, action_id: part.action_id, value });
  return h(".blocks", {}, blocks(message.blocks, press), edited);
}

function fileCard(file) {
  if (file.mode === "tombstone") return h(".file.gone", {}, "This file was deleted.");
  const url = `/page/files/${file.id}`;
  if (/^image\/(png|jpeg|gif|webp)$/.test(file.mimetype)) {
    return h("figure", {}, h("figcaption", {}, file.title),
      h("a", { href: url, target: "_blank", rel: "noopener" }, h("img.large", { src: url, alt: file.alt_txt ?? file.title, width: file.original_w, height: file.original_h })));
  }
  return h("a.file", { href: url, download: file.name },
    h("span.kind", { "aria-hidden": "true" }, file.filetype.slice(0, 4)),
    h("span", {}, h("strong", {}, file.title), h("small", {}, `${file.pretty_type} · ${bytes(file.size)}`)));
}

function bytes(size) {
  const unit = Math.min(Math.floor(Math.log2(Math.max(size, 1)) / 10), 3);
  return `${(size / 1024 ** unit).toLocaleString(undefined, { maximumFractionDigits: unit ? 1 : 0 })} ${["bytes", "kB", "MB", "GB"][unit]}`;
}

function toolbar(message, { inThread, shortcuts, app, act, openThread }) {
  const use = (one) => act("shortcut", { channel: message.channel, ts: message.ts, callback_id: one.callback_id });
  return h(".toolbar", {},
    !inThread && !message.ephemeral && h("button.icon", { type: "button", title: "Reply in thread", "aria-label": "Reply in thread", onclick: () => openThread(message.thread_ts ?? message.ts) }, "↩"),
    shortcuts.length > 0 && h("details.overflow", {},
      h("summary", { title: "More actions", "aria-label": "More actions" }, "⋯"),
      h(".menu", { role: "menu" }, shortcuts.map((one) => h("button", {
        type: "button", role: "menuitem", onclick: (event) => { event.target.closest("details").open = false; use(one); },
      }, one.name, h("small", {}, app))))));
}
