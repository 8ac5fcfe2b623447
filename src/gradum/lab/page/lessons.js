/** The nine lessons: what each says, the settings and parts of the lab that it brings, and its tasks with their checks. */

import { marked, say } from "./words.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./watching.js").View} View */
/** What a check sees of the lab. @typedef {{state: State, table: import("./table.js").Table, view: View, kept: {state: State, view: View} | null}} Seen */
/**
 * A task. It is solved by numbers that are typed (`asks`), by lines of code that are marked
 * (`lines`), or by what the lab reaches.
 * @typedef {object} Task
 * @property {string} says
 * @property {(seen: Seen) => [string, number | string][]} [given]  Symbols or names, and their numbers now.
 * @property {{name: string, truth?: (seen: Seen) => number}[]} [asks]
 * @property {string[]} [lines]
 * @property {(seen: Seen, answer: number[]) => boolean} [check]  Left out where every `truth` is asked for.
 * @property {boolean} [draws]  Whether a weight and a bias are typed, whose line the charts show.
 * @property {(seen: Seen, answer: number[]) => string} [reply]  What is said of an answer that does not solve it.
 * @property {string[]} hints
 * @property {string} why  What is said once it is solved.
 */
/** A paragraph or more, formulas, and parts of the lab. @typedef {{says: string[], formulas?: string[], parts?: string[]}} Passage */
/** @typedef {{title: string, state: Partial<State>, controls: string[], passages: Passage[], tasks: Task[]}} Lesson */

const TOLERANCE = 0.02; // of what is typed: two digits are enough

/** @param {number} answer @param {number} truth @returns {boolean} */
export const near = (answer, truth) => Math.abs(answer - truth) <= TOLERANCE * Math.max(Math.abs(truth), TOLERANCE);

/** @param {Lesson} lesson @param {Task} task @param {Seen} seen @param {number[]} answer @returns {boolean} */
export function isSolved(lesson, { asks = [], check }, seen, answer = []) {
  if (!seen.view || seen.state.data !== lesson.state.data) return false;
  return check ? check(seen, answer) : asks.every(({ truth }, at) => truth && near(answer[at], truth(seen)));
}

/** @param {View} view @returns {import("./mathematics/training.js").Scored} */
const last = ({ history }) => history[history.length - 1];

/** The mean squared error of a line over the rows that train. @param {Seen} seen @param {number} w @param {number} b */
export function errorOf({ table }, w, b) {
  const rows = table.rows.filter((_, place) => !table.held_out.includes(place));
  return rows.reduce((sum, [x, y]) => sum + (w * x + b - y) ** 2, 0) / rows.length;
}

/**
 * The rate beyond which gradient descent on a line diverges: 2 by the largest curvature of the mean squared error.
 * @param {Seen} seen
 */
export function largestRate({ table }) {
  const rows = table.rows.filter((_, place) => !table.held_out.includes(place));
  const mean = rows.reduce((sum, [x]) => sum + x, 0) / rows.length,
    square = rows.reduce((sum, [x]) => sum + x * x, 0) / rows.length;
  return 2 / (square + 1 + Math.sqrt((square - 1) ** 2 + 4 * mean ** 2));
}

/** Weight, bias and what enters of the shown row in a model of one layer. @param {Seen} seen */
const lineOf = ({ view: { before, row } }) => ({
  w: before[0].weight[0],
  b: before[0].bias[0],
  x: row.inputs[0],
  y: row.target,
  error: row.prediction[0] - row.target,
});

/** The first hidden unit of the shown row, forward and back. @param {Seen} seen */
function unitOf({ view: { before, row, widths } }) {
  const units = widths[1],
    weights = Array.from(row.inputs, (_, from) => before[0].weight[from * units]),
    sum = row.inputs.reduce((total, x, at) => total + x * weights[at], before[0].bias[0]);
  const z = Math.tanh(sum),
    delta = row.prediction[1] - row.target,
    above = before[1].weight[0] * delta * (1 - z * z);
  return { weights, sum, z, delta, above, slope: above * row.inputs[0] };
}

const SETTLED = 100; // epochs over which a loss that wavers is averaged
/** @param {View} view @param {number} epoch @returns {number} The mean loss of held-out rows over the epochs before one. */
const settled = ({ history }, epoch) => {
  const few = history.slice(0, epoch + 1).slice(-SETTLED);
  return few.reduce((sum, { validation }) => sum + validation, 0) / few.length;
};

/** @param {View} view The epoch of the lowest loss on held-out rows. */
const lowest = ({ history }) => history.reduce((best, each) => (each.validation < best.validation ? each : best));

/** @param {Seen} seen @returns {[string, number | string][]} */
const progress = ({ view }) => [
  [say("Epoch"), view.epoch],
  [say("Mean loss, training"), last(view).training],
  [say("Mean loss, held out"), last(view).validation],
];

/** @param {View} view @param {number} epoch @returns {number} The loss of held-out rows after an epoch. */
const lossAfter = ({ history }, epoch) => history[epoch].validation;

/** The epochs that both the kept run and the present one have. @param {Seen} seen */
const common = ({ view, kept }) => Math.min(kept?.view.epoch ?? Infinity, view.epoch);

/** The kept run and the present one, after as many epochs. @param {(view: View, epoch: number) => number} loss */
const beside = (loss) => (/** @type {Seen} */ seen) =>
  /** @type {[string, number | string][]} */ ([
    [say("Present run, epoch"), seen.view.epoch],
    [say("Epochs of both runs"), seen.kept ? common(seen) : "–"],
    [say("Kept run, held-out loss"), seen.kept ? loss(seen.kept.view, common(seen)) : "–"],
    [say("Present run, held-out loss"), loss(seen.view, common(seen))],
  ]);

/** @param {Seen} seen @returns {string[]} The settings in which the kept run differs. */
const differing = ({ state, kept }) =>
  kept
    ? ["hidden", "activation", "penalty", "alpha", "dropout", "solver", "rate", "batch", "seed"].filter(
        (name) => String(/** @type {any} */ (kept.state)[name]) !== String(/** @type {any} */ (state)[name]),
      )
    : [];

/** A program with two mistakes; as it stands, it prints about 0. */
const PROGRAM = [
  "x = rng.normal(size=(100, 1))",
  "noise = rng.normal(scale=0.5, size=(100, 1))",
  "y = 3 * x[:, 0] + 2 + noise",
  "w = np.zeros((1, 1))",
  "for step in range(1000):",
  "    predicted = x @ w",
  "    slope = 2 * np.mean(x * (predicted - y))",
  "    w -= 0.1 * slope",
  "print(0.5 * w)",
];
const [WRONG_TARGET, NO_WEIGHT, NO_BIAS] = [2, 3, 5];

/** @type {Lesson[]} */
export const LESSONS = [
  {
    title: marked("A line and its squared error"),
    state: { data: "line", hidden: [], loss: "squared_error", solver: "gd", rate: 0.1, row: 5 },
    controls: [],
    passages: [
      {
        says: [
          marked(
            "The simplest model is a line. It multiplies the input x by a weight w, adds a bias b, and calls the result its prediction ŷ. To learn is to find w and b.",
          ),
          marked(
            "Each dot is a row of the table: 45 of them train, and the rings are held out to judge. They were made as y = 3x + 2, and then moved up or down a little at random.",
          ),
        ],
        formulas: ["ŷ = w·x + b"],
        parts: ["boundary"],
      },
      {
        says: [
          marked(
            "How wrong is a line? Take what separates its prediction from the truth, and square it: misses above and below count alike, and a miss twice as far costs four times as much. The mean over all rows is the mean squared error.",
          ),
          marked(
            "Every pair of w and b is one line, and has one such mean. The loss surface shows them all: a bowl, whose lowest point is the best line. Press “One epoch”, and watch the dot go down.",
          ),
        ],
        formulas: ["ℓ = (ŷ − y)²", "L = 1/n Σ (ŷ − y)²"],
        parts: ["surface"],
      },
    ],
    tasks: [
      {
        says: marked("Take the line ŷ = 2x + 1. What does it predict for this row, and what is its squared error?"),
        given: (seen) => [
          ["x", lineOf(seen).x],
          ["y", lineOf(seen).y],
        ],
        asks: [
          { name: "ŷ", truth: (seen) => 2 * lineOf(seen).x + 1 },
          { name: "(ŷ − y)²", truth: (seen) => (2 * lineOf(seen).x + 1 - lineOf(seen).y) ** 2 },
        ],
        hints: [marked("Put x into the line first. Then subtract y, and multiply the difference by itself.")],
        why: marked("The square has no sign: a prediction as far above y as this one is below would cost the same."),
      },
      {
        says: marked(
          "Read the best line off the chart: type a weight and a bias whose mean squared error on the training rows is below 0.12.",
        ),
        asks: [{ name: "w" }, { name: "b" }],
        draws: true,
        check: (seen, [w, b]) => errorOf(seen, w, b) < 0.12,
        reply: (seen, [w, b]) =>
          say("The mean squared error of this line is {error}.", { error: errorOf(seen, w, b).toFixed(3) }),
        hints: [
          marked("The bias is the height of the line where x is 0."),
          marked("The weight is how much higher the line is where x is larger by 1."),
        ],
        why: marked(
          "No line reaches 0 here: the rows were moved at random, and about 0.09 of the error is that noise. Who knew the truth would still miss by as much.",
        ),
      },
    ],
  },
  {
    title: marked("The gradient"),
    state: { data: "line", hidden: [], loss: "squared_error", solver: "gd", rate: 0.1, row: 5 },
    controls: [],
    passages: [
      {
        says: [
          marked(
            "Which way is down? The derivative of the loss by a weight says how fast the loss grows when that weight grows. All derivatives together are the gradient g.",
          ),
          marked(
            "The chain rule gives it: the square contributes 2(ŷ − y), and the prediction changes with w by x, with b by 1. The gradient of the mean loss is the mean of these over the rows.",
          ),
        ],
        formulas: ["(∂ℓ)/(∂w) = 2(ŷ − y)·x", "(∂ℓ)/(∂b) = 2(ŷ − y)"],
        parts: ["formulas"],
      },
      {
        says: [
          marked(
            "A step goes against the gradient, and the learning rate η says how far. Press “One operation” again and again: a row goes through the line, its error comes back as a gradient, and the weight moves.",
          ),
        ],
        formulas: ["θ ← θ − η·g"],
        parts: ["network", "surface"],
      },
    ],
    tasks: [
      {
        says: marked("How does the loss of this one row change with w, and how with b?"),
        given: (seen) => {
          const { x, y, w, b } = lineOf(seen);
          return [
            ["x", x],
            ["y", y],
            ["w", w],
            ["b", b],
          ];
        },
        asks: [
          { name: "2(ŷ − y)·x", truth: (seen) => 2 * lineOf(seen).error * lineOf(seen).x },
          { name: "2(ŷ − y)", truth: (seen) => 2 * lineOf(seen).error },
        ],
        hints: [
          marked("First the prediction: ŷ = w·x + b. At the beginning, both are 0."),
          marked("A negative derivative means that the loss falls when the weight grows."),
        ],
        why: marked(
          "Both have the same factor, the error. What entered with more weight, x or 1, takes more of it back.",
        ),
      },
      {
        says: marked("This is the gradient of the mean over all training rows. Where do w and b go in the next step?"),
        given: (seen) => [
          ["w", lineOf(seen).w],
          ["b", lineOf(seen).b],
          [say("Gradient of w"), seen.view.gradient[0].weight[0]],
          [say("Gradient of b"), seen.view.gradient[0].bias[0]],
          ["η", seen.state.rate],
        ],
        asks: [
          { name: "w", truth: ({ view, state }) => view.before[0].weight[0] - state.rate * view.gradient[0].weight[0] },
          { name: "b", truth: ({ view, state }) => view.before[0].bias[0] - state.rate * view.gradient[0].bias[0] },
        ],
        hints: [marked("Multiply g by η, and subtract the product from the old value.")],
        why: marked("Press “One batch”, and the lab takes the same step. A hundred such steps reach the lowest point."),
      },
      {
        says: marked(
          "The article that these lessons follow ends in a program that learns y = 3x + 2. Here is one with its two mistakes. It should print about 3.5, and prints about 0. Mark the line that makes a wrong target, and the line that states a model which cannot be right.",
        ),
        lines: PROGRAM,
        check: (_, marks) =>
          marks.includes(WRONG_TARGET) &&
          marks.includes(NO_BIAS) &&
          marks.every((mark) => [WRONG_TARGET, NO_WEIGHT, NO_BIAS].includes(mark)),
        reply: (_, marks) =>
          marks.includes(WRONG_TARGET)
            ? say("The wrong target is found. Which line cannot state 3x + 2, whatever it learns?")
            : marks.includes(NO_BIAS)
              ? say("The wrong model is found. Now write down the shape of each array.")
              : say("Neither of the two is found yet."),
        hints: [
          marked("What shape has x[:, 0], what shape has noise, and what shape has their sum?"),
          marked("Where x is 0, what does the model predict, whatever w is?"),
        ],
        why: marked(
          "A column of 100 numbers plus a row of 100 makes a square of 100 by 100: every row is compared with the targets of all rows, so x tells nothing and w goes to 0. And w·x has no bias: where x is 0 it must say 0, while the truth is 2. Mend one, and the other still leads astray. The steps see all rows each time, so this is gradient descent, although the article calls it stochastic.",
        ),
      },
    ],
  },
  {
    title: marked("The learning rate"),
    state: { data: "line", hidden: [], loss: "squared_error", solver: "gd", rate: 0.01, row: 5 },
    controls: ["rate"],
    passages: [
      {
        says: [
          marked(
            "The gradient says which way is down, not how far. That is for the learning rate η to say. Train at 0.01 for some epochs: each step is right, and nothing seems to happen.",
          ),
          marked(
            "A larger rate goes further. Beyond a certain rate, a step leads past the lowest point, to a place that is higher than the one before; the next gradient is larger, the next step longer, and the training diverges.",
          ),
        ],
        formulas: ["θ ← θ − η·g"],
        parts: ["controls", "curves"],
      },
      {
        says: [
          marked(
            "Watch the path on the loss surface. The bowl is steep one way and shallow the other. Too large a rate leaps from wall to wall of the steep way; too small a one crawls along the shallow way.",
          ),
        ],
        formulas: ["η < 2/λ"],
        parts: ["surface", "boundary"],
      },
    ],
    tasks: [
      {
        says: marked("Find a learning rate at which the training diverges."),
        given: (seen) => [["η", seen.state.rate], ...progress(seen)],
        check: ({ view }) => view.diverged,
        hints: [marked("Try rates that are ten times as large, and train a few epochs at each.")],
        why: marked(
          "The page says so as soon as the loss is a thousand times the first one, and offers a smaller rate.",
        ),
      },
      {
        says: marked("Find a learning rate that brings the training loss below 0.1 within 10 epochs."),
        given: (seen) => [["η", seen.state.rate], ...progress(seen)],
        check: ({ view }) => view.history.some(({ epoch, training }) => epoch <= 10 && training < 0.1),
        hints: [
          marked("The best rate is not far below the one that diverges."),
          marked("Press “One epoch” ten times, look at the loss, and try a rate between the best two so far."),
        ],
        why: marked(
          "At 0.1 the same takes about 50 epochs, at 0.01 about 500. The rate is the first thing to tune because everything hangs on it.",
        ),
      },
      {
        says: marked("At which rate does the training begin to diverge? Type it, to within 5 percent."),
        asks: [{ name: "η" }],
        check: (seen, [rate]) => Math.abs(rate / largestRate(seen) - 1) < 0.05,
        reply: (seen, [rate]) =>
          rate < largestRate(seen)
            ? say("Below that, the training still comes to rest. Try rates above it.")
            : say("At a smaller rate than that, the training diverges already. Try rates below it."),
        hints: [
          marked("Halve the interval: between a rate that comes to rest and one that diverges, try the middle."),
          marked("Near the bound it shows slowly. Train 100 epochs, and see whether the loss falls or rises."),
        ],
        why: marked(
          "It is 2/λ, where λ is the largest curvature of the bowl. For a network there is no such formula, and the curvature changes on the way: there one tries.",
        ),
      },
    ],
  },
  {
    title: marked("Probabilities and the log loss"),
    state: { data: "moons", hidden: [], loss: "log_loss", solver: "gd", rate: 0.1, row: 0 },
    controls: ["rate"],
    passages: [
      {
        says: [
          marked(
            "Now the target is a class: a dot is upper or lower. A sum a of weighted inputs can be any number; the logistic function makes a probability p between 0 and 1 of it. Where a is 0, p is one half: that is the border.",
          ),
        ],
        formulas: ["a = w₁·x₁ + w₂·x₂ + b", "p = 1/(1 + e^−a)"],
        parts: ["controls", "boundary"],
      },
      {
        says: [
          marked(
            "The log loss of a row is −log of the probability that its true class got. Sure and right costs nothing, half and half costs 0.69, and sure and wrong costs without bound.",
          ),
          marked(
            "The loss of a table is the mean over its rows. The article prints it with 1/m before it, but without the sum: as printed, it is the loss of a single row, divided by m.",
          ),
          marked(
            "Its slope by a is as simple as that of the squared error: p − t, where t is 1 for the class and 0 for the other.",
          ),
        ],
        formulas: ["L = −1/m Σ (y·log p + (1 − y)·log (1 − p))"],
        parts: ["curves", "formulas"],
      },
    ],
    tasks: [
      {
        says: marked(
          "Train one epoch or more. With this sum a, which probability does the class “upper” get, and what is the loss of this row, which is “upper”?",
        ),
        given: ({ view }) => [
          [say("Epoch"), view.epoch],
          ["a", view.row.sums[0][0]],
        ],
        asks: [
          { name: "p", truth: ({ view }) => (view.step > 0 ? 1 / (1 + Math.exp(-view.row.sums[0][0])) : NaN) },
          { name: "ℓ", truth: ({ view }) => (view.step > 0 ? Math.log1p(Math.exp(-view.row.sums[0][0])) : NaN) },
        ],
        reply: ({ view }) => (view.step > 0 ? "" : say("Train first: at the beginning, every p is one half.")),
        hints: [
          marked("p = 1/(1 + e^−a). If a is positive, p is above one half."),
          marked("The loss is −log p, by the natural logarithm."),
        ],
        why: marked("Train on: the sums of the right rows grow, and the loss goes to 0 without ever reaching it."),
      },
      {
        says: marked("Bring the mean log loss of the held-out rows below 0.2, with no hidden layer."),
        given: progress,
        check: ({ view, state }) => state.hidden.length === 0 && last(view).validation < 0.2,
        hints: [
          marked(
            "At the rate of 0.1 it takes long. The loss is less steep than the squared error, so rates above 1 are fine.",
          ),
        ],
        why: marked(
          "More training does not help from here: a straight border cannot follow the moons. The next lesson bends it.",
        ),
      },
    ],
  },
  {
    title: marked("What a hidden layer does"),
    state: {
      data: "moons",
      hidden: [],
      loss: "log_loss",
      activation: "tanh",
      solver: "adam",
      rate: 0.03,
      batch: 25,
      pace: 0,
    },
    controls: ["hidden", "activation", "seed"],
    passages: [
      {
        says: [
          marked(
            "A logistic model draws a straight border. Put a hidden layer before it: each of its units is such a model of its own, and the last layer weighs their answers.",
          ),
          marked(
            "Choose a network with one hidden layer and train it. Each square of the network shows what one unit answers all over the two columns: every unit draws a straight edge, and their sum is a curve.",
          ),
        ],
        formulas: ["z = σ(W x + b)"],
        parts: ["controls", "network"],
      },
      {
        says: [
          marked(
            "The bend comes from the activation σ. Without one, a sum of sums is a sum again, and ten layers can draw no more than one.",
          ),
        ],
        formulas: ["W₂(W₁x + b₁) + b₂ = W x + b"],
        parts: ["boundary", "scores"],
      },
    ],
    tasks: [
      {
        says: marked(
          "Show that layers without an activation draw a straight line: train at least two of them for 50 epochs.",
        ),
        given: ({ view, state }) => [
          [say("Epoch"), view.epoch],
          [say("Hidden layers"), state.hidden.length],
        ],
        check: ({ view, state }) => state.activation === "identity" && state.hidden.length >= 2 && view.epoch >= 50,
        hints: [marked("Choose two hidden layers, and as the activation “None (identity)”. Then press “Play”.")],
        why: marked("Two layers, and the border is as straight as that of the logistic model, with the same loss."),
      },
      {
        says: marked("Bring the log loss of held-out rows below 0.05, with at most four hidden units in all."),
        given: (seen) => [
          ...progress(seen),
          [say("Hidden units"), seen.state.hidden.reduce((sum, units) => sum + units, 0)],
        ],
        check: ({ view, state }) =>
          state.hidden.length > 0 &&
          state.hidden.reduce((sum, units) => sum + units, 0) <= 4 &&
          last(view).validation < 0.05,
        hints: [
          marked("One layer of four units with the hyperbolic tangent does it in about 150 epochs."),
          marked("If the loss rests too early, try another seed: other first weights lead elsewhere."),
        ],
        why: marked(
          "Three edges are enough for an S. With two units, the border has too few bends, however long it trains.",
        ),
      },
    ],
  },
  {
    title: marked("Backpropagation by hand"),
    state: {
      data: "moons",
      hidden: [2],
      loss: "log_loss",
      activation: "tanh",
      solver: "sgd",
      batch: 1,
      rate: 0.1,
      row: 0,
    },
    controls: [],
    passages: [
      {
        says: [
          marked(
            "How does a weight in the first layer learn of an error at the end? Through the chain rule. Forward, every layer keeps its sums a and outputs z. Backward, each δ says how the loss changes with one sum.",
          ),
          marked(
            "At the end, δ is p − t. One layer below, it comes back through the same weight v that carried z forward, times the slope of the activation, which for the hyperbolic tangent is 1 − z².",
          ),
        ],
        formulas: ["δ = p − t", "δ₁ = v₁·δ·(1 − z₁²)", "g = δ₁·x₁"],
        parts: ["network"],
      },
      {
        says: [
          marked(
            "The lab does this in operations, one batch of a single row after the other. Press “One operation”: lines turn dashed when gradients flow back. Every number below can be held against yours.",
          ),
        ],
        parts: ["formulas"],
      },
    ],
    tasks: [
      {
        says: marked(
          "Go forward through unit 1.1 and back again, for this row: its sum and output, the δ at the end, its own δ, and the gradient of its weight from x1.",
        ),
        given: (seen) => {
          const { weights } = unitOf(seen),
            { row, before } = seen.view;
          return [
            ["x₁", row.inputs[0]],
            ["x₂", row.inputs[1]],
            ["w₁", weights[0]],
            ["w₂", weights[1]],
            ["b", before[0].bias[0]],
            ["v₁", before[1].weight[0]],
            ["p", row.prediction[1]],
            ["t", row.target],
          ];
        },
        asks: [
          { name: "a₁", truth: (seen) => unitOf(seen).sum },
          { name: "z₁", truth: (seen) => unitOf(seen).z },
          { name: "δ", truth: (seen) => unitOf(seen).delta },
          { name: "δ₁", truth: (seen) => unitOf(seen).above },
          { name: "g", truth: (seen) => unitOf(seen).slope },
        ],
        hints: [
          marked("a₁ = w₁·x₁ + w₂·x₂ + b, and z₁ = tanh(a₁)."),
          marked("δ is below 0 if the class is 1 and p is smaller: a larger sum would lower the loss."),
          marked("δ₁ is v₁ times δ times 1 − z₁², and g is δ₁ times x₁."),
        ],
        why: marked(
          "That is all of backpropagation: every layer does the same. All gradients together cost about twice the work of the forward pass, however many weights there are.",
        ),
      },
    ],
  },
  {
    title: marked("Overfitting and regularisation"),
    state: {
      data: "sine",
      hidden: [32, 32],
      loss: "squared_error",
      activation: "tanh",
      solver: "adam",
      rate: 0.02,
      batch: 20,
      alpha: 0.003,
      pace: 0,
    },
    controls: ["hidden", "penalty", "alpha", "dropout"],
    passages: [
      {
        says: [
          marked(
            "A network with 1,153 weights and biases meets 60 rows. It can follow each of them, noise and all; the training loss falls on, and says nothing about new rows. Only rows that did not train can.",
          ),
          marked(
            "Let it train, and watch both curves part. The lowest point of the held-out curve is where one should have stopped.",
          ),
        ],
        parts: ["boundary", "curves"],
      },
      {
        says: [
          marked(
            "What holds it back? A penalty on large weights, which prefers smooth curves. Dropout, which leaves out units at random, so that none relies on another. Fewer units. Or an earlier end.",
          ),
        ],
        formulas: ["L = 1/n Σ ℓ + α/2 Σ w²"],
        parts: ["controls", "compare"],
      },
    ],
    tasks: [
      {
        says: marked(
          "Overfit: after at least 400 epochs, let the held-out loss be half as high again as it once was, while the training loss has fallen further.",
        ),
        given: (seen) => [...progress(seen), [say("Lowest held-out loss"), lowest(seen.view).validation]],
        check: ({ view }) =>
          view.epoch >= 400 &&
          settled(view, view.epoch) > 1.5 * lowest(view).validation &&
          last(view).training < lowest(view).training,
        hints: [marked("Leave everything as it is, press “Play”, and pause after 400 epochs.")],
        why: marked(
          "The curve now bends towards single dots. Both losses are needed to see it: either alone looks well.",
        ),
      },
      {
        says: marked(
          "Keep that run. Then hold the present one back, and train both for at least 400 epochs: the held-out loss, averaged over the last 100 of them, should be a tenth lower than that of the kept run.",
        ),
        given: beside(settled),
        check: (seen) => {
          const { view, kept, state } = seen,
            units = (/** @type {State} */ { hidden }) => hidden.reduce((sum, width) => sum + width, 0);
          return (
            kept !== null &&
            common(seen) >= 400 &&
            (differing(seen).some((name) => ["penalty", "alpha", "dropout"].includes(name)) ||
              units(state) < units(kept.state)) &&
            settled(view, common(seen)) < 0.9 * settled(kept.view, common(seen))
          );
        },
        hints: [
          marked("“Keep this run” is under “Two runs side by side”."),
          marked("Try the penalty L2 with a strength of 0.003, or a single layer of 8 units."),
        ],
        why: marked(
          "The training loss is worse and the held-out loss better: that is the trade. A strength is chosen on held-out rows, so these rows no longer judge fairly; gradum keeps others for that.",
        ),
      },
    ],
  },
  {
    title: marked("SGD against Adam"),
    state: {
      data: "spiral",
      hidden: [8, 8],
      loss: "log_loss",
      activation: "tanh",
      solver: "sgd",
      rate: 0.01,
      batch: 30,
      pace: 0,
    },
    controls: ["solver", "rate", "batch"],
    passages: [
      {
        says: [
          marked(
            "Gradient descent takes all rows for one step. Stochastic gradient descent, SGD, takes a batch: its gradient is a rough one, but an epoch has many steps. Momentum keeps some of the direction of the steps before.",
          ),
          marked(
            "Adam also remembers how large the gradients of each weight were, and divides by it: each weight moves by about η, whether its gradient is large or small.",
          ),
        ],
        formulas: ["SGD: θ ← θ − η·g", "Adam: θ ← θ − η·m̂/(√v̂ + ε)"],
        parts: ["controls", "curves"],
      },
      {
        says: [
          marked(
            "The spiral is hard for SGD at this rate: far from the goal the surface is flat, and a step is as short as the gradient is small. Keep the run, change the solver, and press “Play”: both train side by side.",
          ),
        ],
        parts: ["boundary", "compare"],
      },
    ],
    tasks: [
      {
        says: marked(
          "Keep the run of SGD at the rate 0.01, and choose Adam at the same rate. Train both for 100 epochs: Adam should reach less than half of the held-out loss of SGD.",
        ),
        given: beside(lossAfter),
        check: (seen) => {
          const { state, view, kept } = seen;
          return (
            kept !== null &&
            kept.state.solver === "sgd" &&
            state.solver === "adam" &&
            String(differing(seen)) === "solver" &&
            common(seen) >= 100 &&
            lossAfter(view, common(seen)) < lossAfter(kept.view, common(seen)) / 2
          );
        },
        hints: [
          marked("Press “Keep this run” under “Two runs side by side”, and choose “Adam” as the solver."),
          marked("Change nothing else, press “Play”, and pause after 100 epochs."),
        ],
        why: marked("At the same rate, Adam is far ahead. But is the same rate fair? The second task asks."),
      },
      {
        says: marked(
          "Let SGD, with or without momentum, bring the held-out loss below 0.19 within 100 epochs. Adam needed all of them.",
        ),
        given: (seen) => [["η", seen.state.rate], ...progress(seen)],
        check: ({ state, view }) =>
          ["sgd", "momentum"].includes(state.solver) &&
          view.history.some(({ epoch, validation }) => epoch <= 100 && validation < 0.19),
        hints: [
          marked("The same rate means short steps here for SGD. Try one that is fifty times as large."),
          marked("With momentum, 0.1 is large enough."),
        ],
        why: marked(
          "With a rate of its own, SGD is as good, and with momentum better. Adam's merit is that a usual rate often does; compare solvers only when each has its best rate.",
        ),
      },
    ],
  },
  {
    title: marked("How sure are we?"),
    state: {
      data: "spiral",
      hidden: [6],
      loss: "log_loss",
      activation: "tanh",
      solver: "adam",
      rate: 0.03,
      batch: 30,
    },
    controls: ["seed"],
    passages: [
      {
        says: [
          marked(
            "A score is a number about 60 held-out rows. Other 60 rows would give another one. Of n rows, a share p is right; by chance alone, this share strays by about the root of p(1 − p)/n, and 95 of 100 such intervals hold the true share.",
          ),
          marked(
            "The accuracy alone also hides how sure the answers are. The log loss counts it: who is sure and wrong pays most.",
          ),
        ],
        formulas: ["p ± d", "d = 1.96·√((p(1 − p))/n)"],
        parts: ["scores", "boundary"],
      },
      {
        says: [
          marked(
            "The training is a matter of chance as well: the first weights and the order of the rows come from the seed. Another seed gives another network, which answers otherwise where rows are few.",
          ),
          marked(
            "Where networks of several seeds disagree, none of them knows. To average them makes an ensemble, which is as a rule better than each, and says how sure it is.",
          ),
        ],
        parts: ["controls", "compare"],
      },
    ],
    tasks: [
      {
        says: marked("Train for at least 20 epochs, and pause. How far may this accuracy stray to either side?"),
        given: ({ view, table }) => [
          [say("Epoch"), view.epoch],
          ["p", view.scores.accuracy],
          ["n", table.held_out.length],
        ],
        asks: [
          {
            name: "d",
            truth: ({ view, table }) =>
              view.epoch >= 20
                ? 1.96 * Math.sqrt((view.scores.accuracy * (1 - view.scores.accuracy)) / table.held_out.length)
                : NaN,
          },
        ],
        reply: ({ view }) => (view.epoch >= 20 ? "" : say("Train first, for 20 epochs or more.")),
        hints: [
          marked("Take p as a share, such as 0.85, not as a percentage."),
          marked("First p(1 − p), divided by n; then the root; then times 1.96."),
        ],
        why: marked(
          "Of 60 rows, an accuracy of 85 percent is known to within 9 points. Two models that differ by 3 points on them may well be equal. Where p is near 0 or 1, this formula says too little.",
        ),
      },
      {
        says: marked(
          "Keep the run and choose another seed. Train both for 50 epochs or more, until their accuracies differ by 5 points or more.",
        ),
        given: ({ view, kept }) => [
          [say("Kept run, epoch"), kept ? kept.view.epoch : "–"],
          [say("Kept run, accuracy"), kept ? kept.view.scores.accuracy : "–"],
          [say("Present run, epoch"), view.epoch],
          [say("Present run, accuracy"), view.scores.accuracy],
        ],
        check: (seen) => {
          const { view, kept } = seen;
          return (
            kept !== null &&
            String(differing(seen)) === "seed" &&
            common(seen) >= 50 &&
            Math.abs(kept.view.epoch - view.epoch) <= 5 &&
            Math.abs(kept.view.scores.accuracy - view.scores.accuracy) >= 0.0499
          );
        },
        hints: [
          marked("“Keep this run” is under “Two runs side by side”. Then try the seeds 2, 3, 4, …"),
          marked("The slider goes back to any earlier step of both: look at other epochs too."),
        ],
        why: marked(
          "Same rows, same settings, and only the luck of the seed between them. Who reports the best of many seeds reports luck.",
        ),
      },
    ],
  },
];
