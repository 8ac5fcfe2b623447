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
  shows = 0, // of what it has shown, to know which has been seen
  due = 0,
  reach = 0, // the epoch up to which it trains as fast as it can
  plays = false; // whether it goes on from there

const tell = /** @type {(message: any) => void} */ (/** @type {unknown} */ (self.postMessage.bind(self)));

function show() {
  if (!training) return;
  waiting = true;
  shows += 1;
  tell({ run, order, playing, show: shows, ...viewOf(training, table, data, looks, playing) });
}

/** Train for a moment, up to an epoch; at a pace, as many epochs as are due. @param {number} until */
function play(until = Infinity) {
  if (!playing || !training || waiting) return;
  const now = performance.now(),
    hurries = training.epoch < reach || !pace;
  if (!hurries && now < due) {
    setTimeout(play, due - now, until);
    return;
  }
  due = Math.max(due, now - 500); // more than this is not made up for
  do {
    if (!training.finishEpoch() || (!plays && training.epoch >= reach)) playing = false;
    due += hurries ? 0 : 1000 / pace;
  } while (
    playing &&
    training.epoch < (hurries && pace ? Math.min(until, reach) : until) &&
    (hurries || due <= now) &&
    performance.now() - now < LONGEST
  );
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
    ({ reach, plays, pace } = message);
    playing = plays || training.epoch < reach;
    waiting = false;
    if (playing) play();
    else show();
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
    playing = plays = true;
    reach = 0;
    due = performance.now();
    play();
  },
  pause: () => act(() => {}),
  shown({ until, seen }) {
    if (seen !== shows) return; // something newer is on its way
    waiting = false;
    if (playing) setTimeout(play, 0, until);
  },
};

/** @param {(machine: Training) => void} what */
function act(what) {
  if (!training) return;
  playing = false;
  reach = 0;
  what(training);
  show();
}

self.onmessage = ({ data: message }) => {
  ({ order } = message);
  ORDERS[message.do](message);
};
