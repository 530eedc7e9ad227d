// Elements from data. Texts go in as text nodes, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element. `attributes` may be left out: what is no plain object there is a child.
 * @param {string} tag
 * @param {object} [attributes] false, null and undefined leave one out, true is ""; `on`: {click: listener};
 *   `dataset`: {name: value}; `class` may be a list with gaps
 * @param {...*} children nodes, texts, numbers, lists of them; null, undefined and false are skipped
 * @returns {HTMLElement}
 */
export function h(tag, attributes, ...children) {
  return made(document.createElement(tag), attributes, children);
}

/** As `h`, for SVG. */
export function s(tag, attributes, ...children) {
  return made(document.createElementNS(SVG, tag), attributes, children);
}

/** Replaces all children of `node`; returns it. */
export function fill(node, ...children) {
  node.replaceChildren(...flat(children));
  return node;
}

function made(element, attributes, children) {
  if (isPlain(attributes)) {
    dress(element, attributes);
  } else {
    children.unshift(attributes);
  }
  element.append(...flat(children));
  return element;
}

function isPlain(value) {
  return value !== null && typeof value === "object" && !(value instanceof Node) && !Array.isArray(value);
}

function dress(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) if (listener) element.addEventListener(event, listener);
    } else if (name === "dataset") {
      for (const [key, text] of Object.entries(value)) {
        if (text !== undefined && text !== null) element.dataset[key] = text;
      }
    } else if (name === "class" && Array.isArray(value)) {
      element.setAttribute("class", value.filter(Boolean).join(" "));
    } else {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

let lastId = 0;

/** An id that no other element of this page has, for `for`, `aria-labelledby` and the like. */
export function newId(prefix = "x") {
  lastId += 1;
  return `${prefix}-${lastId}`;
}
