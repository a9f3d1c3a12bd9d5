// Slack's two text languages as DOM: mrkdwn (in messages and blocks) and markdown (in its own block).

import { h } from "./dom.js";

const EMOJI = Object.fromEntries(
  ("tada 🎉 rocket 🚀 white_check_mark ✅ heavy_check_mark ✔️ x ❌ warning ⚠️ hourglass ⌛ hourglass_flowing_sand ⏳ " +
  "stopwatch ⏱️ bar_chart 📊 chart_with_upwards_trend 📈 chart_with_downwards_trend 📉 robot_face 🤖 wave 👋 thumbsup 👍 +1 👍 " +
  "thumbsdown 👎 -1 👎 eyes 👀 bulb 💡 fire 🔥 star ⭐ sparkles ✨ lock 🔒 key 🔑 mag 🔍 memo 📝 page_facing_up 📄 file_folder 📁 " +
  "package 📦 inbox_tray 📥 outbox_tray 📤 wastebasket 🗑️ pencil2 ✏️ gear ⚙️ wrench 🔧 hammer_and_wrench 🛠️ bell 🔔 calendar 📅 " +
  "clock1 🕐 large_green_circle 🟢 large_yellow_circle 🟡 red_circle 🔴 large_blue_circle 🔵 white_circle ⚪ black_circle ⚫ " +
  "large_green_square 🟩 large_red_square 🟥 large_yellow_square 🟨 white_large_square ⬜ smile 😄 slightly_smiling_face 🙂 " +
  "neutral_face 😐 slightly_frowning_face 🙁 thinking_face 🤔 raised_hands 🙌 pray 🙏 muscle 💪 mortar_board 🎓 books 📚 " +
  "trophy 🏆 crown 👑 seedling 🌱 heart ❤️ no_entry ⛔ octagonal_sign 🛑 information_source ℹ️ question ❓ exclamation ❗ " +
  "arrow_right ➡️ arrow_up ⬆️ arrow_down ⬇️ repeat 🔁 zap ⚡ dart 🎯 computer 💻 floppy_disk 💾 test_tube 🧪 label 🏷️ " +
  "shield 🛡️ broom 🧹 medal 🏅 first_place_medal 🥇 busts_in_silhouette 👥 bust_in_silhouette 👤 speech_balloon 💬")
    .split(" ").reduce((pairs, word, i, all) => (i % 2 ? pairs : [...pairs, [word, all[i + 1]]]), []));

const names = { users: new Map(), channels: new Map() };

export function knowNames(users, channels) {
  names.users = new Map(users.map((user) => [user.id, user.real_name]));
  names.channels = new Map(channels.map((channel) => [channel.id, channel.name]));
}

export const emoji = (name) => EMOJI[name] ?? `:${name}:`;
// Plain text, in which only emoji names mean something.
export const emojied = (text) => text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole);
const plain = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

export function link(url, label) {
  if (!/^(https?:|mailto:)/i.test(url)) return label;
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label);
}

// --- mrkdwn ---

export function mrkdwn(text) {
  const parts = text.split(/```\n?([\s\S]*?)\n?```/);
  return parts.map((part, i) => (i % 2 ? h("pre", {}, plain(part)) : part && quoted(part)));
}

function quoted(text) {
  const groups = [];
  for (const line of text.split("\n")) {
    const inside = /^(&gt;|>) ?/.test(line);
    const bare = inside ? line.replace(/^(&gt;|>) ?/, "") : line;
    const last = groups.at(-1);
    if (last && last.inside === inside) last.lines.push(bare);
    else groups.push({ inside, lines: [bare] });
  }
  return groups.map(({ inside, lines }, i) => inside
    ? h("blockquote", {}, inline(lines.join("\n")))
    : [i > 0 && !lines[0] && lines.length > 1 ? "" : null, inline(lines.join("\n"))]);
}

const INLINE = new RegExp([
  /`([^`\n]+)`/, /<([^<>\n]+)>/, /(?<![\w*])\*([^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])/,
  /(?<![\w_])_([^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])/, /(?<![\w~])~([^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])/,
  /:([a-z0-9_+-]+):/, /(https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)\]])/,
].map((part) => part.source).join("|"), "g");

function inline(text) {
  const out = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    out.push(plain(text.slice(end, found.index)));
    const [whole, code, token, bold, italic, strike, name, url] = found;
    if (code !== undefined) out.push(h("code", {}, plain(code)));
    else if (token !== undefined) out.push(reference(token));
    else if (bold !== undefined) out.push(h("strong", {}, inline(bold)));
    else if (italic !== undefined) out.push(h("em", {}, inline(italic)));
    else if (strike !== undefined) out.push(h("s", {}, inline(strike)));
    else if (url !== undefined) out.push(link(plain(url), plain(url)));
    else out.push(EMOJI[name] ?? whole);
    end = found.index + whole.length;
  }
  out.push(plain(text.slice(end)));
  return out;
}

function reference(token) {
  const [target, label] = token.split(/\|(.*)/s);
  if (target.startsWith("@")) return mention(`@${names.users.get(target.slice(1)) ?? label ?? target.slice(1)}`);
  if (target.startsWith("#")) return mention(`#${label || (names.channels.get(target.slice(1)) ?? "private-channel")}`);
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!")) return mention(`@${label ?? target.slice(1).split("^")[0]}`);
  return link(plain(target), plain(label ?? target));
}

const mention = (text) => h("span.mention", {}, text);

function date(target, fallback) {
  const [, epoch, format, url] = target.split("^");
  const at = new Date(Number(epoch) * 1000);
  if (Number.isNaN(at.getTime())) return plain(fallback ?? "");
  const as = (options) => new Intl.DateTimeFormat(undefined, options).format(at);
  const days = Math.round((new Date(at).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 86_400_000);
  const pretty = (usual) => ({ "-1": "yesterday", 0: "today", 1: "tomorrow" })[days] ?? usual;
  const date = as({ dateStyle: "long" }), short = as({ dateStyle: "medium" });
  const long = as({ dateStyle: "full" }), time = as({ timeStyle: "short" });
  const words = {
    date, date_num: as({ dateStyle: "short" }), date_short: short, date_long: long, date_pretty: pretty(date),
    date_short_pretty: pretty(short), date_long_pretty: pretty(long), time, time_secs: as({ timeStyle: "medium" }),
    ago: ago(at),
  };
  const text = format.replace(/\{(\w+)\}/g, (whole, word) => words[word] ?? whole);
  const shown = h("time", { datetime: at.toISOString(), title: at.toLocaleString() }, text);
  return url ? link(url, shown) : shown;
}

function ago(at) {
  const minutes = Math.round((at - Date.now()) / 60_000);
  const format = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  if (Math.abs(minutes) < 60) return format.format(minutes, "minute");
  if (Math.abs(minutes) < 1440) return format.format(Math.round(minutes / 60), "hour");
  return format.format(Math.round(minutes / 1440), "day");
}

// --- markdown ---

export function markdown(text) {
  const out = [];
  const lines = text.split("\n");
  while (lines.length) out.push(markdownBlock(lines));
  return out;
}

// Takes the lines of one block off the front of `lines` and renders them.
function markdownBlock(lines) {
  const line = lines.shift();
  const heading = line.match(/^(#{1,6})\s+(.*)/);
  if (heading) return h(`h${Math.min(heading[1].length + 2, 6)}`, {}, span(heading[2]));
  if (/^```/.test(line)) return h("pre", {}, take(lines, (next) => !/^```/.test(next), true).join("\n"));
  if (/^\s*(---|\*\*\*)\s*$/.test(line)) return h("hr");
  const same = (pattern) => [line, ...take(lines, (next) => pattern.test(next))];
  if (/^>/.test(line)) return h("blockquote", {}, markdown(same(/^>/).map((l) => l.replace(/^> ?/, "")).join("\n")));
  if (/^\s*[-*+]\s/.test(line)) return list("ul", same(/^\s*[-*+]\s/));
  if (/^\s*\d+[.)]\s/.test(line)) return list("ol", same(/^\s*\d+[.)]\s/));
  if (/^\|.*\|\s*$/.test(line)) return pipeTable(same(/^\|/));
  return line.trim() ? h("p", {}, span(line)) : null;
}

function take(lines, wanted, dropNext = false) {
  const taken = [];
  while (lines.length && wanted(lines[0])) taken.push(lines.shift());
  if (dropNext) lines.shift();
  return taken;
}

const list = (tag, lines) => h(tag, {}, lines.map((line) => h("li", {}, span(line.replace(/^\s*([-*+]|\d+[.)])\s/, "")))));

function pipeTable(lines) {
  const rows = lines.filter((line) => !/^\|[\s:|-]+\|\s*$/.test(line))
    .map((line) => line.trim().slice(1, -1).split("|").map((cell) => span(cell.trim())));
  return table(rows);
}

export function table(rows, settings = []) {
  const cell = (tag, content, i) => h(`${tag}.${settings?.[i]?.align ?? "left"}`, {}, content);
  const [head, ...body] = rows;
  return h(".scroll", {}, h("table", {},
    h("thead", {}, h("tr", {}, head.map((content, i) => cell("th", content, i)))),
    h("tbody", {}, body.map((row) => h("tr", {}, row.map((content, i) => cell("td", content, i)))))));
}

const SPAN = /`([^`]+)`|\*\*(.+?)\*\*|__(.+?)__|~~(.+?)~~|\*([^*\s][^*]*)\*|(?<!\w)_([^_]+)_(?!\w)|\[([^\]]+)\]\(([^)\s]+)\)|:([a-z0-9_+-]+):|<([^<>\n]+)>/g;

function span(text) {
  const out = [];
  let end = 0;
  for (const found of text.matchAll(SPAN)) {
    out.push(plain(text.slice(end, found.index)));
    const [whole, code, bold, bold2, strike, italic, italic2, label, url, name, token] = found;
    if (code) out.push(h("code", {}, code));
    else if (bold ?? bold2) out.push(h("strong", {}, span(bold ?? bold2)));
    else if (strike) out.push(h("s", {}, span(strike)));
    else if (italic ?? italic2) out.push(h("em", {}, span(italic ?? italic2)));
    else if (label) out.push(link(url, label));
    else if (token) out.push(reference(token));
    else out.push(EMOJI[name] ?? whole);
    end = found.index + whole.length;
  }
  out.push(plain(text.slice(end)));
  return out;
}

// --- rich_text ---

export function richText(elements) {
  return elements.map((element) => {
    const inside = element.elements ?? [];
    if (element.type === "rich_text_list") {
      const items = inside.map((item) => h("li", {}, item.elements.map(richSpan)));
      return h(element.style === "ordered" ? "ol" : "ul", {}, items);
    }
    if (element.type === "rich_text_quote") return h("blockquote", {}, inside.map(richSpan));
    if (element.type === "rich_text_preformatted") return h("pre", {}, inside.map(richSpan));
    return h("p", {}, inside.map(richSpan));
  });
}

const STYLES = { bold: "strong", italic: "em", strike: "s", code: "code", underline: "u" };

function richSpan(element) {
  const bare = {
    text: () => element.text,
    link: () => link(element.url, element.text ?? element.url),
    user: () => mention(`@${names.users.get(element.user_id) ?? element.user_id}`),
    channel: () => mention(`#${names.channels.get(element.channel_id) ?? element.channel_id}`),
    emoji: () => emoji(element.name),
    broadcast: () => mention(`@${element.range}`),
    date: () => date(`!date^${element.timestamp}^${element.format}`, element.fallback),
  }[element.type]?.() ?? "";
  return Object.entries(STYLES).reduce(
    (inner, [style, tag]) => (element.style?.[style] ? h(tag, {}, inner) : inner), bare);
}
