/** The Python that repeats the present run, to be copied. */

import { add, h } from "./dom.js";
import { LabElement } from "./element.js";
import { pythonProgram } from "./python_program.js";
import { say } from "./words.js";

export class LabProgram extends LabElement {
  draw() {
    this.text = h("pre", { tabindex: 0, "aria-label": say("The Python that repeats this") });
    this.copied = h("span", { class: "quiet", role: "status" });
    const opened = h("details", {}, h("summary", {}, say("Show it")), this.text);
    opened.addEventListener("toggle", () => opened.open && this.write());
    add(
      this,
      h("h2", {}, say("The Python that repeats this")),
      h(
        "p",
        { class: "quiet" },
        say(
          "A program for NumPy that trains the same model on the same rows as far as this run has come, and prints the same losses.",
        ),
      ),
      h(
        "p",
        {},
        h("button", { type: "button", id: "copy", onclick: () => this.copy() }, say("Copy")),
        " ",
        this.copied,
      ),
      opened,
    );
  }

  /** @returns {string} */
  write() {
    const { table, state, view } = this.lab,
      program = pythonProgram(table, state, Math.max(view?.epoch ?? 1, 1));
    this.text?.replaceChildren(program);
    return program;
  }

  async copy() {
    const program = this.write();
    try {
      await navigator.clipboard.writeText(program);
      this.copied?.replaceChildren(say("Copied."));
    } catch {
      const opened = this.querySelector("details");
      if (opened) opened.open = true;
      getSelection()?.selectAllChildren(this.text);
      this.copied?.replaceChildren(
        say("This browser copies nothing by itself: the program is selected, copy it by the keyboard."),
      );
    }
  }
}
