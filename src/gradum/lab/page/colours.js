/** The colours of the house, as the page's style has them now. */

const CLASSES = ["--second", "--first", "--third", "--fifth", "--sixth", "--warn", "--faint", "--quiet"];

/** @type {Map<string, string>} */
const known = new Map();

/** @param {string} name @returns {string} */
export function colour(name) {
  let found = known.get(name);
  if (found === undefined)
    known.set(name, (found = getComputedStyle(document.documentElement).getPropertyValue(name).trim()));
  return found;
}

/** Look the colours up again: the page has become dark or light. */
export const forget = () => known.clear();

/** @param {string} hex @returns {[number, number, number]} */
export function parts(hex) {
  const whole = parseInt(hex.slice(1), 16);
  return [(whole >> 16) & 255, (whole >> 8) & 255, whole & 255];
}

/** @param {number} place @returns {string} The colour of a class. */
export const classColour = (place) => colour(CLASSES[place % CLASSES.length]);

/** @param {[number, number, number]} from @param {[number, number, number]} to @param {number} weight @returns {[number, number, number]} */
export const mixed = (from, to, weight) => [
  from[0] + weight * (to[0] - from[0]),
  from[1] + weight * (to[1] - from[1]),
  from[2] + weight * (to[2] - from[2]),
];

/**
 * Return a function from −1 … 1 to colours: one for what is below 0, one above, and paper between.
 * @returns {(share: number) => [number, number, number]}
 */
export function diverging() {
  const [paper, below, above] = ["--paper", "--second", "--first"].map((name) => parts(colour(name)));
  return (share) => {
    return mixed(paper, share < 0 ? below : above, Math.min(1, Math.abs(share)) * 0.85);
  };
}

/**
 * Return a square picture of values −1 … 1.
 * @param {number} size @param {(place: number) => [number, number, number]} colourAt
 */
export function picture(size, colourAt) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")),
    image = context.createImageData(size, size);
  for (let at = 0, place = 0; at < size * size; at++, place += 4) {
    const tone = colourAt(at);
    image.data[place] = tone[0];
    image.data[place + 1] = tone[1];
    image.data[place + 2] = tone[2];
    image.data[place + 3] = 255;
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
