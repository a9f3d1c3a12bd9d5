// Slack's mrkdwn as DOM.

import { h } from "./dom.js";

const EMOJI = new Map(
  ("tada 🎉 rocket 🚀 white_check_mark ✅ heavy_check_mark ✔️ x ❌ warning ⚠️ hourglass ⌛ hourglass_flowing_sand ⏳ " +
  "runner 🏃 bar_chart 📊 chart_with_upwards_trend 📈 robot_face 🤖 wave 👋 thumbsup 👍 thumbsdown 👎 eyes 👀 bulb 💡 " +
  "fire 🔥 star ⭐ sparkles ✨ lock 🔒 mag 🔍 memo 📝 wastebasket 🗑️ gear ⚙️ bell 🔔 calendar 📅 large_green_circle 🟢 " +
  "large_yellow_circle 🟡 red_circle 🔴 smile 😄 neutral_face 😐 slightly_frowning_face 🙁 trophy 🏆 seedling 🌱 heart ❤️ " +
  "no_entry ⛔ octagonal_sign 🛑 information_source ℹ️ question ❓ repeat 🔁 zap ⚡ dart 🎯 floppy_disk 💾 mortar_board 🎓")
    .match(/\S+ \S+/g).map((pair) => pair.split(" ")));

const names = new Map(); // of users and channels, by id
export const known = { users: [], channels: [] }; // who and what can be chosen

export function knowNames(users, channels) {
  for (const user of users) names.set(user.id, `@${user.real_name}`);
  for (const channel of channels) names.set(channel.id, `#${channel.title}`);
  known.users = users.filter((user) => !user.deleted);
  known.channels = channels;
}

export const text = ({ type, text: said }) => (type === "mrkdwn" ? mrkdwn(said) : emojied(said));
const emojied = (said) => said.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI.get(name) ?? whole);
const plain = (said) => said.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

export function mrkdwn(said) {
  const parts = said.split(/```\n?([\s\S]*?)\n?```/);
  return parts.map((part, i) => (i % 2 ? h("pre", {}, plain(part)) : quoted(part)));
}

// Lines that begin with > stand in a quotation.
function quoted(said) {
  const parts = said.split(/^((?:(?:&gt;|>) ?.*(?:\n|$))+)/m);
  return parts.map((part, i) => (i % 2 ? h("blockquote", {}, inline(part.replace(/^(&gt;|>) ?/gm, "").trimEnd())) : inline(part)));
}

const INLINE = new RegExp([
  /`(?<code>[^`\n]+)`/, /<(?<token>[^<>\n]+)>/,
  /(?<![\w*])\*(?<strong>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])/, /(?<![\w_])_(?<em>[^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])/,
  /(?<![\w~])~(?<s>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])/, /(?<url>https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)\]])/,
].map((part) => part.source).join("|"), "g");

function inline(said) {
  const out = [];
  let end = 0;
  for (const found of said.matchAll(INLINE)) {
    out.push(emojied(plain(said.slice(end, found.index))), styled(found.groups));
    end = found.index + found[0].length;
  }
  return [...out, emojied(plain(said.slice(end)))];
}

function styled({ code, token, url, ...styles }) {
  if (code) return h("code", {}, plain(code));
  if (token) return reference(token);
  if (url) return link(plain(url), plain(url));
  const [tag, inside] = Object.entries(styles).find(([, inside]) => inside);
  return h(tag, {}, inline(inside));
}

// What stands between < and >: a person, a channel, a date, a special mention, or a link.
function reference(token) {
  const [target, label] = token.split(/\|(.*)/s);
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!")) return mention(`@${target.slice(1).split("^")[0]}`);
  if (/^[@#]/.test(target)) return mention(names.get(target.slice(1)) ?? label ?? target);
  return link(plain(target), plain(label ?? target));
}

const mention = (said) => h("span.mention", {}, said);

function link(url, label) {
  if (!/^(https?:|mailto:)/i.test(url)) return label;
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label);
}

function date(target, fallback) {
  const [, epoch, format] = target.split("^");
  const at = new Date(Number(epoch) * 1000);
  if (Number.isNaN(at.getTime())) return plain(fallback ?? "");
  const as = (options) => new Intl.DateTimeFormat(undefined, options).format(at);
  const words = {
    date_num: as({ dateStyle: "short" }), date: as({ dateStyle: "long" }), date_short: as({ dateStyle: "medium" }),
    date_long: as({ dateStyle: "full" }), time: as({ timeStyle: "short" }), time_secs: as({ timeStyle: "medium" }),
  };
  const today = at.toDateString() === new Date().toDateString();
  const said = format.replace(/\{(\w+?)(_pretty)?\}/g, (whole, word, pretty) => (pretty && today ? "today" : words[word] ?? whole));
  return h("time", { datetime: at.toISOString(), title: at.toLocaleString() }, said);
}
