/** The Python that repeats a run: NumPy alone, the same random numbers, the same losses. */

import { inputsOf, outputsOf, targetScale } from "./table.js";
import { say } from "./words.js";

/** @typedef {import("./table.js").Table} Table */
/** @typedef {import("./mathematics/training.js").Settings} Settings */

/** Of each activation, its value and its slope. @type {Record<string, [string, string]>} */
const ACTIVATION = {
  relu: ["np.maximum(a, 0)", "np.heaviside(a, 0.5)"],
  tanh: ["np.tanh(a)", "1 - np.tanh(a) ** 2"],
  logistic: ["1 / (1 + np.exp(-a))", "1 / (1 + np.exp(-a)) / (1 + np.exp(a))"],
  identity: ["a", "np.ones_like(a)"],
  gelu: ["a * share(a)", "share(a) + a * np.exp(-(a**2) / 2) / np.sqrt(2 * np.pi)"],
  selu: [
    "1.0507009873554805 * np.where(a > 0, a, 1.6732632423543772 * np.expm1(np.minimum(a, 0)))",
    "1.0507009873554805 * np.where(a > 0, 1, 1.6732632423543772 * np.exp(np.minimum(a, 0)))",
  ],
};
/** The bound of the weights before it. @type {Record<string, string>} */
const BOUND = { relu: "6 / fan_in", gelu: "6 / fan_in", selu: "3 / fan_in" };
const GLOROT = "6 / (fan_in + fan_out)";

/** Of each loss of a number, its value and its slope by the prediction a. @type {Record<string, [string, string]>} */
const LOSS = {
  squared_error: ["(a - y) ** 2", "2 * (a - y)"],
  absolute_error: ["np.abs(a - y)", "np.sign(a - y)"],
  huber: [
    "np.minimum(np.abs(a - y), 1) * (2 * np.abs(a - y) - np.minimum(np.abs(a - y), 1))",
    "2 * np.clip(a - y, -1, 1)",
  ],
  quantile: ["0.5 * np.abs(a - y)", "0.5 * np.sign(a - y)"],
  poisson: ["np.exp(a) - y * a + np.where(y > 0, y * np.log(np.maximum(y, 1e-300)), 0) - y", "np.exp(a) - y"],
  gamma: ["y * np.exp(-a) + a - np.log(y) - 1", "1 - y * np.exp(-a)"],
  tweedie: [
    "2 * y * np.exp(-a / 2) + 2 * np.exp(a / 2) - 4 * np.sqrt(y)",
    "np.exp(a / 2) - y * np.exp(-a / 2)",
  ],
};
/** @type {[string, string]} */
const TWO_CLASSES = ["np.logaddexp(0, np.where(y == 1, -a, a))", "1 / (1 + np.exp(-a)) - y"];
/** @type {[string, string]} */
const CLASSES = [
  "(np.logaddexp.reduce(a, axis=1, keepdims=True) - a)[np.arange(len(a)), y[:, 0].astype(int)]",
  "np.exp(a - np.logaddexp.reduce(a, axis=1, keepdims=True)) - (y == np.arange(a.shape[1]))",
];

/** The step of each solver. @type {Record<string, string[]>} */
const SOLVER = {
  gd: ["theta -= RATE * g"],
  sgd: ["theta -= RATE * g"],
  momentum: ["m[:] = 0.9 * m + g", "theta -= RATE * m"],
  adam: [
    "m[:] = 0.1 * g + 0.9 * m",
    "v[:] = 0.001 * g**2 + 0.999 * v",
    "theta -= RATE * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)",
  ],
};
/** @type {Record<string, string>} */
const PENALTY = { l2: "ALPHA * w", l1: "ALPHA * np.sign(w)", elastic_net: "ALPHA * (0.5 * np.sign(w) + 0.5 * w)" };

/**
 * Write the program of a run.
 * @param {Table} table @param {Settings} settings @param {number} epochs @returns {string}
 */
export function pythonProgram(table, settings, epochs) {
  return [heading(), data(table, settings), RANDOM, model(table, settings), training(settings, epochs)].join("\n\n");
}

const heading = () => `"""${say("Repeats a run of gradum's lab: the same random numbers, the same losses.")}"""

import math

import numpy as np`;

/** @param {Table} table @param {Settings} settings */
function data(table, settings) {
  const { centre, scale } = targetScale(table, settings.loss),
    width = table.numbers.length;
  const [centres, scales] = [table.numbers.map((each) => each.centre), table.numbers.map((each) => each.scale)];
  const levels = inputsOf(table)
    .filter(({ level }) => level)
    .map(({ column, level, sign }) => {
      const own = `ROWS[:, ${column}]`;
      return sign
        ? `np.where(${own} == ${level}, 1.0, np.where(${own} > 0, -1.0, 0.0))`
        : `(${own} == ${level}).astype(float)`;
    });
  return `# ${say("Columns: {columns}. The last is the target.", { columns: [...table.numbers, ...table.codes].map(({ name }) => name.replace(/\s+/g, " ")).join(", ") })}
ROWS = np.array([
${table.rows.map((row) => `    [${row.join(", ")}],`).join("\n")}
])
HELD_OUT = np.array([${table.held_out.join(", ")}], int)
inputs = (ROWS[:, :${width}] - np.array([${centres.join(", ")}])) / np.array([${scales.join(", ")}])
${levels.length ? `inputs = np.column_stack([inputs, ${levels.join(", ")}])\n` : ""}target = (ROWS[:, -1:] - ${centre}) / ${scale}
trains = np.setdiff1d(np.arange(len(ROWS)), HELD_OUT)`;
}

const RANDOM = `
MASK = 0xFFFFFFFF


def mixed(word):
    bits = (word + 0x9E3779B9) & MASK
    bits = ((bits ^ (bits >> 16)) * 0x21F0AAAD) & MASK
    bits = ((bits ^ (bits >> 15)) * 0x735A2D97) & MASK
    return bits ^ (bits >> 15)


class Stream:
    def __init__(self, seed, *names):
        word = mixed(seed)
        for letter in "/".join(map(str, names)):
            word = mixed((word + ord(letter)) & MASK)
        self.state = [mixed((word + at * 0x9E3779B9) & MASK) for at in range(4)]

    def bits(self):
        s = self.state
        product = (s[1] * 5) & MASK
        result = (((product << 7) | (product >> 25)) * 9) & MASK
        shifted = (s[1] << 9) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= shifted
        s[3] = ((s[3] << 11) | (s[3] >> 21)) & MASK
        return result

    def uniform(self):
        return ((self.bits() >> 5) * 67108864 + (self.bits() >> 6)) / 2**53

    def uniforms(self, *shape):
        return np.array([self.uniform() for _ in range(math.prod(shape))]).reshape(shape)

    def order(self, count):
        places = list(range(count))
        for at in range(count - 1, 0, -1):
            other = int(self.uniform() * (at + 1))
            places[at], places[other] = places[other], places[at]
        return np.array(places)
`;

/** @param {Table} table @param {Settings} settings */
function model(table, { hidden, activation, loss, dropout, seed, off = [] }) {
  const outputs = outputsOf(table),
    [value, slope] = loss !== "log_loss" ? LOSS[loss] : outputs > 1 ? CLASSES : TWO_CLASSES;
  const bound = BOUND[activation] ?? GLOROT,
    share = activation === "gelu" ? "share = np.vectorize(lambda x: 0.5 * (1 + math.erf(x / math.sqrt(2))))\n" : "";
  const drop =
    dropout > 0
      ? `
            if stream is not None:
                kept = np.where(stream.uniforms(*z.shape) < ${dropout}, 0, 1 / (1 - ${dropout}))
                z, slopes[-1] = z * kept, slopes[-1] * kept`
      : "";
  return `SEED = ${seed}
widths = [inputs.shape[1], ${[...hidden, outputs].join(", ")}]
random = Stream(SEED, "init")
weights, biases = [], []
for level, (fan_in, fan_out) in enumerate(zip(widths, widths[1:])):
    last = level == len(widths) - 2
    bound = math.sqrt(${GLOROT}) if last else math.sqrt(${bound})
    bound = bound if len(widths) > 2 else 0
    shift = 0 if last else 1 / math.sqrt(fan_in)
    weights.append(bound * (2 * random.uniforms(fan_in, fan_out) - 1))
    biases.append(shift * (2 * random.uniforms(fan_out) - 1))
${off.length ? `OFF = [${off.join(", ")}]\nweights[0][OFF] = 0\n` : ""}${share}

def forward(z, stream=None):
    entered, slopes = [], []
    for level, (w, b) in enumerate(zip(weights, biases)):
        entered.append(z)
        a = z @ w + b
        if level < len(weights) - 1:
            z = ${ACTIVATION[activation][0]}
            slopes.append(${ACTIVATION[activation][1]})${drop}
    return a, entered, slopes


def loss(a, y):
    return np.mean(${value})


def slope(a, y):
    return (${slope}) / len(y)`;
}

/** @param {Settings} settings @param {number} epochs */
function training({ solver, rate, batch, penalty, alpha, dropout, off = [] }, epochs) {
  const priced = PENALTY[penalty] ? `\n            g = g + (${PENALTY[penalty]} if theta is w else 0)` : "";
  const whole = solver === "gd";
  return `
RATE, ALPHA, BATCH = ${rate}, ${alpha}, ${whole ? "len(trains)" : `min(${batch}, len(trains))`}
first = [np.zeros_like(each) for each in [*weights, *biases]]
second = [np.zeros_like(each) for each in [*weights, *biases]]
step, history = 0, []


def train(places):
    x, y = inputs[places], target[places]
    a, entered, slopes = forward(x${dropout > 0 ? `, Stream(SEED, "dropout", step)` : ""})
    delta, gradients = slope(a, y), []
    for level in reversed(range(len(weights))):
        gradients.insert(0, (entered[level].T @ delta, delta.sum(axis=0)))
        if level:
            delta = delta @ weights[level].T * slopes[level - 1]
${off.length ? "    gradients[0][0][OFF] = 0\n" : ""}    for level, (w, b) in enumerate(zip(weights, biases)):
        for part, (theta, g) in enumerate(zip((w, b), gradients[level])):
            m, v = first[level + part * len(weights)], second[level + part * len(weights)]${priced}
            ${SOLVER[solver].join("\n            ")}


for epoch in range(${epochs + 1}):
    history.append([loss(forward(inputs[rows])[0], target[rows]) for rows in (trains, HELD_OUT)])
    print(epoch, *(f"{each:.6g}" for each in history[-1]))
    if epoch == ${epochs}:
        break
    order = np.arange(len(trains)) if BATCH == len(trains) else Stream(SEED, "order", epoch).order(len(trains))
    for start in range(0, len(trains), BATCH):
        step += 1
        train(trains[order[start : start + BATCH]])
`;
}
