/** Penalties on the size of weights, never of biases: each is l1·|w| + l2·½w². */

/**
 * @typedef {object} Penalty
 * @property {(alpha: number) => {l1: number, l2: number}} strengths
 * @property {string} formula
 * @property {string} slopeFormula
 */

/** @type {Record<string, Penalty>} */
export const PENALTIES = {
  none: { strengths: () => ({ l1: 0, l2: 0 }), formula: "0", slopeFormula: "0" },
  l2: { strengths: (alpha) => ({ l1: 0, l2: alpha }), formula: "α·½·Σ w²", slopeFormula: "α·w" },
  l1: { strengths: (alpha) => ({ l1: alpha, l2: 0 }), formula: "α·Σ |w|", slopeFormula: "α·sign(w)" },
  elastic_net: {
    strengths: (alpha) => ({ l1: 0.5 * alpha, l2: 0.5 * alpha }),
    formula: "α·Σ (½|w| + ¼w²)",
    slopeFormula: "α·(½·sign(w) + ½w)",
  },
};

/** @param {{l1: number, l2: number}} strengths @param {Iterable<number>} weights */
export function penaltyValue({ l1, l2 }, weights) {
  let sizes = 0,
    squares = 0;
  for (const weight of weights) {
    sizes += Math.abs(weight);
    squares += weight * weight;
  }
  return l1 * sizes + l2 * 0.5 * squares;
}

/** @param {{l1: number, l2: number}} strengths @param {number} weight @returns {number} Its slope; 0 at the kink. */
export function penaltySlope({ l1, l2 }, weight) {
  return l1 * Math.sign(weight) + l2 * weight;
}
