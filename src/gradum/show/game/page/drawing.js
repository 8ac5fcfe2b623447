/** Drawings in SVG, whose colours are classes of the page's style. */

/**
 * Make an element of a drawing.
 * @param {string} tag @param {Record<string, string | number>} properties @param {...SVGElement} children
 * @returns {SVGElement}
 */
export function svg(tag, properties = {}, ...children) {
  const element = /** @type {SVGElement} */ (document.createElementNS("http://www.w3.org/2000/svg", tag));
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** An empty scene of 600 by 300, as wide as its place. @param {HTMLElement} place */
export function scene(place) {
  const drawing = svg("svg", { viewBox: "0 0 600 300", class: "scene", "aria-hidden": "true" });
  place.replaceChildren(drawing);
  return drawing;
}

/** A straight line. @param {string} name @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 */
export const line = (name, x1, y1, x2, y2) => svg("line", { class: name, x1, y1, x2, y2 });

/** A dot. @param {string} name @param {number} cx @param {number} cy @param {number} r */
export const dot = (name, cx, cy, r) => svg("circle", { class: name, cx, cy, r });

/** Put an element at a place, and turn it clockwise. @param {Element} element @param {number} x @param {number} y */
export function place(element, x, y, degrees = 0) {
  element.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)}) rotate(${degrees.toFixed(2)})`);
}

/** The path of an arrow from the origin, as long as an amount says. @param {number} amount pixels to the right */
export function straight(amount) {
  if (Math.abs(amount) < 1) return "";
  const back = amount - Math.sign(amount) * 9;
  return `M0 0H${amount}M${back} -7L${amount} 0L${back} 7`;
}

/**
 * The path of an arrow that bends around the origin, from above.
 * @param {number} radius @param {number} amount in −1..1 of 150°, counter-clockwise above 0
 */
export function bent(radius, amount) {
  if (Math.abs(amount) < 0.03) return "";
  /** @param {number} angle @param {number} r */
  const at = (angle, r) => `${(-r * Math.sin(angle)).toFixed(1)} ${(-r * Math.cos(angle)).toFixed(1)}`;
  const end = (amount * 150 * Math.PI) / 180,
    back = end - Math.sign(amount) * Math.min(0.22, Math.abs(end));
  const arc = `M${at(0, radius)}A${radius} ${radius} 0 0 ${amount > 0 ? 0 : 1} ${at(end, radius)}`;
  return `${arc}M${at(back, radius - 8)}L${at(end, radius)}L${at(back, radius + 8)}`;
}

/** @param {number} radians */
export const degrees = (radians) => (radians * 180) / Math.PI;
