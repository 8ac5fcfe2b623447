/** The lab itself: what is chosen, what the worker says, and who is told of it. */

import { LESSONS } from "./lessons.js";
import { LOSSES } from "./mathematics/losses.js";
import { noisy } from "./noise.js";
import { Pace, Run } from "./run.js";
import { DEFAULTS, MODEL, read, written } from "./state.js";
import { axesOf, inputsOf, isTaken } from "./table.js";
import { say, speak, spoken } from "./words.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./table.js").Table} Table */
/** @typedef {import("./watching.js").View} View */
/**
 * What the formulas are about.
 * @typedef {{kind: "operation" | "unit" | "weight" | "row", level: number, unit: number, from: number}} Selection
 */

/** What is chosen first of a table. @type {Record<string, Partial<State>>} */
export const FIRST = {
  line: { hidden: [], rate: 0.1 },
  sine: { hidden: [8], solver: "adam", rate: 0.03, batch: 20 },
  moons: { hidden: [4], solver: "adam", rate: 0.03, batch: 25 },
  spiral: { hidden: [8, 8], solver: "adam", rate: 0.01, batch: 30 },
};
const ORDINARY = { hidden: [4], solver: "adam", rate: 0.02, batch: 32 };

/** Tells of "state", what is chosen, and of "solved", and shows its followers what the training says. */
export class Lab extends EventTarget {
  /** @param {{language: string, tables: Table[]}} content @param {() => Worker} hire */
  constructor(content, hire) {
    super();
    this.tables = content.tables;
    this.hire = () => new Run(hire(), () => this.seen());
    this.present = this.hire();
    /** A run whose settings stay, beside the present one. @type {Run | null} */
    this.kept = null;
    this.pace = new Pace();
    /** A weight and a bias that a reader supposes. @type {number[] | null} */
    this.supposed = null;
    /** @type {((view: View) => void)[]} */
    this.followers = [];
    /** @type {((view: View) => void)[]} */
    this.waiting = [];
    this.turns = new MessageChannel();
    this.turns.port1.onmessage = () => this.turn();
    /** @type {Selection} */
    this.selection = { kind: "operation", level: 0, unit: 0, from: 0 };
    this.language = content.language;
    const { data: named, lesson } = read(location.hash),
      known = this.tables.some(({ key }) => key === named);
    this.state = this.completed(read(location.hash, this.beginning(known ? named : this.usual(lesson), lesson)));
    speak(this.state.lang || content.language);
  }

  /** @returns {Table} */
  get table() {
    return noisy(this.tables.find(({ key }) => key === this.state.data) ?? this.tables[0], this.state.noise);
  }

  get inputs() {
    return inputsOf(this.table);
  }

  /** What the present run says. @returns {View | null} */
  get view() {
    return this.present.view;
  }

  get runs() {
    return this.kept ? [this.present, this.kept] : [this.present];
  }

  get isPlaying() {
    return this.runs.some((run) => run.isPlaying);
  }

  /** The table's own words. */
  get said() {
    return this.table.said[spoken()] ?? this.table.said.en;
  }

  /** @returns {string[]} The losses that the target can have. */
  lossesOf(/** @type {Table} */ table) {
    return Object.keys(LOSSES).filter((name) => isTaken(table, name));
  }

  /** The lesson that is open. */
  get lesson() {
    return LESSONS[this.state.lesson - 1];
  }

  /** The table of an address that names none. @param {number} lesson @returns {string} */
  usual(lesson) {
    return LESSONS[lesson - 1]?.state.data ?? this.tables[0].key;
  }

  /** What is chosen of a table before anybody chooses, by itself or in a lesson. @param {string} key @param {number} lesson @returns {State} */
  beginning(key, lesson = this.state.lesson) {
    const suited = LESSONS[lesson - 1]?.state ?? FIRST[key] ?? ORDINARY;
    return this.completed({ ...DEFAULTS, ...suited, data: key, lesson });
  }

  /** Open a lesson with its own settings; 0 shows the whole lab, as it is. @param {number} lesson */
  open(lesson) {
    const { lang, hide, solved } = this.state,
      settings = lesson ? { ...this.beginning(this.usual(lesson), lesson), lang, hide, solved } : { lesson };
    if (lesson) this.dismiss();
    this.supposed = null;
    this.change(settings);
  }

  /** Whether a control is shown: a teacher may hide it, and a lesson has its own. @param {string} control */
  offers(control) {
    return !this.state.hide.includes(control) && (!this.lesson || this.lesson.controls.includes(control));
  }

  /** Mend what the table of a state cannot have. @param {State} state @returns {State} */
  completed(state) {
    const table = this.tables.find(({ key }) => key === state.data) ?? this.tables[0];
    const losses = this.lossesOf(table),
      inputs = inputsOf(table).length;
    const whole = { ...state, data: table.key };
    whole.loss = losses.includes(whole.loss) ? whole.loss : losses[0];
    const [across, up] = axesOf(table);
    whole.across = whole.across >= 0 && whole.across < inputs ? whole.across : across;
    whole.up = whole.up >= 0 && whole.up < inputs ? whole.up : up;
    whole.off = whole.off.filter((input) => input >= 0 && input < inputs);
    whole.row = whole.row < table.rows.length ? whole.row : 0;
    whole.lesson = LESSONS[whole.lesson - 1] ? whole.lesson : 0;
    return whole;
  }

  /** Keep the settings of the present run in another one, which trains beside it. */
  keep() {
    const { view, looks, state, table } = this;
    if (!view) return;
    this.dismiss();
    this.present.order("pause");
    this.kept = this.hire();
    this.kept.begin(table, state, { ...looks, aside: true }, view.step);
    this.pace.isLevel = false;
    this.dispatchEvent(new Event("state"));
  }

  /** Go on without the kept run. */
  forget() {
    this.dismiss();
    this.dispatchEvent(new Event("state"));
  }

  /** Show the line of a weight and a bias, if they are numbers. @param {number[]} typed */
  suppose(typed) {
    this.supposed = typed.every(Number.isFinite) ? typed : null;
    this.show();
  }

  dismiss() {
    this.kept?.worker.terminate();
    this.kept = null;
  }

  /** Offer a table of the reader's. @param {Table} table */
  offer(table) {
    this.tables = [...this.tables.filter(({ key }) => key !== table.key), table];
    this.state = { ...this.state, data: "" };
    this.change({ data: table.key });
  }

  /**
   * Begin the training anew, of the kept run too.
   * @param {{reach?: number, plays?: boolean}} then  An epoch to train up to at once, and whether to play on.
   */
  begin(then = {}) {
    this.present.begin(this.table, this.state, this.looks, 0, then);
    this.kept?.begin(this.table, this.kept.state, { ...this.looks, aside: true }, 0, then);
  }

  /** Switch an input off or on: what has been trained is trained again without it or with it. @param {number} input */
  toggle(input) {
    const { off } = this.state;
    this.change({ off: off.includes(input) ? off.filter((each) => each !== input) : [...off, input].sort((a, b) => a - b) });
  }

  get looks() {
    return { axes: [this.state.across, this.state.up], row: this.state.row, aside: false };
  }

  /** @param {Partial<State>} patch */
  change(patch) {
    const { lang, hide, pace, lesson, solved } = this.state,
      other = patch.data !== undefined && patch.data !== this.state.data;
    this.state = this.completed(
      other
        ? { ...this.beginning(patch.data ?? ""), lang, hide, pace, lesson, solved, ...patch }
        : { ...this.state, ...patch },
    );
    if (other || "noise" in patch) this.dismiss(); // its rows are others
    if (patch.lang !== undefined) speak(this.state.lang || this.language);
    history.replaceState(
      null,
      "",
      written(this.state, {
        ...this.beginning(this.state.data),
        data: this.usual(this.state.lesson),
        lesson: DEFAULTS.lesson,
      }),
    );
    if (Object.keys(patch).some((name) => MODEL.includes(name))) {
      this.selection = { kind: "operation", level: 0, unit: 0, from: 0 };
      const { reach, plays, view } = this.present;
      this.begin({ reach: "off" in patch ? Math.max(reach, view?.epoch ?? 0) : 0, plays: plays && !other });
    } else if ("across" in patch || "up" in patch || "row" in patch) this.order("look", { looks: this.looks });
    this.dispatchEvent(new Event(Object.keys(patch).join() === "solved" ? "solved" : "state"));
  }

  /** @param {string} what @param {object} more */
  order(what, more = {}) {
    for (const run of this.runs) run.order(what, more);
  }

  /** Do one thing of the training, and look at it. @param {string} what @param {object} more */
  train(what, more = {}) {
    if (["operate", "undo"].includes(what)) this.selection = { kind: "operation", level: 0, unit: 0, from: 0 };
    this.order(what, more);
  }

  /** Go to a step, the kept run to as much of its own epochs. @param {number} step */
  goTo(step) {
    const epochs = step / (this.view?.stepsPerEpoch ?? 1);
    for (const run of this.runs) run.order("goTo", { step: Math.round(epochs * (run.view?.stepsPerEpoch ?? 1)) });
  }

  /** @param {Partial<Selection>} selection */
  select(selection) {
    this.selection = { kind: "operation", level: 0, unit: 0, from: 0, ...selection };
    this.show();
  }

  /** Show what the runs say, and let them go on. */
  seen() {
    this.show();
    requestAnimationFrame(() => this.pace.goOn(this.runs));
  }

  /** Let each follower draw in a task of its own, so that none holds up the page for long. */
  show() {
    const idle = !this.waiting.length;
    this.waiting = [...this.followers];
    if (idle) this.turns.port2.postMessage(null);
  }

  turn() {
    const [follow] = this.waiting.splice(0, 1);
    if (follow && this.view) follow(this.view);
    if (this.waiting.length) this.turns.port2.postMessage(null);
  }

  /** @param {number} level @param {number} unit @returns {string} What a unit is called; level −1 are the inputs. */
  nameOf(level, unit) {
    if (level < 0) return this.inputs[unit]?.name ?? "";
    const widths = this.view?.widths ?? [];
    if (level < widths.length - 2) return say("unit {level}.{unit}", { level: level + 1, unit: unit + 1 });
    const { classes, name } = this.table.target;
    return classes.length > 2 ? classes[unit] : classes.length ? classes[1] : name;
  }
}
