import { flag, part, setText, show } from "chat/dom.js";
import { Check, Verdict } from "chat/models/check.js";

/** A field whose name is checked while it is typed: border, mark and words change together. */
export class CheckedField {
  #field;
  #input;
  #submit;
  #words;
  #submitted;
  #busy = false;

  check;

  /** `words(check)` says what the help line says; `submitted(value)` sends the form. */
  constructor({ form, ask, words, submitted }) {
    this.#field = form.querySelector("[data-field]");
    this.#input = this.#field.querySelector("input");
    this.#submit = part(form, "submit");
    this.#words = words;
    this.#submitted = submitted;
    this.check = new Check({ ask });
    this.check.on("change", () => this.#draw());
    this.#input.addEventListener("input", () => this.check.typed(this.#input.value));
    form.addEventListener("submit", (event) => this.#send(event));
  }

  /** Begins anew with this in it. */
  begin(value = "") {
    this.check.reset();
    this.#input.value = value;
    this.#input.focus();
    this.#input.select();
  }

  /** What is free may depend on something else in the form. */
  askAgain() {
    if (this.check.verdict !== Verdict.EMPTY) this.check.askNow();
  }

  clear() {
    this.check.reset();
    this.#input.value = "";
  }

  /** Takes over what was typed before this was there. */
  resume() {
    const { value } = this.#input;
    this.#input.focus();
    this.check.reset();
    this.check.typed(value);
  }

  /** The form came back with an error: it stands at the field, which has the focus again. */
  refused(error) {
    this.check.refused(refusalOf(error));
    this.#input.focus();
  }

  /** The form is on its way, or back. */
  set busy(busy) {
    this.#busy = busy;
    this.#submit.setAttribute("aria-disabled", String(busy || !this.check.ready));
  }

  /** Whoever presses Enter before the answer came gets it, and then what they wanted. */
  async #send(event) {
    event.preventDefault();
    if (this.#busy) return;
    if (this.check.verdict === Verdict.OPEN) await this.check.askNow();
    if (this.check.ready) this.#submitted(this.check.value.trim());
    else this.#input.focus();
  }

  #draw() {
    const { verdict, slow, answer } = this.check;
    this.#field.dataset.verdict = verdict;
    flag(this.#field, "slow", slow);
    const refused = [Verdict.TAKEN, Verdict.INVALID, Verdict.YOURS].includes(verdict);
    this.#input.setAttribute("aria-invalid", String(refused));
    setText(part(this.#field, "help"), this.#words(this.check));
    this.busy = false;
    this.#suggest(answer.suggestions ?? []);
  }

  #suggest(names) {
    const box = part(this.#field, "suggestions");
    show(box, names.length > 0);
    box.replaceChildren(...names.map((name) => this.#suggestion(name)));
  }

  #suggestion(name) {
    const button = document.createElement("button");
    button.type = "button";
    button.dir = "auto";
    button.textContent = name;
    button.addEventListener("click", () => {
      this.#input.value = name;
      this.check.typed(name);
      this.#input.focus();
    });
    return button;
  }
}

/** What is the same for every name; `free` is the sentence for a free one. */
export function checkWords({ verdict, slow, answer, value }, { free, slowly }) {
  const name = `“${value.trim()}”`;
  switch (verdict) {
    case Verdict.OPEN:
      return slow ? slowly : "";
    case Verdict.FREE:
      return free(answer, name);
    case Verdict.TAKEN:
      return answer.suggestions?.length
        ? `${name} is taken. Would one of these do?`
        : `${name} is taken. Choose another.`;
    case Verdict.YOURS:
      return "You already use that name.";
    case Verdict.INVALID:
      return answer.detail || "That name cannot be used.";
    case Verdict.UNKNOWN:
      return answer.detail || "The check did not get through. You can still try.";
    default:
      return "";
  }
}

/** What a refused form says in place: the server's own words, or that nothing got through. */
export function refusalOf(error) {
  if (error.code) return { code: error.code, detail: error.detail };
  return { code: "unreachable", detail: "That did not get through. Try again in a moment." };
}
