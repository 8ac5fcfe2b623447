/** A task of a lesson: what is asked, where it is answered, hints, and whether it is solved. */

import { add, h } from "./dom.js";
import { isSolved, near } from "./lessons.js";
import { math } from "./mathml.js";
import { figure, plain } from "./numbers.js";
import { say, sentences } from "./words.js";

/** @typedef {import("./lab.js").Lab} Lab */
/** @typedef {import("./lessons.js").Task} Task */
/** @typedef {import("./lessons.js").Seen} Seen */

const DIGITS = 5;

/** A symbol as a formula; a name of words is text. @param {string} name */
const named = (name) => (/^\p{L}{3}|\p{Script=Han}/u.test(name) ? name : math(name));

/** @param {number} value */
const shown = (value) => (String(value).length <= DIGITS ? plain(value) : figure(value, DIGITS));

export class LessonTask {
  /** @param {Lab} lab @param {Task} task @param {string} key */
  constructor(lab, task, key) {
    this.lab = lab;
    this.task = task;
    this.key = key;
    /** @type {HTMLInputElement[]} */
    this.inputs = [];
    this.given = h("dl", { class: "given", hidden: !task.given });
    this.status = h("p", { role: "status", class: "verdict" });
    this.why = h("p", { class: "why", hidden: true });
    this.element = h(
      "section",
      { class: "task", "aria-label": say("Task {task}", { task: key[1] }) },
      h("h3", {}, say("Task {task}", { task: key[1] })),
      h("p", {}, say(task.says)),
      this.given,
      (task.asks || task.lines) && this.form(task),
      this.status,
      this.why,
      !lab.state.hide.includes("hints") &&
        task.hints.map((hint, at) =>
          h("details", {}, h("summary", {}, say("Hint {number}", { number: at + 1 })), h("p", {}, say(hint))),
        ),
    );
    this.show();
  }

  /** @param {Task} task */
  form({ asks = [], lines = [], draws = false }) {
    const fields = asks.map(({ name }) => {
      const input = h("input", {
        type: "text",
        inputmode: "decimal",
        size: 9,
        autocomplete: "off",
        "aria-label": name,
        oninput: draws && (() => this.lab.suppose(this.typed)),
      });
      this.inputs.push(input);
      return h("label", {}, named(name), " = ", input);
    });
    const marks = lines.map((line) => {
      const input = h("input", { type: "checkbox" });
      this.inputs.push(input);
      return h("label", { class: "line" }, input, h("code", {}, line));
    });
    return h(
      "form",
      {
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          this.answer();
        },
      },
      h("div", { class: lines.length ? "program" : "asks" }, fields, marks),
      h("button", { type: "submit" }, say("Check")),
    );
  }

  /** @returns {Seen} */
  get seen() {
    const { state, table, view, kept } = this.lab;
    return { state, table, view: /** @type {any} */ (view), kept: kept?.view ? { state: kept.state, view: kept.view } : null };
  }

  /** @returns {number[]} The numbers that are typed, or the places of the lines that are marked. */
  get typed() {
    if (this.task.lines) return this.inputs.flatMap(({ checked }, at) => (checked ? [at] : []));
    return this.inputs.map(({ value }) =>
      value.trim() ? Number(value.trim().replaceAll("−", "-").replace(",", ".")) : NaN,
    );
  }

  /** Check what is typed or marked. */
  answer() {
    const { lab, task, typed, seen } = this;
    if (!lab.view || !lab.lesson) return;
    if (isSolved(lab.lesson, task, seen, typed)) this.solve();
    else this.status.replaceChildren(say("Not yet."), " ", this.reply(seen, typed));
  }

  /** @param {Seen} seen @param {number[]} typed @returns {string} */
  reply(seen, typed) {
    const { asks = [], reply } = this.task,
      empty = asks
        .filter((_, at) => Number.isNaN(typed[at]))
        .map(({ name }) => say("Type a number for {name}.", { name }));
    if (empty.length) return sentences(...empty);
    const own = reply?.(seen, typed);
    if (own) return own;
    return sentences(...asks.map(({ name, truth }, at) => (truth ? remark(name, typed[at], truth(seen)) : "")));
  }

  /** Show what is given now, and look whether the lab has reached what the task wants. */
  follow() {
    const { lab, task, seen } = this;
    if (!lab.view || lab.state.data !== lab.lesson?.state.data) return;
    const given = task.given?.(seen) ?? [];
    this.given.replaceChildren(
      ...given.map(([name, value]) =>
        h("div", {}, h("dt", {}, named(name)), h("dd", {}, typeof value === "number" ? shown(value) : value)),
      ),
    );
    if (!this.inputs.length && !this.isDone && isSolved(lab.lesson, task, seen)) this.solve();
  }

  get isDone() {
    return this.lab.state.solved.includes(this.key);
  }

  solve() {
    const { lab, key } = this;
    if (!this.isDone) lab.change({ solved: [...lab.state.solved, key].sort() });
    this.show();
  }

  /** Say that it is solved, if it is. */
  show() {
    const done = this.isDone;
    this.element.classList.toggle("solved", done);
    this.why.hidden = !done;
    if (!done) return;
    this.status.replaceChildren(say("✓ Solved."));
    this.why.replaceChildren(say(this.task.why));
  }
}

/** What a number that is not the right one may be. @param {string} name @param {number} typed @param {number} truth */
function remark(name, typed, truth) {
  if (near(typed, truth)) return "";
  if (near(-typed, truth)) return say("{name} has the other sign.", { name });
  if (near(2 * typed, truth) || near(typed / 2, truth)) return say("{name} is off by a factor of 2.", { name });
  return say("{name} is another number.", { name });
}
