// Block Kit as DOM. `act(element, value)` is called when a person presses or chooses something.

import { asked, h } from "./dom.js";
import { emojied, markdown, mrkdwn, richText, table } from "./text.js";

export const text = (object) => (object.type === "mrkdwn" ? mrkdwn(object.text) : emojied(object.text));

export function blocks(all, act) {
  return all.map((block) => {
    const draw = BLOCKS[block.type];
    const drawn = draw ? draw(block, act) : unknown(block);
    drawn.dataset.block = block.block_id ?? "";
    return drawn;
  });
}

const BLOCKS = {
  header: (block) => h("h2.header", {}, text(block.text)),
  divider: () => h("hr"),
  section: (block, act) => h(".section", {},
    h(".grow", {},
      block.text && h(".text", {}, text(block.text)),
      block.fields && h(".fields", {}, block.fields.map((field) => h(".text", {}, text(field))))),
    block.accessory && h(".accessory", {}, element(block.accessory, act))),
  context: (block) => h(".context", {}, block.elements.map((part) =>
    part.type === "image" ? picture(part, "small") : h("span", {}, text(part)))),
  actions: (block, act) => h(".actions", {}, block.elements.map((part) => element(part, act))),
  image: (block) => h("figure", {},
    block.title && h("figcaption", {}, text(block.title)), picture(block, "large")),
  markdown: (block) => h(".markdown", {}, markdown(block.text)),
  rich_text: (block) => h(".markdown", {}, richText(block.elements)),
  table: (block) => table(block.rows.map((row) => row.map(cell)), block.column_settings),
};

const cell = (content) => (content.type === "rich_text" ? richText(content.elements) : String(content.text ?? ""));

function unknown(block) {
  const said = block.text?.text ?? block.title?.text ?? block.title ?? "";
  return h(".unknown", {}, `A block of the type “${block.type}”, which this page does not draw. `, said);
}

function picture(image, size) {
  const id = image.slack_file?.id ?? image.slack_file?.url?.match(/-(F\w+)\//)?.[1];
  if (id) return h(`img.${size}`, { src: `/page/files/${id}`, alt: image.alt_text, loading: "lazy" });
  return h("span.unknown", {}, `Picture: ${image.alt_text} (${image.image_url}; this page loads nothing from outside)`);
}

export function element(part, act) {
  const draw = ELEMENTS[part.type];
  const drawn = draw ? draw(part, act) : h("span.unknown", {}, part.type);
  drawn.dataset.action = part.action_id ?? "";
  return drawn;
}

const confirmed = (part, act, value) => asked(part.confirm).then((yes) => yes && act(part, value));
const chooser = (part, act) => ({ onchange: (event) => act && confirmed(part, act, event.target.value), "aria-label": part.placeholder?.text ?? part.action_id });

const ELEMENTS = {
  button: (part, act) => h(`button.${part.style ?? "default"}`, {
    type: "button", "aria-label": part.accessibility_label, title: part.url,
    onclick: () => {
      if (part.url && /^https?:/.test(part.url)) window.open(part.url, "_blank", "noopener");
      confirmed(part, act, part.value);
    },
  }, text(part.text)),
  static_select: (part, act) => h("select", chooser(part, act),
    h("option", { value: "", disabled: true, selected: !part.initial_option }, part.placeholder?.text ?? "Choose"),
    (part.options ?? []).map((option) => choice(option, part)),
    (part.option_groups ?? []).map((group) =>
      h("optgroup", { label: group.label.text }, group.options.map((option) => choice(option, part))))),
  datepicker: (part, act) => h("input", { type: "date", value: part.initial_date, ...chooser(part, act) }),
  overflow: (part, act) => h("details.overflow", {},
    h("summary", { "aria-label": "More actions" }, "⋯"),
    h(".menu", { role: "menu" }, part.options.map((option) => h("button", {
      type: "button", role: "menuitem",
      onclick: (event) => { event.target.closest("details").open = false; confirmed(part, act, option.value); },
    }, text(option.text))))),
  checkboxes: (part, act) => ticks(part, act, "checkbox"),
  multi_static_select: (part, act) => ticks(part, act, "checkbox"),
  radio_buttons: (part, act) => ticks(part, act, "radio"),
  image: (part) => picture(part, "small"),
};

const choice = (option, part) =>
  h("option", { value: option.value, selected: part.initial_option?.value === option.value }, option.text.text);

function ticks(part, act, kind) {
  const chosen = new Set([...(part.initial_options ?? []), part.initial_option].filter(Boolean).map((option) => option.value));
  const group = h(".ticks", { role: kind === "radio" ? "radiogroup" : "group" });
  const changed = () => {
    const values = [...group.querySelectorAll(":checked")].map((box) => box.value);
    if (act) confirmed(part, act, kind === "radio" ? values[0] : values);
  };
  group.append(...part.options.map((option) => h("label", {},
    h("input", { type: kind, name: part.action_id, value: option.value, checked: chosen.has(option.value), onchange: changed }),
    h("span", {}, text(option.text), option.description && h("small", {}, text(option.description))))));
  return group;
}
