"use strict";
// Draws openapi.json. Every text of the description goes in as text, never as markup.

const METHODS = ["get", "post", "put", "patch", "delete"];
const DEEPEST = 6;

/** An element with attributes and children; children that are text stay text. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Paragraphs of a description, with what stands between backticks as code. */
function prose(text) {
  return (text || "").split(/\n\s*\n/).filter((part) => part.trim()).map((part) => make("p", {}, ...inline(part)));
}

function inline(text) {
  return text.split(/(``[^`]+``|`[^`]+`)/).filter(Boolean).map((part) =>
    part.startsWith("`") ? make("code", {}, part.replaceAll("`", "")) : part.replace(/\s+/g, " "));
}

class Reference {
  constructor(description) {
    this.description = description;
  }

  /** What a reference leads to; anything else as it is. */
  resolve(part) {
    let found = part;
    while (found && typeof found.$ref === "string") {
      found = found.$ref.slice(2).split("/").reduce(
        (place, key) => place[key.replaceAll("~1", "/").replaceAll("~0", "~")], this.description);
    }
    return found || {};
  }

  operations() {
    const found = [];
    for (const [path, item] of Object.entries(this.description.paths)) {
      for (const method of METHODS) {
        if (item[method]) found.push({ path, method, id: item[method].operationId, ...item[method] });
      }
    }
    return found.sort((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0));
  }

  /** The type of a schema in a few words. */
  type(schema) {
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
    const choices = schema.anyOf || schema.oneOf;
    if (choices) return [...new Set(choices.map((choice) => this.type(choice)))].join(" | ");
    if (schema.$ref) return this.type(this.resolve(schema));
    if (schema.type === "array") return `list of ${this.type(schema.items || {})}`;
    if (Array.isArray(schema.type)) return schema.type.join(" | ");
    return (schema.type || "any") + (schema.format ? ` (${schema.format})` : "");
  }

  limits(schema) {
    const choices = [schema, ...(schema.anyOf || []), ...(schema.oneOf || [])].map((choice) => this.resolve(choice));
    const words = { minimum: "≥", maximum: "≤", exclusiveMinimum: ">", exclusiveMaximum: "<", minLength: "length ≥",
      maxLength: "length ≤", minItems: "items ≥", maxItems: "items ≤", pattern: "pattern" };
    const found = [];
    for (const [key, word] of Object.entries(words)) {
      const value = choices.map((choice) => choice[key]).find((each) => each !== undefined);
      if (value !== undefined) found.push(`${word} ${value}`);
    }
    const preset = schema.default;
    if (preset !== undefined && preset !== null) found.push(`default ${JSON.stringify(preset)}`);
    return found.join(", ");
  }

  /** The object schema inside a schema, through lists, choices and references, with what it is called. */
  inner(schema) {
    const resolved = this.resolve(schema);
    if (resolved.properties) return resolved;
    if (resolved.items) return this.inner(resolved.items);
    const choices = resolved.anyOf || resolved.oneOf || [];
    for (const choice of choices) {
      const found = this.inner(choice);
      if (found) return found;
    }
    return typeof resolved.additionalProperties === "object" ? this.inner(resolved.additionalProperties) : null;
  }

  fields(schema, depth = 0) {
    const object = this.inner(schema);
    if (!object) return make("p", { class: "quiet" }, this.type(schema));
    const required = new Set(object.required || []);
    const list = make("dl", { class: "fields" });
    if (depth === 0) for (const part of prose(object.description)) list.append(make("dd", {}, part));
    for (const [name, property] of Object.entries(object.properties)) {
      list.append(...this.field(name, property, required.has(name), depth));
    }
    return list;
  }

  field(name, property, isRequired, depth) {
    const about = [this.type(property), isRequired ? "required" : "", this.limits(property)].filter(Boolean).join(" · ");
    const meaning = make("dd", {}, make("div", { class: "quiet" }, about), ...prose(property.description));
    if (this.inner(property) && depth < DEEPEST) {
      const nested = make("details", {}, make("summary", {}, `Fields of ${name}`));
      nested.addEventListener("toggle", () => {
        if (nested.open && nested.children.length === 1) nested.append(this.fields(property, depth + 1));
      });
      meaning.append(nested);
    }
    return [make("dt", {}, make("code", {}, name)), meaning];
  }

  parameters(operation) {
    const list = make("dl");
    for (const given of operation.parameters || []) {
      const parameter = this.resolve(given);
      const schema = parameter.schema || {};
      const about = [`in ${parameter.in}`, this.type(schema), parameter.required ? "required" : "", this.limits(schema)];
      list.append(make("dt", {}, make("code", {}, parameter.name)),
        make("dd", {}, make("div", { class: "quiet" }, about.filter(Boolean).join(" · ")),
          ...prose(parameter.description)));
    }
    return list.children.length ? [make("h4", {}, "Parameters"), list] : [];
  }

  examples(content) {
    const named = Object.entries(content.examples || {}).map(([name, example]) => [example.summary || name, example.value]);
    return content.example === undefined ? named : [["Example", content.example], ...named];
  }

  content(part) {
    const [media, content] = Object.entries(part.content || {})[0] || [];
    if (!content) return [];
    const made = this.examples(content).map(([title, value]) => {
      const text = media === "application/json" ? JSON.stringify(value, null, 2) : String(value);
      return make("details", {}, make("summary", {}, title), make("pre", { tabindex: "0" }, make("code", {}, text)));
    });
    if (content.schema) {
      const schema = make("details", {}, make("summary", {}, `Fields (${media})`));
      schema.addEventListener("toggle", () => {
        if (schema.open && schema.children.length === 1) schema.append(this.fields(content.schema));
      });
      made.push(schema);
    }
    return made;
  }

  answers(operation) {
    const made = [make("h4", {}, "Answers")];
    for (const [status, given] of Object.entries(operation.responses || {})) {
      const answer = this.resolve(given);
      made.push(make("details", {}, make("summary", {}, make("code", {}, status), " ", answer.description || ""),
        ...this.headers(answer), ...this.content(answer)));
    }
    return made;
  }

  headers(answer) {
    const list = make("dl");
    for (const [name, given] of Object.entries(answer.headers || {})) {
      list.append(make("dt", {}, make("code", {}, name)), make("dd", {}, ...prose(this.resolve(given).description)));
    }
    return list.children.length ? [list] : [];
  }

  /** A command that does it; what has to be filled in stands in capitals. */
  command(operation) {
    const path = operation.path.replace(/\{(\w+)\}/g, (_, name) => name.toUpperCase());
    const required = (operation.parameters || []).map((given) => this.resolve(given))
      .filter((parameter) => parameter.in === "query" && parameter.required)
      .map((parameter) => `${parameter.name}=${parameter.name.toUpperCase()}`);
    const address = new URL(path.slice(1), document.baseURI).href + (required.length ? `?${required.join("&")}` : "");
    const lines = [`curl -X ${operation.method.toUpperCase()} '${address}'`];
    if ((operation.security || []).length) lines.push("  -H \"Authorization: Bearer $TOKEN\"");
    const content = ((this.resolve(operation.requestBody) || {}).content || {})["application/json"];
    const example = content && this.examples(content)[0];
    if (example) {
      const body = JSON.stringify(example[1]).replaceAll("'", "'\\''");
      lines.push("  -H 'Content-Type: application/json'", `  -d '${body}'`);
    }
    return lines.join(" \\\n");
  }

  operation(operation) {
    const inside = make("div", { class: "inside" });
    const title = make("h3", {}, make("span", { class: `method ${operation.method}` }, operation.method.toUpperCase()),
      " ", make("code", {}, operation.path), " ", operation.deprecated ? make("em", {}, "deprecated") : null);
    const drawn = make("details", { class: "operation", id: operation.id },
      make("summary", {}, title, make("div", { class: "quiet" }, operation.summary || "")), inside);
    drawn.addEventListener("toggle", () => {
      if (drawn.open && !inside.children.length) inside.append(...this.inside(operation));
    });
    return drawn;
  }

  inside(operation) {
    const command = this.command(operation);
    const copy = make("button", { type: "button" }, "Copy");
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(command);
        copy.textContent = "Copied";
      } catch {
        copy.textContent = "Select and copy it";
      }
    });
    const access = (operation.security || []).length ? "Needs a credential." : "Open to everybody.";
    const body = operation.requestBody ? [make("h4", {}, "Body"), ...this.content(this.resolve(operation.requestBody))] : [];
    return [...prose(operation.description), make("p", { class: "quiet" }, access), ...this.parameters(operation), ...body,
      ...this.answers(operation), make("h4", {}, "Command ", copy),
      make("pre", { tabindex: "0" }, make("code", {}, command))];
  }
}

class Page {
  constructor(description) {
    this.reference = new Reference(description);
    this.description = description;
    this.entries = [];
  }

  draw() {
    const info = this.description.info;
    document.title = `${info.title} API reference`;
    document.getElementById("about").append(...inline(info.description || ""), ` Version ${info.version}. `,
      make("a", { href: "openapi.json" }, "openapi.json"));
    const main = document.getElementById("content");
    main.replaceChildren();
    for (const [tag, operations] of this.byTag()) {
      const about = (this.description.tags || []).find((each) => each.name === tag) || {};
      const section = make("section", { "aria-label": tag }, make("h2", {}, tag), ...prose(about.description));
      const links = make("ul");
      const group = make("details", { open: window.innerWidth >= 896 }, make("summary", {}, tag), links);
      for (const operation of operations) {
        const drawn = this.reference.operation(operation);
        const method = make("span", { class: `method ${operation.method}` }, operation.method.toUpperCase());
        const title = make("span", {}, operation.summary || operation.path);
        const link = make("li", {}, make("a", { href: `#${operation.id}` }, method, " ", title));
        section.append(drawn);
        links.append(link);
        const words = [operation.method, operation.path, operation.summary, operation.description, tag, operation.id];
        this.entries.push({ words: words.join(" ").toLowerCase(), drawn, link, group, section });
      }
      main.append(section);
      document.getElementById("menu").append(group);
    }
    main.setAttribute("aria-busy", "false");
    this.listen();
    this.open();
  }

  byTag() {
    const groups = new Map((this.description.tags || []).map((tag) => [tag.name, []]));
    for (const operation of this.reference.operations()) {
      const tag = (operation.tags || ["Other"])[0];
      groups.set(tag, [...(groups.get(tag) || []), operation]);
    }
    return [...groups].filter(([, operations]) => operations.length);
  }

  listen() {
    const input = document.getElementById("filter");
    input.addEventListener("input", () => this.filter(input.value));
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !event.ctrlKey && !event.metaKey && !/^(INPUT|TEXTAREA)$/.test(event.target.tagName)) {
        event.preventDefault();
        input.focus();
      }
    });
    window.addEventListener("hashchange", () => this.open());
  }

  /** Open what the address names. */
  open() {
    const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (named && named.tagName === "DETAILS") {
      named.open = true;
      named.hidden = false;
      named.scrollIntoView();
      named.querySelector("summary").focus({ preventScroll: true });
    }
  }

  filter(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const entry of this.entries) {
      const isShown = words.every((word) => entry.words.includes(word));
      entry.drawn.hidden = entry.link.hidden = !isShown;
      count += isShown ? 1 : 0;
    }
    for (const { group, section } of this.entries) {
      const mine = this.entries.filter((entry) => entry.group === group);
      group.hidden = section.hidden = mine.every((entry) => entry.link.hidden);
      if (words.length && !group.hidden) group.open = true;
    }
    document.getElementById("found").textContent = words.length ? `${count} of ${this.entries.length} operations` : "";
  }
}

async function start() {
  try {
    const answer = await fetch("openapi.json");
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    new Page(await answer.json()).draw();
  } catch (error) {
    const state = make("p", { class: "error", role: "alert" }, `The description cannot be read: ${error.message}. `,
      make("a", { href: "" }, "Try again"));
    document.getElementById("content").replaceChildren(state);
  }
}

start();
