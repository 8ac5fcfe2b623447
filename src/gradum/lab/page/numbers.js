/** Numbers as people read them. */

/** @param {number} value @param {number} digits @returns {string} With so many digits that matter. */
export function figure(value, digits = 3) {
  if (!Number.isFinite(value)) return value !== value ? "–" : value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  let text;
  if (size >= 1e6 || size < 1e-4) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    text = `${mantissa}e${Number(exponent)}`;
  } else {
    const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
    text = value.toFixed(Math.min(decimals, 12));
  }
  return text.replaceAll("-", "−");
}

/** @param {number} value @returns {string} As a table has it. */
export const plain = (value) => String(Number(value.toPrecision(10))).replaceAll("-", "−");

/** @param {number} value @returns {string} Without zeros that say nothing, for axes. */
export const short = (value) =>
  figure(value)
    .replace(/(\.\d*?)0+(?=e|$)/, "$1")
    .replace(/\.(?=e|$)/, "");

/** @param {number} share @returns {string} */
export const percent = (share) => (Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "–");
