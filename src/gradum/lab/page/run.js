/** Runs: each trains in a worker of its own, and those side by side train the same epochs. */

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./table.js").Table} Table */
/** @typedef {import("./watching.js").View} View */

/** One training and the settings that it has. */
export class Run {
  /** @param {Worker} worker @param {(run: Run) => void} seen  Called when it has something to show. */
  constructor(worker, seen) {
    this.worker = worker;
    this.number = 0; // of beginnings
    this.orders = 0;
    this.seen = 0; // what it has shown last
    this.obeyed = 0; // the last order whose outcome it has told
    this.reach = 0; // the epoch up to which it trains as fast as it can
    this.plays = false; // whether it was last told to play
    /** @type {State} */
    this.state = /** @type {any} */ (null);
    /** @type {View | null} */
    this.view = null;
    this.resting = true; // until it is told that what it said has been shown
    worker.onmessage = ({ data }) => {
      this.resting = true;
      this.obeyed = data.order;
      this.seen = data.show;
      if (data.run === this.number) this.view = data;
      seen(this);
    };
  }

  get isPlaying() {
    return this.view?.playing ?? false;
  }

  /** Whether it has nothing to do, and has told so. */
  get isDone() {
    return !this.isPlaying && this.view !== null && this.obeyed === this.orders;
  }

  /** @param {string} what @param {object} more */
  order(what, more = {}) {
    this.orders += 1;
    if (what !== "look" && what !== "begin") [this.reach, this.plays] = [0, what === "play"];
    this.worker.postMessage({ do: what, order: this.orders, ...more });
  }

  /**
   * Begin the training anew, or as it is after a step.
   * @param {Table} table @param {State} state @param {object} looks @param {number} step
   * @param {{reach?: number, plays?: boolean}} then  An epoch to train up to at once, and whether to play on.
   */
  begin(table, state, looks, step = 0, { reach = 0, plays = false } = {}) {
    this.number += 1;
    if (!reach) this.view = null; // without an input, the network has the same units
    this.state = state;
    [this.reach, this.plays] = [reach, plays];
    const { hidden, activation, loss, penalty, alpha, dropout, solver, rate, batch, seed, off, pace } = state;
    const settings = { hidden, activation, loss, penalty, alpha, dropout, solver, rate, batch, seed, off };
    this.order("begin", { run: this.number, table, settings, looks, step, reach, plays, pace });
  }

  /** Let it train on, up to an epoch. @param {number} until */
  goOn(until) {
    this.resting = false;
    this.worker.postMessage({ do: "shown", order: this.orders, until, seen: this.seen });
  }
}

/** Lets runs train together: none is ever more than a moment ahead, and all rest at the same epoch. */
export class Pace {
  stride = 1; // epochs that each of several runs trains before they are compared
  isLevel = true;

  /** What one of the runs says has been shown: let those train on that may. @param {Run[]} runs */
  goOn(runs) {
    const idle = runs.filter((run) => run.resting && !run.isPlaying),
      playing = runs.filter((run) => run.isPlaying);
    for (const run of idle) run.goOn(Infinity);
    if (playing.length) this.isLevel = false;
    else if (!this.isLevel && runs.every(({ isDone }) => isDone)) this.level(runs);
    if (!playing.every(({ resting }) => resting)) return;
    const epochs = playing.map(({ view }) => view?.epoch ?? 0),
      ahead = Math.max(...epochs),
      isLevel = epochs.every((epoch) => epoch === ahead);
    this.stride = Math.max(1, Math.ceil(isLevel ? 2 * this.stride : this.stride / 2));
    const until = playing.length < 2 ? Infinity : isLevel ? ahead + this.stride : ahead;
    playing.filter((_, at) => isLevel || epochs[at] < ahead).forEach((run) => run.goOn(until));
  }

  /** After a pause, whoever is ahead goes back to the epoch that all have reached. @param {Run[]} runs */
  level(runs) {
    this.isLevel = true;
    const learning = runs.filter(({ view }) => !view?.diverged),
      least = Math.min(...learning.map(({ view }) => view?.epoch ?? 0));
    for (const run of learning) {
      if (run.view && run.view.epoch > least) run.order("goTo", { step: least * run.view.stepsPerEpoch });
    }
  }
}
