/**
 * Losses: what an error costs, its slope by the logits, and the way from logits to predictions.
 *
 * `logits` are the k outputs of one row; `target` is a number, or a class code for log loss.
 */

import { exp, log, logistic, softplus } from "./elementary.js";

const LARGEST_LOGIT = 60; // beyond, the mean stays and the loss is a straight line

/** @param {number} a */
const mean = (a) => exp(a > LARGEST_LOGIT ? LARGEST_LOGIT : a);
/** @param {number} a */
const exponential = (a) => mean(a) * (1 + (a > LARGEST_LOGIT ? a - LARGEST_LOGIT : 0));

/**
 * @typedef {object} Loss
 * @property {(logits: Float64Array, target: number) => number} value
 * @property {(logits: Float64Array, target: number, slope: Float64Array) => void} gradient  Fills in dℓ/da.
 * @property {(logits: Float64Array) => Float64Array} predict  A number, or every class's probability.
 * @property {boolean} ofClasses
 * @property {boolean} logarithmic  Whether the logit is the logarithm of the mean.
 * @property {(target: number) => boolean} takes  Whether a target has a meaning for it.
 * @property {string} formula
 * @property {string} slopeFormula
 */

/**
 * A loss of one number, whose prediction is the logit itself if no other is given.
 * @param {(a: number, y: number) => number} value
 * @param {(a: number, y: number) => number} slope
 * @param {{formula: string, slopeFormula: string, predict?: (a: number) => number, takes?: (y: number) => boolean}} rest
 * @returns {Loss}
 */
function ofNumber(value, slope, { formula, slopeFormula, predict = (a) => a, takes = () => true }) {
  return {
    value: (logits, target) => value(logits[0], target),
    gradient: (logits, target, out) => void (out[0] = slope(logits[0], target)),
    predict: (logits) => Float64Array.of(predict(logits[0])),
    ofClasses: false,
    logarithmic: predict === mean,
    takes,
    formula,
    slopeFormula,
  };
}

/** @param {number} x @param {number} most */
const within = (x, most) => (x > most ? most : x < -most ? -most : x);

/** @type {Record<string, Loss>} */
export const LOSSES = {
  squared_error: ofNumber(
    (a, y) => (a - y) * (a - y),
    (a, y) => 2 * (a - y),
    {
      formula: "(ŷ − y)²",
      slopeFormula: "2(ŷ − y)",
    },
  ),
  absolute_error: ofNumber(
    (a, y) => Math.abs(a - y),
    (a, y) => Math.sign(a - y),
    {
      formula: "|ŷ − y|",
      slopeFormula: "sign(ŷ − y)",
    },
  ),
  huber: ofNumber(
    (a, y) => {
      const size = Math.abs(a - y),
        squared = Math.min(size, 1);
      return squared * (2 * size - squared);
    },
    (a, y) => 2 * within(a - y, 1),
    { formula: "min(|r|, 1)·(2|r| − min(|r|, 1))", slopeFormula: "2·max(−1, min(r, 1))" },
  ),
  quantile: ofNumber(
    (a, y) => 0.5 * Math.abs(a - y),
    (a, y) => 0.5 * Math.sign(a - y),
    {
      formula: "½|ŷ − y|",
      slopeFormula: "½·sign(ŷ − y)",
    },
  ),
  log_loss: {
    value: logLoss,
    gradient: logLossSlope,
    predict: probabilities,
    ofClasses: true,
    logarithmic: false,
    takes: () => true,
    formula: "−log p",
    slopeFormula: "p − t",
  },
  poisson: ofNumber(
    (a, y) => exponential(a) - y * a + (y > 0 ? y * log(y) : 0) - y,
    (a, y) => mean(a) - y,
    { formula: "e^a − y·a + y·log y − y", slopeFormula: "e^a − y", predict: mean, takes: (y) => y >= 0 },
  ),
  gamma: ofNumber(
    (a, y) => y * exponential(-a) + a - log(y) - 1,
    (a, y) => 1 - y * mean(-a),
    { formula: "y·e^−a + a − log y − 1", slopeFormula: "1 − y·e^−a", predict: mean, takes: (y) => y > 0 },
  ),
  tweedie: ofNumber(
    (a, y) => 2 * y * exponential(-a / 2) + 2 * exponential(a / 2) - 4 * Math.sqrt(y),
    (a, y) => mean(a / 2) - y * mean(-a / 2),
    {
      formula: "2y·e^(−a/2) + 2e^(a/2) − 4√y",
      slopeFormula: "e^(a/2) − y·e^(−a/2)",
      predict: mean,
      takes: (y) => y >= 0,
    },
  ),
};

/** @type {Loss["value"]} */
function logLoss(logits, target) {
  if (logits.length === 1) return softplus(target === 1 ? -logits[0] : logits[0]);
  const top = Math.max(...logits);
  let sum = 0;
  for (const logit of logits) sum += exp(logit - top);
  return log(sum) + top - logits[target];
}

/** @type {Loss["gradient"]} */
function logLossSlope(logits, target, out) {
  if (logits.length === 1) {
    out[0] = logistic(logits[0]) - target;
    return;
  }
  out.set(probabilities(logits));
  out[target] -= 1;
}

/** @type {Loss["predict"]} */
function probabilities(logits) {
  if (logits.length === 1) return Float64Array.of(logistic(-logits[0]), logistic(logits[0]));
  const top = Math.max(...logits);
  const powers = logits.map((logit) => exp(logit - top));
  let sum = 0;
  for (const power of powers) sum += power;
  return powers.map((power) => power / sum);
}
