// What a JSON Schema, as pydantic writes it, means for a form. No page, no state: plain functions.

const DEEPEST_REFERENCE = 20;

/** A schema without references: `anyOf` holds real choices only, and `nullable` says whether null is one besides. */
export function plain(schema, root) {
  let found = schema && typeof schema === "object" ? schema : {};
  for (let depth = 0; found.$ref && depth < DEEPEST_REFERENCE; depth += 1) {
    const { $ref, ...beside } = found;
    found = { ...target($ref, root), ...beside };
  }
  if (found.allOf) {
    const { allOf, ...beside } = found;
    found = Object.assign({}, ...allOf.map((part) => plain(part, root)), beside);
  }
  if (Array.isArray(found.type)) {
    const { type, ...beside } = found;
    found = { ...beside, anyOf: type.map((one) => ({ ...beside, title: undefined, type: one })) };
  }
  return found.anyOf || found.oneOf ? chosen(found, root) : found;
}

function target(reference, root) {
  if (typeof reference !== "string" || !reference.startsWith("#/")) return {};
  return reference.slice(2).split("/").reduce(
    (place, key) => place?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], root) || {};
}

function chosen(schema, root) {
  const { anyOf, oneOf, ...beside } = schema;
  const choices = (anyOf || oneOf).map((choice) => plain(choice, root));
  const real = choices.filter((choice) => choice.type !== "null");
  const nullable = real.length < choices.length || real.some((choice) => choice.nullable);
  if (real.length === 1) return { ...real[0], ...beside, nullable };
  const list = oneOrSeveral(real, root);
  return list ? { ...list, ...beside, orOne: true, nullable } : { ...beside, anyOf: real, nullable };
}

/** The list of `string | list of strings`: a form has room for several anyway. */
function oneOrSeveral(choices, root) {
  const list = choices.find((choice) => choice.type === "array" && choice.items);
  if (choices.length !== 2 || !list) return null;
  const other = choices.find((choice) => choice !== list);
  return bare(plain(list.items, root)) === bare(other) ? list : null;
}

function bare(schema) {
  return schema.type && ["string", "integer", "number"].includes(schema.type) && !schema.enum ? schema.type : schema;
}

/** Which editor a plain schema takes. */
export function kind(schema) {
  if ("const" in schema) return "constant";
  if (schema.enum) return "choice";
  if (schema.anyOf) return "union";
  if (schema.type === "array") return schema.prefixItems ? "json" : "list";
  if (schema.properties) return "object";
  if (schema.type === "object") return schema.additionalProperties === false ? "object" : "map";
  return { string: "text", integer: "number", number: "number", boolean: "flag" }[schema.type] || "json";
}

/** Whether an editor for `schema` can show `value`; what lies deeper may still need an editor for any JSON. */
export function fits(schema, value, root) {
  if (value === null) return schema.nullable === true || kind(schema) === "json" || schema.enum?.includes(null);
  const is = {
    constant: () => same(value, schema.const),
    choice: () => schema.enum.some((one) => same(one, value)),
    union: () => schema.anyOf.some((one) => fits(one, value, root)),
    text: () => typeof value === "string",
    number: () => typeof value === "number" && (schema.type === "number" || Number.isInteger(value)),
    flag: () => typeof value === "boolean",
    list: () => Array.isArray(value) || (schema.orOne && fits(plain(schema.items, root), value, root)),
    object: () => isObject(value),
    map: () => isObject(value),
    json: () => true,
  };
  return Boolean(is[kind(schema)]());
}

/** Which of several choices shows `value` best: one that knows all its fields goes before one that shows it at all. */
export function bestChoice(choices, value, root) {
  return choices.find((choice) => suits(choice, value, root)) || choices.find((choice) => fits(choice, value, root));
}

/** Whether `value` is what `schema` is for, as far as the names of its fields tell. */
export function suits(schema, value, root) {
  if (kind(schema) !== "object" || !isObject(value)) return fits(schema, value, root);
  const properties = schema.properties || {};
  return (schema.required || []).every((name) => name in value)
    && Object.entries(value).every(([name, inner]) => Object.hasOwn(properties, name)
      && ("const" in plain(properties[name], root) ? fits(plain(properties[name], root), inner, root) : true));
}

/** Whether two JSON values are the same, whatever the order of their fields. */
export function same(one, other) {
  if (one === other) return true;
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length && one.every((each, at) => same(each, other[at]));
  }
  if (!isObject(one) || !isObject(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length
    && names.every((name) => name in other && same(one[name], other[name]));
}

export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const CAPITALS = /\b(api|css|csv|html|http|id|ip|json|pdf|sql|ur[il]|xml)(s?)\b/g;

/** `no_retry_status` as "No retry status"; a title that somebody wrote stays. */
export function labelOf(name, title) {
  const words = String(name).replaceAll("_", " ").trim() || String(name);
  if (title && title.toLowerCase() !== words.toLowerCase()) return title;
  const shown = words.replace(CAPITALS, (_, word, plural) => word.toUpperCase() + plural);
  return capital(shown);
}

/** The same with a capital letter in front. */
export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What a choice is called where one chooses among several. */
export function choiceLabel(schema, root) {
  const constant = Object.values(schema.properties || {}).map((one) => plain(one, root)).find((one) => "const" in one);
  if (constant) return String(constant.const);
  if (schema.title) return schema.title;
  const words = { text: "Text", flag: "Yes or no", list: "List", object: "Fields",
    map: "Names and values", choice: "One of a list", json: "Any JSON", constant: String(schema.const) };
  return words[kind(schema)] || (schema.type === "integer" ? "Whole number" : "Number");
}

/** The limits of a plain schema in a few words, for the hint below its field. */
export function limits(schema) {
  const low = schema.minimum ?? schema.exclusiveMinimum;
  const high = schema.maximum ?? schema.exclusiveMaximum;
  const parts = [];
  if (low !== undefined && high !== undefined) {
    const above = schema.minimum === undefined ? "more than " : "";
    const below = schema.maximum === undefined ? "less than " : "";
    parts.push(`${above}${low} to ${below}${high}`);
  } else if (low !== undefined) parts.push(schema.minimum === undefined ? `more than ${low}` : `at least ${low}`);
  else if (high !== undefined) parts.push(schema.maximum === undefined ? `less than ${high}` : `at most ${high}`);
  if (schema.maxItems) parts.push(`at most ${schema.maxItems} entries`);
  return parts.join(", ");
}

/** What is wrong with `value` as far as a page can say without the API; null where nothing is. */
export function fault(schema, value) {
  if (typeof value === "string") return textFault(schema, value);
  if (typeof value === "number") return numberFault(schema, value);
  if (Array.isArray(value)) {
    if (value.length < (schema.minItems || 0)) return `needs at least ${schema.minItems}`;
    if (value.length > (schema.maxItems ?? Infinity)) return `takes at most ${schema.maxItems}`;
  }
  return null;
}

function textFault(schema, value) {
  const length = [...value].length;
  if (length < (schema.minLength || 0)) return `must have at least ${schema.minLength} characters`;
  if (length > (schema.maxLength ?? Infinity)) return `must have at most ${schema.maxLength} characters, not ${length}`;
  return null;
}

function numberFault(schema, value) {
  if (schema.type === "integer" && !Number.isInteger(value)) return "must be a whole number";
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return "is too large for a browser to keep exactly";
  const high = value > (schema.maximum ?? Infinity) || value >= (schema.exclusiveMaximum ?? Infinity);
  const low = value < (schema.minimum ?? -Infinity) || value <= (schema.exclusiveMinimum ?? -Infinity);
  return high || low ? `must be ${limits(schema)}` : null;
}

/** The JSON value in `text`: {value}, or {fault} in words. Whole numbers that JavaScript would change are a fault. */
export function parsed(text) {
  try {
    return { value: JSON.parse(text, exactOnly) };
  } catch (error) {
    return { fault: error instanceof RangeError ? error.message : `is not valid JSON: ${error.message}` };
  }
}

function exactOnly(key, value, context) {
  if (typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? String(value))) {
    throw new RangeError("holds a whole number that is too large for a browser to keep exactly; make it a text");
  }
  return value;
}

/** Whether a value that came from the API holds a whole number that reading it has changed already. */
export function isInexact(value) {
  return "fault" in parsed(JSON.stringify(value) ?? "null");
}
