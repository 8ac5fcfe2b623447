/** The base of the page's elements: each draws itself anew when something is chosen, and follows the training. */

/** @typedef {import("./lab.js").Lab} Lab */
/** @typedef {import("./watching.js").View} View */

export class LabElement extends HTMLElement {
  /** What it draws itself anew for. */
  heeds = ["state"];

  constructor() {
    super();
    /** @type {Lab} */
    this.lab = /** @type {any} */ (null);
    this.focused = ""; // what had the focus before it was drawn anew
  }

  /** @param {Lab} lab */
  join(lab) {
    this.lab = lab;
    for (const event of this.heeds) lab.addEventListener(event, () => this.redraw());
    lab.followers.push((view) => {
      if (this.offsetParent) this.follow(view); // what is hidden is drawn when it is shown again
    });
    this.redraw();
  }

  redraw() {
    this.focused = (this.contains(document.activeElement) && document.activeElement?.id) || "";
    const open = Array.from(this.querySelectorAll("details[id][open]"), ({ id }) => id);
    this.replaceChildren();
    this.draw(this.lab);
    if (this.lab.view) this.follow(this.lab.view);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (this.focused) document.getElementById(this.focused)?.focus({ preventScroll: true });
  }

  /** Fill the element with what does not change while training goes on. @param {Lab} lab */
  draw(lab) {
    void lab;
  }

  /** Show what the training says. @param {View} view */
  follow(view) {
    void view;
  }
}
