// Dialogs, and the question before something that cannot be taken back.

import { fill, h, newId } from "../lib/dom.js";
import { button, busy } from "./button.js";
import { requestId, said } from "./page.js";

/** The question before what was typed is given up. */
export const UNSAVED = { title: "Leave without saving?", text: "What you typed is lost then.", action: "Leave" };

/**
 * Opens a modal dialog. Escape, the cross and a press beside it close it; the focus goes back where it was. Where
 * something was typed, Escape, a press beside it and a reload ask first.
 * @param {{title: string, content: *, onClose?: Function, wide?: boolean, lasting?: boolean}} told `lasting`: Escape
 *   and a press beside it do nothing
 * @returns {{element: HTMLDialogElement, close: Function}}
 */
export function dialog({ title, content, onClose, wide = false, lasting = false }) {
  const id = newId("dialog");
  const close = () => element.close();
  const element = h("dialog", { class: ["dialog", wide && "wide"], "aria-labelledby": id },
    h("header", h("h2", { id }, title), button("Close", { icon: "close", kind: "ghost", bare: true, onClick: close })),
    h("div", { class: "content stack" }, content));
  const isTyped = () => element.querySelector("form[data-typed]") !== null;
  const stay = (event) => { if (isTyped()) event.preventDefault(); };
  window.addEventListener("beforeunload", stay);
  element.addEventListener("close", () => {
    window.removeEventListener("beforeunload", stay);
    element.remove();
    if (onClose) onClose();
  });
  const leave = async () => {
    if (lasting) return;
    if (!isTyped() || await confirm({ ...UNSAVED, danger: true })) close();
  };
  let pressed = null;
  element.addEventListener("pointerdown", (event) => { pressed = event.target; });
  element.addEventListener("click", (event) => {
    if (event.target === element && pressed === element) leave();
  });
  element.addEventListener("cancel", (event) => {
    if (event.target !== element) return;
    event.preventDefault();
    leave();
  });
  window.addEventListener("hashchange", close, { once: true });
  document.body.append(element);
  element.showModal();
  const first = element.querySelector("[data-autofocus], .content :is(input, select, textarea):not([disabled])");
  if (first) first.focus();
  return { element, close };
}

/**
 * Asks. Resolves to whether the answer was yes. With `act` the dialog stays until it is done, and shows what went
 * wrong.
 * @param {{title: string, text?: *, action?: string, decline?: string, danger?: boolean, act?: Function}} told
 */
export function confirm({ title, text, action = "Continue", decline = "Cancel", danger = false, act }) {
  return new Promise((resolve) => {
    let answer = false;
    const fault = h("div", { class: "fault", role: "alert", hidden: true });
    const yes = button(action, { kind: danger ? "danger" : "primary", onClick: () => busy(yes, async () => {
      try {
        if (act) await act();
        answer = true;
        opened.close();
      } catch (error) {
        fill(fault, h("p", said(error)), requestId(error));
        fault.hidden = false;
      }
    }) });
    const no = button(decline, { onClick: () => opened.close(), attributes: { "data-autofocus": true } });
    const content = [text && h("div", text), fault, h("div", { class: "row end" }, no, yes)];
    const opened = dialog({ title, content, onClose: () => resolve(answer) });
  });
}
