/**
 * Solvers: how a gradient becomes a step.
 *
 * A solver keeps `memories` numbers of each parameter, all 0 at the start. `step` gets the gradient g
 * of one parameter and the place of its memories, and returns what is added to the parameter.
 */

/**
 * @typedef {object} Solver
 * @property {number} memories
 * @property {boolean} wholeBatch  Whether a step always sees all rows.
 * @property {(g: number, rate: number, memory: Float64Array[], at: number, steps: number) => number} step
 * @property {string} formula
 * @property {number} rate  A learning rate to begin with.
 */

const MOMENTUM = 0.9,
  BETA_1 = 0.9,
  BETA_2 = 0.999,
  EPSILON = 1e-8;

/** @type {Solver["step"]} */
const plain = (g, rate) => -rate * g;

/** @type {Record<string, Solver>} */
export const SOLVERS = {
  gd: { memories: 0, wholeBatch: true, step: plain, formula: "θ ← θ − η·g", rate: 0.1 },
  sgd: { memories: 0, wholeBatch: false, step: plain, formula: "θ ← θ − η·g", rate: 0.1 },
  momentum: {
    memories: 1,
    wholeBatch: false,
    step: (g, rate, [velocity], at) => -rate * (velocity[at] = MOMENTUM * velocity[at] + g),
    formula: "v ← 0.9·v + g;  θ ← θ − η·v",
    rate: 0.03,
  },
  adam: { memories: 2, wholeBatch: false, step: adam, formula: "θ ← θ − η·m̂/(√v̂ + ε)", rate: 0.01 },
};

/** @type {Solver["step"]} */
function adam(g, rate, [mean, square], at, steps) {
  mean[at] = (1 - BETA_1) * g + BETA_1 * mean[at];
  square[at] = (1 - BETA_2) * (g * g) + BETA_2 * square[at];
  const m = mean[at] / (1 - power(BETA_1, steps)),
    v = square[at] / (1 - power(BETA_2, steps));
  return -rate * (m / (Math.sqrt(v) + EPSILON));
}

/**
 * Return base^count by squaring, in the same bits everywhere.
 * @param {number} base @param {number} count
 */
function power(base, count) {
  let result = 1;
  for (; count > 0; count = Math.floor(count / 2), base *= base) if (count % 2) result *= base;
  return result;
}
