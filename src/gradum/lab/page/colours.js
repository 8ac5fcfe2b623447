/** The colours of the house, as the page's style has them now. */

const CLASSES = ["--second", "--first", "--third", "--fifth", "--sixth", "--warn", "--faint", "--quiet"];

/** @param {string} name @returns {string} */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @param {string} hex @returns {[number, number, number]} */
export function parts(hex) {
  const whole = parseInt(hex.slice(1), 16);
  return [(whole >> 16) & 255, (whole >> 8) & 255, whole & 255];
}

/** @param {number} place @returns {string} The colour of a class. */
export const classColour = (place) => colour(CLASSES[place % CLASSES.length]);

/**
 * Return a function from −1 … 1 to colours: one for what is below 0, one above, and paper between.
 * @returns {(share: number) => [number, number, number]}
 */
export function diverging() {
  const [paper, below, above] = ["--paper", "--second", "--first"].map((name) => parts(colour(name)));
  return (share) => {
    const end = share < 0 ? below : above, weight = Math.min(1, Math.abs(share)) * 0.85;
    return /** @type {[number, number, number]} */ (paper.map((from, at) => from + weight * (end[at] - from)));
  };
}

/**
 * Return a square picture of values −1 … 1.
 * @param {number} size @param {(place: number) => [number, number, number]} colourAt
 */
export function picture(size, colourAt) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")), image = context.createImageData(size, size);
  for (let at = 0; at < size * size; at++) {
    const [red, green, blue] = colourAt(at);
    image.data.set([red, green, blue, 255], 4 * at);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** @param {Float32Array} values @returns {HTMLCanvasElement} A map of a unit's answers, each by the largest of them. */
export function mapOf(values, size = Math.sqrt(values.length)) {
  const colours = diverging();
  let most = 1e-12;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return picture(size, (at) => colours(values[at] / most));
}
