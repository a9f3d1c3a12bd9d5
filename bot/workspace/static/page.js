// The page: what one person sees of the workspace, live, and what they do in it.

import { blocks } from "./blocks.js";
import { composer } from "./composer.js";
import { ask, byId, h, toast } from "./dom.js";
import { avatar, drawMessage, seconds } from "./message.js";
import { showModal } from "./modal.js";
import { knowNames } from "./text.js";

const GROUPED_S = 5 * 60; // messages of one person this close together share one name line
const state = { user: sessionStorage.getItem("user"), channel: "", thread: null, tab: "messages", unread: new Set(), messages: new Map() };
const person = (id) => state.users.find((user) => user.id === id);
const channel = (id) => state.channels.find((one) => one.id === id);
const key = (message) => `${message.channel}/${message.ts}`;
const isReply = (message) => message.thread_ts && message.thread_ts !== message.ts;

// --- live ---

let live = null;

function listen(user) {
  live?.close();
  sessionStorage.setItem("user", user);
  state.user = user;
  live = new EventSource(`/page/live?user=${user}`);
  live.onmessage = (event) => {
    const change = JSON.parse(event.data);
    CHANGES[change.type](change);
  };
  live.onerror = () => presence(null);
}

const CHANGES = {
  snapshot(all) {
    Object.assign(state, all, { messages: new Map(all.messages.map((message) => [key(message), message])) });
    state.user = all.me;
    knowNames(state.users, state.channels);
    byId("team").textContent = all.team;
    fromAddress();
    presence(all.present);
    drawAll();
    showModal(state.views, state.user);
  },
  message({ message }) {
    const fresh = !state.messages.has(key(message));
    state.messages.set(key(message), message);
    if (fresh && message.channel !== state.channel) { state.unread.add(message.channel); drawSidebar(); }
    if (message.channel === state.channel) place(message, fresh);
  },
  gone({ channel: where, ts }) {
    state.messages.delete(`${where}/${ts}`);
    if (where === state.channel) refill();
  },
  views({ views }) { state.views = views; showModal(views, state.user); },
  home({ home }) { state.home = home; drawHome(); },
  channels({ channels }) { state.channels = channels; knowNames(state.users, channels); drawSidebar(); },
  presence({ present }) { presence(present); },
};

function presence(present) {
  const words = present === null ? "reconnecting…" : `${bot()} is ${present ? "here" : "not connected"}`;
  byId("presence").textContent = words;
  byId("presence").className = present ? "here" : "away";
}

async function act(verb, about) {
  const answer = await ask(`do/${verb}`, { user: state.user, ...about });
  if (answer.error && verb !== "slash") toast(`That did not work: ${answer.error}`);
  return answer;
}

// --- sidebar and header ---

function fromAddress() {
  const [where, ts] = decodeURIComponent(location.hash.slice(1)).split("/");
  const found = state.channels.find((one) => one.id === where || one.name === where || (where === "coach" && one.is_im));
  state.channel = (found ?? channel(state.channel) ?? state.channels[0]).id;
  state.unread.delete(state.channel);
  const target = ts && `${state.channel}/${ts.slice(1, -6)}.${ts.slice(-6)}`;
  state.thread = target && isReply(state.messages.get(target) ?? {}) ? state.messages.get(target).thread_ts : null;
  state.tab = where === "coach" && ts === "home" ? "home" : "messages";
}

function go(hash) {
  if (location.hash === `#${hash}`) return;
  location.hash = hash;
}

const address = (one) => (one.is_im ? "coach" : one.name);
const bot = () => person(state.bot).real_name;
const label = (one) => (one.is_im ? bot() : one.name);

function drawAll() {
  drawSidebar();
  drawHome();
  const one = channel(state.channel);
  byId("title").textContent = one.is_im ? bot() : `# ${one.name}`;
  byId("members").textContent = one.is_im ? "App" : `${one.num_members} members`;
  byId("tabs").hidden = !one.is_im;
  for (const tab of byId("tabs").children) tab.setAttribute("aria-pressed", tab.dataset.tab === state.tab);
  document.title = `${label(one)} – ${state.team}`;
  const commands = { commands: () => state.commands, people: () => state.users };
  composer(byId("composer"), { ...commands, name: `Message ${one.is_im ? bot() : `#${one.name}`}`, send });
  drawMessages();
  if (state.tab === "messages") byId("composer").querySelector("textarea").focus();
}

function drawSidebar() {
  const item = (one) => h("li", {}, h(`a${state.unread.has(one.id) ? ".unread" : ""}`, {
    href: `#${address(one)}`, "aria-current": one.id === state.channel ? "page" : null,
  }, h("span.sign", { "aria-hidden": "true" }, one.is_im ? "◆" : "#"), label(one)));
  byId("channels").replaceChildren(...state.channels.filter((one) => !one.is_im).map(item));
  byId("apps").replaceChildren(...state.channels.filter((one) => one.is_im).map(item));
  byId("people").replaceChildren(...state.users.filter((user) => !user.is_bot).map((user) => h("button", {
    type: "button", "aria-pressed": String(user.id === state.user), onclick: () => listen(user.id),
  }, avatar(user), h("span", {}, user.real_name, h("small", {}, user.is_admin ? "admin" : "member")))));
}

// --- messages ---

const inChannel = () => [...state.messages.values()].filter((message) => message.channel === state.channel)
  .sort((a, b) => a.ts - b.ts);
const replies = (ts) => inChannel().filter((message) => isReply(message) && message.thread_ts === ts);
const onTop = () => inChannel().filter((message) => !isReply(message) || message.broadcast);

function fill(list, messages, inThread) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 120;
  let before = null;
  list.replaceChildren(...messages.flatMap((message) => {
    const day = dayOf(message);
    const divider = !inThread && day !== (before && dayOf(before)) && h(".day", { role: "separator" }, h("span", {}, day));
    const row = draw(message, inThread, !divider && follows(message, before));
    before = message;
    return divider ? [divider, row] : [row];
  }));
  if (!messages.length) list.append(h("p.empty", {}, "Nothing here yet. Type / for commands, or drop a file."));
  if (atEnd) toEnd(list);
}

// Stay at the end while pictures are still coming in.
function toEnd(list) {
  const down = () => { list.scrollTop = list.scrollHeight; };
  down();
  for (const picture of list.querySelectorAll("img")) if (!picture.complete) picture.addEventListener("load", down, { once: true });
}

function drawMessages() {
  const home = state.tab === "home";
  byId("messages").hidden = byId("composer").hidden = home;
  byId("home").hidden = !home;
  fill(byId("messages"), onTop(), false);
  toEnd(byId("messages"));
  drawThread();
}

function drawThread() {
  const root = state.thread && state.messages.get(`${state.channel}/${state.thread}`);
  byId("thread").hidden = !root;
  document.body.classList.toggle("threaded", Boolean(root));
  if (!root) return;
  fill(byId("replies"), [root, ...replies(root.ts)], true);
  if (byId("reply").dataset.root !== key(root)) {
    byId("reply").dataset.root = key(root);
    composer(byId("reply"), { name: "Reply…", commands: () => [], people: () => state.users, send: (words, files) => send(words, files, root.ts) });
  }
  toEnd(byId("replies"));
}

// Put one new or changed message where it belongs, without losing the scroll or the keyboard's place.
function place(message, fresh) {
  const held = holdFocus();
  if (fresh || !replaceRows(message)) refill();
  held();
}

function refill() {
  fill(byId("messages"), onTop(), false);
  const root = state.messages.get(`${state.channel}/${state.thread}`);
  if (root) fill(byId("replies"), [root, ...replies(root.ts)], true);
}

function replaceRows(message) {
  const rows = document.querySelectorAll(`[data-ts="${message.ts}"]`);
  for (const row of rows) row.replaceWith(draw(message, row.closest("#replies") !== null, row.classList.contains("follows")));
  return rows.length;
}

function holdFocus() {
  const focused = document.activeElement;
  const row = focused?.closest("[data-ts]");
  if (!row || !focused.dataset.action) return () => {};
  const path = `[data-ts="${row.dataset.ts}"] [data-action="${CSS.escape(focused.dataset.action)}"]`;
  return () => row.isConnected || document.querySelector(path)?.focus();
}

const follows = (message, before) => before && before.user === message.user && before.ephemeral === message.ephemeral
  && seconds(message) - seconds(before) < GROUPED_S && !before.reply_count;
const dayOf = (message) => new Date(seconds(message) * 1000).toLocaleDateString(undefined, { weekday: "long", month: "long", day: "numeric" });

const draw = (message, inThread, compact) => drawMessage(message, {
  inThread, compact, person: person(message.user), app: bot(), bot: state.bot, openThread, act,
  answers: inThread ? 0 : replies(message.ts).length,
  shortcuts: message.ephemeral ? [] : state.shortcuts.filter((one) => one.type === "message"),
});

function openThread(ts) {
  state.thread = ts;
  drawThread();
  byId("reply").querySelector("textarea").focus();
}

function closeThread() {
  state.thread = null;
  drawThread();
}

async function send(words, files, thread_ts = null) {
  const about = { channel: state.channel, thread_ts };
  for (const [i, file] of files.entries()) {
    const query = new URLSearchParams({ user: state.user, channel: state.channel, name: file.name, comment: i ? "" : words });
    if (thread_ts) query.set("thread_ts", thread_ts);
    const { error } = await ask(`upload?${query}`, null, file);
    if (error) toast(error);
  }
  if (files.length || !words) return;
  if (!words.startsWith("/")) await act("say", { ...about, text: words });
  else if (thread_ts) toast("Slash commands can't be used in threads.");
  else await act("slash", { ...about, text: words });
}

// --- Home ---

function drawHome() {
  const press = (part, value) => act("click", { view: state.home.id, action_id: part.action_id, value });
  const shown = state.home ? blocks(state.home.blocks, press) : [h("p.empty", {}, "The app has published nothing here yet.")];
  byId("home").replaceChildren(h(".blocks", {}, shown));
}

// --- what the page listens to ---

// On a phone the sidebar is a drawer.
function sidebar(open) {
  document.body.classList.toggle("drawer", open);
  byId("menu").setAttribute("aria-expanded", String(open));
}

addEventListener("hashchange", () => {
  if (!state.channels) return;
  fromAddress();
  sidebar(false);
  if (state.tab === "home") act("home", {});
  drawAll();
});
byId("close-thread").addEventListener("click", closeThread);
byId("tabs").addEventListener("click", (event) => event.target.dataset.tab && go(event.target.dataset.tab === "home" ? "coach/home" : "coach"));
byId("menu").addEventListener("click", (event) => { event.stopPropagation(); sidebar(true); });
byId("main").addEventListener("click", () => sidebar(false));
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  const menu = document.querySelector("details.overflow[open]");
  if (menu) menu.open = false;
  else if (document.body.classList.contains("drawer")) sidebar(false);
  else if (state.thread) closeThread();
});
addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.overflow[open]")) if (!menu.contains(event.target)) menu.open = false;
});

listen(state.user ?? "ana");
