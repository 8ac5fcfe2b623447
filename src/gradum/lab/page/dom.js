/** Elements made of texts: what comes from a table is never markup. */

/** Screens on which all parts stand below each other. */
export const NARROW = "(max-width: 44rem)";

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Make an element. Properties beginning with "on" are listeners; others are attributes.
 * @param {string} tag @param {Record<string, any>} properties @param {...(Child | Child[])} children
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/**
 * Make an element of a drawing.
 * @param {string} tag @param {Record<string, any>} properties @param {...(Child | Child[])} children
 * @returns {any}
 */
export function svg(tag, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

/** @param {Element} element @param {Record<string, any>} properties @param {(Child | Child[])[]} children */
function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on") && value) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : String(value));
  }
  add(element, ...children);
  return element;
}

/** @param {Element} element @param {...(Child | Child[])} children */
export function add(element, ...children) {
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false)
      element.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Return a table: cells that are numbers stand on the right.
 * @param {Child[]} head @param {Child[][]} rows @param {string} name
 */
export function tableOf(head, rows, name = "") {
  const numeric = head.map((_, at) => rows.length > 0 && rows.every((row) => isFigure(row[at])));
  /** @param {string} tag @param {Child[]} cells */
  const line = (tag, cells) =>
    h(
      "tr",
      {},
      cells.map((cell, at) => h(tag, { class: numeric[at] ? "n" : null, scope: tag === "th" ? "col" : null }, cell)),
    );
  const table = h(
    "table",
    { "aria-label": name || null },
    h("thead", {}, line("th", head)),
    h(
      "tbody",
      {},
      rows.map((row) => line("td", row)),
    ),
  );
  return h("div", { class: "wide", tabindex: 0, role: "group", "aria-label": name || null }, table);
}

/** @param {Child} cell */
const isFigure = (cell) => typeof cell === "number" || (typeof cell === "string" && /^(|[−\d∞–].*)$/.test(cell));

/** A canvas that is as sharp as the screen. @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
export function sharp(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1,
    [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
