/** The worker in which training runs, so that the page stays at hand. */

import { Training, taken } from "./mathematics/training.js";
import { encoded, outputsOf } from "./table.js";
import { viewOf } from "./watching.js";

/** @typedef {import("./table.js").Table} Table */
/** @typedef {import("./mathematics/training.js").Settings} Settings */

const LONGEST = 40; // milliseconds of training between two looks

/** @type {Training | null} */
let training = null;
/** @type {Table} */
let table;
/** @type {import("./table.js").Encoded} */
let data;
/** @type {import("./watching.js").Looks} */
let looks = { axes: [0, 0], row: 0, aside: false };
let run = 0,
  order = 0,
  playing = false,
  pace = 0,
  waiting = false,
  due = 0;

const tell = /** @type {(message: any) => void} */ (/** @type {unknown} */ (self.postMessage.bind(self)));

function show() {
  if (!training) return;
  waiting = true;
  tell({ run, order, playing, ...viewOf(training, table, data, looks, playing) });
}

/** Train for a moment, up to an epoch; at a pace, that is one epoch at a time. @param {number} until */
function play(until = Infinity) {
  if (!playing || !training || waiting) return;
  const now = performance.now();
  if (pace && now < due) {
    setTimeout(play, due - now, until);
    return;
  }
  due = now + (pace ? 1000 / pace : 0);
  do {
    if (!training.finishEpoch()) playing = false;
  } while (playing && !pace && training.epoch < until && performance.now() - now < LONGEST);
  show();
}

/** @type {Record<string, (message: any) => void>} */
const ORDERS = {
  begin(message) {
    ({ table, looks, run } = message);
    const settings = /** @type {Settings} */ (message.settings);
    data = encoded(table, settings.loss);
    training = new Training(settings, outputsOf(table), taken(data, data.training), taken(data, data.heldOut));
    training.goTo(message.step);
    playing = false;
    show();
  },
  look(message) {
    looks = { ...message.looks, aside: looks.aside };
    show();
  },
  operate: () => act((machine) => machine.operate()),
  undo: () => act((machine) => machine.undo()),
  step: () => act((machine) => machine.takeStep()),
  epoch: () => act((machine) => machine.finishEpoch()),
  backStep: () => act((machine) => machine.goTo(machine.cursor ? machine.state.step : machine.state.step - 1)),
  goTo: ({ step }) => act((machine) => machine.goTo(step)),
  play(message) {
    pace = message.pace;
    playing = true;
    play();
  },
  pause() {
    playing = false;
    show();
  },
  shown({ until }) {
    waiting = false;
    if (playing) setTimeout(play, 0, until);
  },
};

/** @param {(machine: Training) => void} what */
function act(what) {
  if (!training) return;
  playing = false;
  what(training);
  show();
}

self.onmessage = ({ data: message }) => {
  ({ order } = message);
  ORDERS[message.do](message);
};
