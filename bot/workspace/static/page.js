// The page: the server shows all that one person sees, anew after each change, and it is drawn.

import { blocks, values } from "./blocks.js";
import { composer } from "./composer.js";
import { ask, byId, h, toast } from "./dom.js";
import { avatar, dayOf, drawMessage, isReply } from "./message.js";
import { showModal } from "./modal.js";
import { knowNames } from "./text.js";

const GROUPED_S = 5 * 60; // messages of one person this close together share one name line
const here = { user: "", channel: null, thread: null, home: false };
const read = new Map(); // channel -> the newest message seen in it
let all = null; // what the server showed last
let live = null;

function listen(user) {
  live?.close();
  here.user = user;
  sessionStorage.setItem("user", user);
  live = new EventSource(`/page/live?user=${user}`);
  live.onmessage = (event) => {
    all = JSON.parse(event.data);
    here.user = all.me;
    knowNames(all.users, all.channels);
    draw();
  };
  live.onerror = () => { byId("presence").textContent = "reconnecting…"; };
}

const act = (verb, about) => ask(`do/${verb}`, { user: here.user, ...about });
const person = (id) => all.users.find((user) => user.id === id);
const title = (one) => `${{ public: "#", private: "🔒 " }[one.kind] ?? ""}${one.title}`;
const address = (one) => one.name || (one.kind === "im" ? "coach" : one.id);

function draw() {
  const [where, tab] = location.hash.slice(1).split("/");
  here.channel = all.channels.find((one) => address(one) === where) ?? all.channels[0];
  here.home = here.channel.kind === "im" && tab === "home";
  const messages = all.messages.filter((message) => message.channel === here.channel.id);
  read.set(here.channel.id, messages.at(-1)?.ts);
  drawSidebar();
  drawHead();
  fill("messages", messages.filter((message) => !isReply(message)));
  drawThread(messages);
  show("home", [all.me, all.home?.hash], drawHome);
  showModal(all.views.at(-1), here.user);
}

// Redraw a part of the page only where what it shows has changed.
const shown = new Map();
function show(id, what, make) {
  const key = JSON.stringify(what ?? null);
  if (shown.get(id) === key) return;
  shown.set(id, key);
  make(byId(id));
}

// --- sidebar and header ---

function drawSidebar() {
  byId("presence").textContent = `${person(all.bot).real_name} is ${all.present ? "here" : "not connected"}`;
  byId("presence").className = all.present ? "here" : "";
  const unread = all.channels.filter((one) => all.messages.some((m) => m.channel === one.id && m.ts > (read.get(one.id) ?? "")));
  const item = (one) => h("li", {}, h(`a${unread.includes(one) ? ".unread" : ""}`, {
    href: `#${address(one)}`, "aria-current": one === here.channel && "page",
  }, one.kind === "public" ? `# ${one.name}` : title(one)));
  const list = (wanted) => (ul) => ul.replaceChildren(...all.channels.filter(wanted).map(item));
  show("channels", [all.channels, unread, here.channel], list((one) => one.name));
  show("apps", [unread, here.channel], list((one) => !one.name));
  show("people", [all.users, here.user], (group) => group.replaceChildren(...all.users.filter((user) => !user.is_bot && !user.deleted).map((user) =>
    h("button", { type: "button", "aria-pressed": String(user.id === here.user), onclick: () => { read.clear(); listen(user.id); } },
      avatar(user), h("span", {}, user.real_name, h("small", {}, user.is_admin ? "admin" : user.is_restricted ? "guest" : "member"))))));
}

function drawHead() {
  byId("title").textContent = title(here.channel);
  byId("members").textContent = here.channel.kind === "im" ? "App" : `${here.channel.members} members`;
  byId("messages").hidden = byId("composer").hidden = here.home;
  byId("home").hidden = !here.home;
  const tab = (name, hash, on) => h("button", { type: "button", "aria-pressed": String(on), onclick: () => { location.hash = hash; } }, name);
  show("tabs", [here.channel.kind, here.home], (tabs) => tabs.replaceChildren(
    ...(here.channel.kind !== "im" ? [] : [tab("Messages", "coach", !here.home), tab("Home", "coach/home", here.home)])));
  show("composer", here.channel.id, (form) => {
    composer(form, { name: `Message ${title(here.channel)}`, commands: all.commands, send });
    form.querySelector("textarea").focus();
  });
}

function drawHome(section) {
  const press = (part, value) => act("click", { where: all.home.id, action_id: part.action_id, value, typed: values(section) });
  const drawn = all.home ? blocks(all.home.blocks, press) : h("p.empty", {}, "The app has published nothing here yet.");
  section.replaceChildren(h(".blocks", {}, drawn));
}

// --- messages ---

const rows = { messages: new Map(), replies: new Map() }; // what is drawn, by what it shows

function fill(id, messages) {
  const list = byId(id), drawn = new Map(), held = holdFocus();
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 120;
  const keep = (key, make) => drawn.set(key, rows[id].get(key) ?? make());
  messages.forEach((message, i) => {
    const before = messages[i - 1], day = dayOf(message);
    if (id === "messages" && (!before || day !== dayOf(before))) keep(day, () => h(".day", { role: "separator" }, h("span", {}, day)));
    const answers = id === "messages" ? all.messages.filter((one) => isReply(one) && one.thread_ts === message.ts).length : 0;
    const compact = Boolean(before) && follows(message, before);
    keep(JSON.stringify([message, answers, compact]), () => row(id, message, { answers, compact }));
  });
  if (!messages.length) keep("empty", () => h("p.empty", {}, "Nothing here yet. Type / for commands, or drop a file."));
  rows[id] = drawn;
  put(list, [...drawn.values()]);
  held();
  if (atEnd) toEnd(list);
}

const follows = (message, before) => before.user === message.user && before.ephemeral === message.ephemeral
  && message.ts - before.ts < GROUPED_S && !before.reply_count && dayOf(before) === dayOf(message);

const row = (id, message, about) => drawMessage(message, {
  ...about, act, user: person(message.user), reply: id === "messages" && (() => openThread(message.ts)),
  shortcuts: all.shortcuts.filter((one) => one.type === "message"),
});

// Bring a list to these rows without moving those that stay: they keep focus, scroll and open menus.
function put(list, wanted) {
  const stay = new Set(wanted);
  for (const old of [...list.children]) if (!stay.has(old)) old.remove();
  wanted.forEach((one, i) => { if (list.children[i] !== one) list.insertBefore(one, list.children[i] ?? null); });
}

// A message that is edited while the keyboard stands on its button is drawn anew: go back there.
function holdFocus() {
  const action = document.activeElement?.dataset.action;
  const ts = document.activeElement?.closest("[data-ts]")?.dataset.ts;
  const path = `[data-ts="${ts}"] [data-action="${CSS.escape(action ?? "")}"]`;
  return () => { if (ts && action && document.activeElement === document.body) document.querySelector(path)?.focus(); };
}

// Stay at the end while pictures are still coming in.
function toEnd(list) {
  const down = () => { list.scrollTop = list.scrollHeight; };
  down();
  for (const picture of list.querySelectorAll("img")) if (!picture.complete) picture.addEventListener("load", down, { once: true });
}

// --- the thread beside ---

function drawThread(messages) {
  const root = messages.find((message) => message.ts === here.thread);
  byId("thread").hidden = !root;
  document.body.classList.toggle("threaded", Boolean(root));
  if (!root) return;
  fill("replies", [root, ...messages.filter((message) => isReply(message) && message.thread_ts === root.ts)]);
  show("reply", root.ts, (form) => {
    composer(form, { name: "Reply…", commands: [], send: (words, files) => send(words, files, root.ts) });
    form.querySelector("textarea").focus();
  });
}

function openThread(ts) {
  here.thread = ts;
  shown.delete("reply"); // it takes the keyboard
  draw();
}

async function send(words, files, thread_ts) {
  const about = { channel: here.channel.id, ...(thread_ts && { thread_ts }) };
  for (const [i, file] of files.entries()) {
    await ask(`upload?${new URLSearchParams({ user: here.user, ...about, name: file.name, comment: i ? "" : words })}`, file);
  }
  if (files.length) return;
  const [, command, text] = words.match(/^(\/\S+)\s*(.*)$/s) ?? [];
  if (!command) await act("say", { ...about, text: words });
  else if (thread_ts) toast("Slash commands can't be used in threads.");
  else await act("slash", { ...about, command, text });
}

// --- what the page listens to ---

const drawer = (open) => document.body.classList.toggle("drawer", open); // the sidebar, on a phone

addEventListener("hashchange", () => {
  here.thread = null;
  drawer(false);
  draw();
  toEnd(byId("messages"));
  if (here.home) act("open_home", {});
});
byId("close-thread").onclick = () => openThread(null);
byId("menu").onclick = () => drawer(true);
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  drawer(false);
  openThread(null);
});
addEventListener("click", (event) => {
  if (!event.target.closest("#menu, #sidebar")) drawer(false);
  for (const menu of document.querySelectorAll("details[open]")) if (!menu.contains(event.target)) menu.open = false;
});

listen(sessionStorage.getItem("user") ?? "ana");
