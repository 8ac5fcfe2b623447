/** Activations: each with its slope, and the bound of the uniform weights before it. */

import { exp, expm1, logistic, normalDensity, normalShare, tanh } from "./elementary.js";

const SELU_SCALE = 1.0507009873554805,
  SELU_ALPHA = 1.6732632423543772;

/** @type {(fanIn: number, fanOut: number) => number} */
const he = (fanIn) => Math.sqrt(6 / fanIn);
/** @type {(fanIn: number, fanOut: number) => number} */
export const glorot = (fanIn, fanOut) => Math.sqrt(6 / (fanIn + fanOut));
/** @type {(fanIn: number, fanOut: number) => number} */
const lecun = (fanIn) => Math.sqrt(3 / fanIn);

/**
 * @typedef {object} Activation
 * @property {(a: number) => number} value
 * @property {(a: number) => number} slope
 * @property {(fanIn: number, fanOut: number) => number} bound
 * @property {string} formula  z = …
 * @property {string} slopeFormula
 */

/** @type {Record<string, Activation>} */
export const ACTIVATIONS = {
  relu: {
    value: (a) => (a > 0 ? a : a !== a ? a : 0),
    slope: (a) => (a > 0 ? 1 : a < 0 ? 0 : 0.5),
    bound: he,
    formula: "max(a, 0)",
    slopeFormula: "1[a > 0]",
  },
  tanh: {
    value: tanh,
    slope: (a) => 1 - tanh(a) * tanh(a),
    bound: glorot,
    formula: "tanh(a)",
    slopeFormula: "1 − tanh(a)²",
  },
  logistic: {
    value: logistic,
    slope: (a) => logistic(a) * logistic(-a),
    bound: glorot,
    formula: "1/(1 + e^−a)",
    slopeFormula: "z(1 − z)",
  },
  identity: { value: (a) => a, slope: () => 1, bound: glorot, formula: "a", slopeFormula: "1" },
  gelu: {
    value: (a) => a * normalShare(a),
    slope: (a) => normalShare(a) + a * normalDensity(a),
    bound: he,
    formula: "a·Φ(a)",
    slopeFormula: "Φ(a) + a·φ(a)",
  },
  selu: {
    value: (a) => (a > 0 ? SELU_SCALE * a : SELU_SCALE * SELU_ALPHA * expm1(a)),
    slope: (a) => (a > 0 ? SELU_SCALE : SELU_SCALE * SELU_ALPHA * exp(a)),
    bound: lecun,
    formula: "1.0507·max(a, 0) + 1.7581·min(e^a − 1, 0)",
    slopeFormula: "1.0507 for a > 0, else 1.7581·e^a",
  },
};
