/** How good predictions are on rows that have not trained. */

import { log } from "./elementary.js";

/**
 * @typedef {object} ClassScores
 * @property {number[][]} confusion  Rows of each true class, by the predicted one.
 * @property {number} accuracy
 * @property {number} f1  The mean over classes.
 * @property {number} logLoss
 */

/**
 * Score the probabilities [n, K] of classes.
 * @param {Float64Array[]} probabilities @param {ArrayLike<number>} truth @param {number} classes
 * @returns {ClassScores}
 */
export function classScores(probabilities, truth, classes) {
  const confusion = Array.from({ length: classes }, () => new Array(classes).fill(0));
  let right = 0,
    total = 0;
  probabilities.forEach((shares, row) => {
    const said = shares.indexOf(Math.max(...shares));
    confusion[truth[row]][said] += 1;
    right += said === truth[row] ? 1 : 0;
    total -= log(Math.max(shares[truth[row]], 1e-300));
  });
  const f1 = confusion.map((row, k) => {
    const predicted = confusion.reduce((sum, other) => sum + other[k], 0),
      actual = row.reduce((sum, count) => sum + count, 0);
    return predicted + actual ? (2 * row[k]) / (predicted + actual) : NaN;
  });
  const known = f1.filter((value) => value === value),
    count = probabilities.length;
  return {
    confusion,
    accuracy: right / count,
    f1: known.reduce((sum, value) => sum + value, 0) / known.length,
    logLoss: total / count,
  };
}

/** @typedef {{rmse: number, mae: number, r2: number}} NumberScores */

/** @param {ArrayLike<number>} predicted @param {ArrayLike<number>} truth @returns {NumberScores} */
export function numberScores(predicted, truth) {
  const count = truth.length;
  let squares = 0,
    sizes = 0,
    mean = 0,
    spread = 0;
  for (let row = 0; row < count; row++) mean += truth[row] / count;
  for (let row = 0; row < count; row++) {
    const error = predicted[row] - truth[row];
    squares += error * error;
    sizes += Math.abs(error);
    spread += (truth[row] - mean) * (truth[row] - mean);
  }
  return { rmse: Math.sqrt(squares / count), mae: sizes / count, r2: 1 - squares / spread };
}
