// The path: real data, solved by the package when the site was built; the reader drags lambda.

import { Panel, controls, number, row, slider, words } from "./panel.js";

export async function build(parent) {
  const data = await (await fetch(new URL("path.json", import.meta.url))).json();
  const n = data.lambdas.length;
  const ends = [data.lambdas[n - 1], data.lambdas[0]];
  const { min, se } = data.chosen;
  // As far to the left as the errors cannot be told apart from the smallest.
  const within = data.test.map((error, k) => k >= min && error <= data.test[min] + data.se[min]);
  const last = within.lastIndexOf(true);
  const most = 2.2 * Math.max(...data.coefs[min].map(Math.abs));
  let at = min;
  const panels = row(parent);
  const coefs = new Panel(panels, {
    label: "Coefficients along lambda: drag to choose lambda",
    title: "Coefficients: drag λ",
    x: ends, xlog: true, y: [-most, most], xlabel: "λ", ylabel: "coefficient", height: 300,
  });
  const errors = new Panel(panels, {
    label: "Training error and cross-validation error along lambda: drag to choose lambda",
    title: "Errors: drag λ",
    x: ends, xlog: true, y: data.error_limits, xlabel: "λ", ylabel: "mean squared error", height: 300,
  });
  const names = new Panel(panels, {
    label: "The largest coefficients by name", title: "The largest by name",
    x: [-1, 1], y: [8.5, 0.5], height: 210, axes: false,
  });
  const settings = controls(parent, "The penalty");
  const control = slider(settings, {
    label: "penalty λ", min: ends[0], max: ends[1], value: data.lambdas[at], log: true, steps: n - 1,
    show: (v) => number(v), onInput: (v) => move(nearest(v), false),
  });
  const say = words(parent);
  for (const panel of [coefs, errors]) {
    panel.svg.classList.add("t-drag");
    panel.onDrag(([x]) => move(nearest(x)));
  }
  move(at);

  function nearest(lambda) {
    const distance = data.lambdas.map((l) => Math.abs(Math.log(l / lambda)));
    return distance.indexOf(Math.min(...distance));
  }

  function move(to, tell = true) {
    at = to;
    if (tell) control.set(data.lambdas[at]);
    draw();
  }

  function draw() {
    const lambda = data.lambdas[at];
    coefs.clear();
    coefs.line([[ends[0], 0], [ends[1], 0]], "t-axis");
    const order = largest();
    data.names.forEach((_, j) => {
      coefs.line(data.lambdas.map((l, k) => [l, data.coefs[k][j]]), look(order.indexOf(j)));
    });
    mark(coefs, lambda);
    errors.clear();
    const [low, high] = data.error_limits;
    errors.box([ends[0], low], [data.lambdas[last], high], "t-over");
    errors.box([data.lambdas[se], low], [ends[1], high], "t-under");
    errors.say([ends[0], high], "overfits", "t-name", 6, 14);
    errors.say([ends[1], high], "underfits", "t-name t-end", -6, 14);
    data.lambdas.forEach((l, k) => {
      errors.line([[l, data.test[k] - data.se[k]], [l, data.test[k] + data.se[k]]], "t-1 t-error");
    });
    errors.line(data.lambdas.map((l, k) => [l, data.test[k]]), "t-1");
    errors.line(data.lambdas.map((l, k) => [l, data.train[k]]), "t-0");
    errors.say([data.lambdas[n - 10], data.train[n - 10]], "training", "t-name", 0, 18);
    errors.say([data.lambdas[n - 10], data.test[n - 10]], "new patients", "t-name", 0, -14);
    errors.line([[data.lambdas[min], low], [data.lambdas[min], high]], "t-axis");
    errors.line([[data.lambdas[se], low], [data.lambdas[se], high]], "t-axis");
    errors.say([data.lambdas[min], low], "min", "t-name t-end", -3, -6);
    errors.say([data.lambdas[se], low], "1-SE", "t-name", 3, -6);
    mark(errors, lambda);
    errors.dot([lambda, data.test[at]], "t-1 t-fill", 5);
    errors.dot([lambda, data.train[at]], "t-0 t-fill", 5);
    drawNames(order);
    say(sentence(order.length));
  }

  // The features of this model, the largest coefficients first; four of them have a colour.
  function largest() {
    const size = (j) => Math.abs(data.coefs[at][j]);
    return data.names.map((_, j) => j).filter(size).sort((a, b) => size(b) - size(a));
  }

  function look(rank) {
    return rank < 0 ? "t-quiet" : rank < 4 ? `t-${rank}` : "t-rest";
  }

  function mark(panel, lambda) {
    const [low, high] = panel === coefs ? [-most, most] : data.error_limits;
    panel.line([[lambda, low], [lambda, high]], "t-mark");
  }

  function drawNames(order) {
    names.clear();
    const longest = 1.6 * Math.max(20, ...order.map((j) => Math.abs(data.coefs[at][j])));
    names.limits([-longest, longest], [8.5, 0.5]);
    names.line([[0, 0.5], [0, 8.5]], "t-axis");
    order.slice(0, 8).forEach((j, k) => {
      const value = data.coefs[at][j];
      names.box([0, k + 0.7], [value, k + 1.3], `t-bar t-fill ${look(k)}`);
      names.say([0, k + 1], data.names[j], value < 0 ? "" : "t-end", value < 0 ? 6 : -6, 4);
    });
  }

  function sentence(used) {
    const side = at > last ? "This λ overfits: the training error still falls, the error on new patients rises."
      : at < se ? "This λ underfits: both errors are above what is possible."
      : at === min ? "This is the λ of the smallest cross-validation error."
      : at === se ? "This is the λ of the 1-SE rule: the simplest model within one standard error of the best."
      : "These data cannot tell its error from the smallest one.";
    return `λ = ${number(data.lambdas[at])}: ${used} of ${data.names.length} coefficients are not zero ` +
      `(${number(data.freedom[at], 3)} degrees of freedom); mean squared error ${number(data.train[at], 3)} seen, ` +
      `${number(data.test[at], 3)} new. ${side}`;
  }
}
