// What the figures share: panels that draw in the units of their axes, sliders, choices, and points
// that can be dragged with a mouse, a finger or the arrow keys.

const SVG = "http://www.w3.org/2000/svg";
let count = 0;

export function element(parent, name, attributes = {}, text = null) {
  const inSvg = parent.namespaceURI === SVG || name === "svg";
  const made = inSvg ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  parent.append(made);
  return made;
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const tidy = (value) => String(Number(value.toPrecision(6))).replace("-", "\u2212");

function power(value) {
  const k = Math.round(Math.log10(value));
  if (Math.abs(k) < 3) return tidy(value);
  return `10${k < 0 ? "⁻" : ""}${[...String(Math.abs(k))].map((digit) => SUPERSCRIPTS[digit]).join("")}`;
}

function niceTicks([low, high], log) {
  if (log) {
    const ticks = [];
    const every = Math.ceil(Math.log10(high / low) / 5 - 1e-9);
    const first = Math.ceil(Math.log10(low) - 1e-9);
    for (let k = first; 10 ** k <= high * 1.001; k += every) ticks.push(10 ** k);
    return ticks;
  }
  const raw = (high - low) / 4;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * [1, 2, 5, 10].find((m) => m * unit >= raw);
  const ticks = [];
  for (let k = Math.ceil(low / step); k * step <= high + 1e-9; k++) ticks.push(k * step);
  return ticks;
}

export class Panel {
  // label: what a screen reader says; x, y: limits; xlog, ylog: logarithmic axes.
  constructor(parent, { label, title, x, y, xlabel, ylabel, xlog, ylog, width, height, axes }) {
    this.width = width ?? 360;
    this.height = height ?? 300;
    this.log = { x: xlog, y: ylog };
    this.margin = { left: ylabel ? 52 : 36, right: 12, top: title ? 24 : 10, bottom: xlabel ? 42 : 26 };
    const view = `0 0 ${this.width} ${this.height}`;
    this.svg = element(parent, "svg", { viewBox: view, role: "group", "aria-label": label });
    const clip = `touch-${count++}`;
    const frame = this.frame();
    element(element(element(this.svg, "defs"), "clipPath", { id: clip }), "rect", frame);
    this.frameMark = element(this.svg, "rect", { ...frame, class: "t-frame" });
    this.ticks = element(this.svg, "g", { class: "t-ticks", "aria-hidden": "true" });
    this.marks = element(this.svg, "g", { "clip-path": `url(#${clip})`, "aria-hidden": "true" });
    this.words = element(this.svg, "g", { "aria-hidden": "true" });
    this.handles = element(this.svg, "g");
    if (title) element(this.svg, "text", { x: frame.x, y: 15, class: "t-title" }, title);
    if (xlabel) {
      const middle = { x: frame.x + frame.width / 2, y: this.height - 6, class: "t-label" };
      element(this.svg, "text", middle, xlabel);
    }
    if (ylabel) {
      const turned = `translate(12 ${frame.y + frame.height / 2}) rotate(-90)`;
      element(this.svg, "text", { transform: turned, class: "t-label" }, ylabel);
    }
    this.withTicks = axes !== false;
    this.limits(x, y);
  }

  frame() {
    const { left, right, top, bottom } = this.margin;
    const [width, height] = [this.width - left - right, this.height - top - bottom];
    return { x: left, y: top, width, height };
  }

  // Change the limits, and draw the ticks.
  limits(x, y) {
    const frame = this.frame();
    const scale = ([low, high], from, to, log) => {
      const f = log ? Math.log : (value) => value;
      const back = log ? Math.exp : (value) => value;
      const slope = (to - from) / (f(high) - f(low));
      const there = (value) => {
        const place = from + slope * (f(Math.max(value, log ? 1e-300 : -Infinity)) - f(low));
        return Math.min(Math.max(place, -1e4), 1e4);
      };
      return [there, (place) => back((place - from) / slope + f(low))];
    };
    [this.sx, this.ux] = scale(x, frame.x, frame.x + frame.width, this.log.x);
    [this.sy, this.uy] = scale(y, frame.y + frame.height, frame.y, this.log.y);
    this.ticks.replaceChildren();
    if (!this.withTicks) return;
    const bottom = frame.y + frame.height;
    const word = { x: this.log.x ? power : tidy, y: this.log.y ? power : tidy };
    for (const value of niceTicks(x, this.log.x)) {
      const at = this.sx(value);
      element(this.ticks, "line", { x1: at, x2: at, y1: bottom, y2: bottom + 4 });
      element(this.ticks, "text", { x: at, y: bottom + 15, class: "t-middle" }, word.x(value));
    }
    for (const value of niceTicks(y, this.log.y)) {
      const at = this.sy(value);
      element(this.ticks, "line", { x1: frame.x - 4, x2: frame.x, y1: at, y2: at });
      element(this.ticks, "text", { x: frame.x - 6, y: at + 4, class: "t-end" }, word.y(value));
    }
  }

  clear() {
    this.marks.replaceChildren();
    this.words.replaceChildren();
  }

  // A line through points; those that are not finite end it.
  line(points, look, closed = false) {
    const places = [];
    for (const [x, y] of points) {
      if (!Number.isFinite(x) || !Number.isFinite(y)) break;
      places.push(`${this.sx(x).toFixed(1)} ${this.sy(y).toFixed(1)}`);
    }
    if (places.length === 0) return;
    element(this.marks, "path", { d: `M${places.join("L")}${closed ? "Z" : ""}`, class: look });
  }

  dot([x, y], look, r = 4) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    element(this.marks, "circle", { cx: this.sx(x), cy: this.sy(y), r, class: look });
  }

  box([x0, y0], [x1, y1], look) {
    const [left, right] = [this.sx(x0), this.sx(x1)].sort((a, b) => a - b);
    const [top, bottom] = [this.sy(y0), this.sy(y1)].sort((a, b) => a - b);
    const size = { x: left, y: top, width: right - left, height: bottom - top };
    element(this.marks, "rect", { ...size, class: look });
  }

  say([x, y], text, look = "", dx = 0, dy = 0) {
    element(this.words, "text", { x: this.sx(x) + dx, y: this.sy(y) + dy, class: look }, text);
  }

  // The place of a pointer in the units of the axes.
  place(event) {
    const box = this.svg.getBoundingClientRect();
    const scale = this.width / box.width;
    return [
      this.ux((event.clientX - box.left) * scale),
      this.uy((event.clientY - box.top) * scale),
    ];
  }

  // Call `onMove` with the place while a pointer is down on the panel.
  onDrag(onMove, target = this.svg) {
    target.addEventListener("pointerdown", (event) => {
      target.setPointerCapture(event.pointerId);
      onMove(this.place(event));
      event.preventDefault();
      if (target.focus) target.focus({ preventScroll: true, focusVisible: false });
    });
    target.addEventListener("pointermove", (event) => {
      if (target.hasPointerCapture(event.pointerId)) onMove(this.place(event));
    });
  }

  // A point to drag, or to move with the arrow keys by `step`; `say` describes a place in words.
  handle({ label, at, step, limits, say, onMove }) {
    const mark = element(this.handles, "g", {
      class: "t-handle",
      role: "slider",
      tabindex: "0",
      "aria-label": `${label}: drag it, or move it with the arrow keys`,
      "aria-valuemin": limits[0][0],
      "aria-valuemax": limits[0][1],
    });
    element(mark, "circle", { r: 16, class: "t-reach" });
    element(mark, "circle", { r: 7, class: "t-grip" });
    let place = at;
    const move = (to, tell = true) => {
      place = to.map((value, k) => Math.min(Math.max(value, limits[k][0]), limits[k][1]));
      mark.setAttribute("transform", `translate(${this.sx(place[0])} ${this.sy(place[1])})`);
      mark.setAttribute("aria-valuenow", place[0].toFixed(2));
      mark.setAttribute("aria-valuetext", say(place));
      if (tell) onMove(place);
    };
    this.onDrag(move, mark);
    mark.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
      if (!way[event.key]) return;
      event.preventDefault();
      move(place.map((value, k) => value + step * way[event.key][k]));
    });
    move(at, false);
    return move;
  }
}

// A row for panels, and one for controls.
export const row = (parent) => element(parent, "div", { class: "touch-row" });
export const controls = (parent, label) =>
  element(parent, "div", { class: "touch-controls", role: "group", "aria-label": label });

// A slider; with `log` its steps are equal on a logarithmic scale. Returns a function that sets it.
export function slider(parent, { label, min, max, value, log, steps = 100, show, onInput }) {
  const id = `touch-${count++}`;
  const f = log ? Math.log : (v) => v;
  const back = log ? Math.exp : (v) => v;
  const holder = element(parent, "div", { class: "touch-slider" });
  element(holder, "label", { for: id }, label);
  const output = element(holder, "output", { for: id });
  const input = element(holder, "input", { type: "range", id, min: 0, max: steps, step: 1 });
  const read = () => back(f(min) + ((f(max) - f(min)) * input.value) / steps);
  const tell = () => {
    output.textContent = show(read());
    input.setAttribute("aria-valuetext", show(read()));
  };
  const set = (to) => {
    input.value = Math.round((steps * (f(to) - f(min))) / (f(max) - f(min)));
    tell();
  };
  set(value);
  input.addEventListener("input", () => {
    tell();
    onInput(read());
  });
  return { set, read };
}

// A choice between words, as radio buttons.
export function choice(parent, { label, options, value, onInput }) {
  const name = `touch-${count++}`;
  const holder = element(parent, "fieldset", { class: "touch-choice" });
  element(holder, "legend", {}, label);
  for (const option of options) {
    const inside = element(holder, "label");
    const input = element(inside, "input", { type: "radio", name, value: option });
    input.checked = option === value;
    input.addEventListener("change", () => onInput(option));
    inside.append(` ${option}`);
  }
}

export function button(parent, label, onClick) {
  element(parent, "button", { type: "button", class: "touch-button" }, label).addEventListener(
    "click",
    onClick,
  );
}

// What is to be seen, in words: read aloud when it changes, but not at each step of a slider.
export function words(parent) {
  const visible = element(parent, "p", { class: "touch-words" });
  const spoken = element(parent, "p", { class: "touch-spoken", "aria-live": "polite" });
  let waiting;
  return (text) => {
    visible.textContent = text;
    clearTimeout(waiting);
    waiting = setTimeout(() => (spoken.textContent = text), 600);
  };
}

// A legend: names beside pieces of their lines.
export function legend(parent, entries) {
  const list = element(parent, "ul", { class: "touch-legend" });
  for (const [look, text] of entries) {
    const item = element(list, "li");
    const svg = element(item, "svg", { viewBox: "0 0 26 10", "aria-hidden": "true" });
    element(svg, "line", { x1: 1, x2: 25, y1: 5, y2: 5, class: look });
    item.append(` ${text}`);
  }
}

export const number = (value, digits = 2) => tidy(Number(value.toPrecision(digits)));
