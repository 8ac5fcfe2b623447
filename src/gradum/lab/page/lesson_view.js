/** The lessons: their list, and the open one, whose text has parts of the lab in it. */

import { NARROW, add, h } from "./dom.js";
import { LabElement } from "./element.js";
import { LESSONS } from "./lessons.js";
import { math } from "./mathml.js";
import { LessonTask } from "./task_view.js";
import { say, spoken } from "./words.js";

/** @typedef {import("./lab.js").Lab} Lab */

/** The list of all lessons, with what is solved of each. */
export class LabLessons extends LabElement {
  heeds = ["state", "solved"];
  /** @type {boolean | null} */
  opened = null; // until a reader opens or closes it

  /** @param {Lab} lab */
  draw(lab) {
    const { lesson: open, solved } = lab.state;
    const done = LESSONS.map(({ tasks }, at) => tasks.every((_, place) => solved.includes(`${at + 1}${place + 1}`)));
    const items = LESSONS.map(({ title }, at) =>
      h(
        "li",
        {},
        h(
          "button",
          {
            type: "button",
            id: `lesson-${at + 1}`,
            "aria-current": at + 1 === open ? "step" : null,
            onclick: () => lab.open(at + 1),
          },
          h("span", { class: "number" }, at + 1),
          say(title),
          done[at] && h("span", { class: "done", role: "img", "aria-label": say("solved") }, "✓"),
        ),
      ),
    );
    const list = h(
      "details",
      { open: this.opened ?? (open > 0 && !matchMedia(NARROW).matches) },
      h(
        "summary",
        {},
        say("Lessons: {done} of {lessons} solved", { done: done.filter(Boolean).length, lessons: LESSONS.length }),
      ),
      h("ol", { class: "lessons" }, items),
    );
    list.querySelector("summary").addEventListener("click", () => (this.opened = !list.open));
    add(this, h("nav", { "aria-label": say("Lessons") }, list));
  }
}

/** The open lesson. */
export class LabLesson extends LabElement {
  drawn = "";
  /** @type {LessonTask[]} */
  tasks = [];
  /** Bring the parts back to where they stand without a lesson, and return them. @type {() => Record<string, LabElement>} */
  furnish = () => ({});

  /** The parts stay in their places until another lesson, or another language, is chosen. */
  redraw() {
    const { lesson } = this.lab.state,
      key = `${lesson} ${spoken()}`;
    if (key === this.drawn) {
      this.watch();
      return;
    }
    const isOther = this.drawn !== "" && lesson > 0 && this.drawn.split(" ")[0] !== String(lesson);
    this.drawn = key;
    const parts = this.furnish();
    this.replaceChildren();
    this.tasks = [];
    if (this.lab.lesson) this.write(this.lab.lesson, parts);
    this.watch();
    if (isOther) this.querySelector("h2")?.focus();
  }

  /** @param {import("./lessons.js").Lesson} lesson @param {Record<string, LabElement>} parts */
  write({ title, passages, tasks }, parts) {
    const number = this.lab.state.lesson;
    this.tasks = tasks.map((task, place) => new LessonTask(this.lab, task, `${number}${place + 1}`));
    add(
      this,
      h("h2", { tabindex: -1 }, say("Lesson {number}: {title}", { number, title: say(title) })),
      passages.map(({ says, formulas = [], parts: names = [] }) =>
        h(
          "div",
          { class: "passage" },
          h(
            "div",
            {},
            says.map((sentence) => h("p", {}, say(sentence))),
            formulas.map((text) => h("div", { class: "formula" }, math(text))),
          ),
          h(
            "div",
            { class: "parts" },
            names.map((name) => parts[`lab-${name}`]),
          ),
        ),
      ),
      h(
        "div",
        { class: "tasks" },
        this.tasks.map(({ element }) => element),
      ),
      !this.lab.state.hide.includes("lessons") &&
        h(
          "p",
          { class: "ways" },
          [number - 1, number + 1].filter((other) => LESSONS[other - 1]).map((other) => this.way(other)),
          this.way(0),
        ),
    );
  }

  /** A button to another lesson, or to the whole lab. @param {number} lesson */
  way(lesson) {
    const other = LESSONS[lesson - 1];
    const text = other
      ? say("Lesson {number}: {title}", { number: lesson, title: say(other.title) })
      : say("The whole lab, as it is now");
    return h("button", { type: "button", onclick: () => this.lab.open(lesson) }, text);
  }

  follow() {
    for (const task of this.tasks) task.follow();
  }

  watch() {
    if (this.lab.view) this.follow();
  }
}
