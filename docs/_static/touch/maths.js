// The formulas of the package, for the figures that move. tests/docs/test_touch.py compares each of
// them with sklearn_reg: what a reader sees is what the package computes.

export const sum = (values) => values.reduce((total, value) => total + value, 0);
export const dot = (a, b) => sum(a.map((value, j) => value * b[j]));
export const times = (H, w) => H.map((row) => dot(row, w));
const minus = (a, b) => a.map((value, j) => value - b[j]);

// l1_prox: towards zero by t, and to zero where |z| <= t.
export const softThreshold = (z, t) => z - Math.min(Math.max(z, -t), t);

// elastic_net_penalty: lambda sum_j (rho |w_j| + (1 - rho) / 2 w_j^2).
export const penalty = (w, lambda, rho) =>
  lambda * sum(w.map((v) => rho * Math.abs(v) + ((1 - rho) / 2) * v * v));

// elastic_net_prox.
export const prox = (w, step, lambda, rho) =>
  w.map((v) => softThreshold(v, step * lambda * rho) / (1 + step * lambda * (1 - rho)));

// The loss 1/(2n) |y - X w|^2 for y = X best and H = X'X / n.
export class Loss {
  constructor(H, best) {
    this.H = H;
    this.best = best;
  }
  gradient(w) {
    return times(this.H, minus(w, this.best));
  }
  value(w) {
    const off = minus(w, this.best);
    return 0.5 * dot(off, times(this.H, off));
  }
  objective(w, lambda, rho) {
    return this.value(w) + penalty(w, lambda, rho);
  }
}

// The minimum of loss + penalty, by coordinate descent.
export function solve(loss, lambda, rho) {
  const w = loss.best.map(() => 0);
  for (let round = 0; round < 2000; round++) {
    let moved = 0;
    for (let j = 0; j < w.length; j++) {
      const curvature = loss.H[j][j];
      const pull = curvature * w[j] - loss.gradient(w)[j];
      const next = softThreshold(pull, lambda * rho) / (curvature + lambda * (1 - rho));
      moved = Math.max(moved, Math.abs(next - w[j]));
      w[j] = next;
    }
    if (moved < 1e-15) break;
  }
  return w;
}

// The duality gap, an upper bound of the distance of the objective to its minimum.
export function gap(loss, w, lambda, rho) {
  const u = loss.gradient(w).map((g) => -g);
  const square = 2 * loss.value(w);
  if (lambda === 0) return square / 2;
  const l1 = lambda * rho;
  const l2 = lambda * (1 - rho);
  const within = Math.min(1, ...u.map((v) => (Math.abs(v) > l1 ? l1 / Math.abs(v) : 1)));
  const conjugate = (c) =>
    l2 === 0 ? 0 : sum(u.map((v) => Math.max(c * Math.abs(v) - l1, 0) ** 2)) / (2 * l2);
  const gaps = (l2 === 0 ? [within] : [1, within]).map(
    (c) => 0.5 * (1 - c) ** 2 * square + penalty(w, lambda, rho) - c * dot(u, w) + conjugate(c),
  );
  return Math.max(0, Math.min(...gaps));
}

// The three textbook solvers: the points of n steps, the start included.
export function descend(kind, loss, lambda, rho, start, rate, n) {
  const points = [start];
  let [previous, t] = [start, 1];
  const smooth = (w) => loss.gradient(w).map((g, j) => g + lambda * (1 - rho) * w[j]);
  const step = (w, g) => w.map((v, j) => v - rate * g[j]);
  const rest = (w) => w.map((v) => softThreshold(v, rate * lambda * rho));
  for (let k = 0; k < n; k++) {
    const w = points[k];
    let next;
    if (kind === "subgradient") {
      next = step(w, smooth(w).map((g, j) => g + lambda * rho * Math.sign(w[j])));
    } else if (kind === "accelerated") {
      const tNext = 0.5 * (1 + Math.sqrt(1 + 4 * t * t));
      const beta = k === 0 ? 0 : (t - 1) / tNext;
      const z = w.map((v, j) => v + beta * (v - previous[j]));
      next = rest(step(z, smooth(z)));
      const uphill = dot(minus(z, next), minus(next, w)) > 0;
      [previous, t] = [w, uphill ? 1 : tNext];
    } else {
      next = rest(step(w, smooth(w)));
    }
    points.push(next);
  }
  return points;
}

// The largest eigenvalue of a symmetric matrix of two rows.
export function largestEigenvalue([[a, b], [, d]]) {
  return (a + d) / 2 + Math.hypot((a - d) / 2, b);
}

// The optimizers: a step for weights w with gradients g. `state` is that of Adam.
export const OPTIMIZERS = {
  "SGD + L2": (w, g, state, lr, lambda) => [w.map((v, j) => v - lr * (g[j] + lambda * v)), state],
  "SGD + decay": (w, g, state, lr, lambda) => [
    w.map((v, j) => (1 - lr * lambda) * v - lr * g[j]),
    state,
  ],
  "Adam + L2": (w, g, state, lr, lambda) => {
    const [direction, next] = adam(g.map((v, j) => v + lambda * w[j]), state);
    return [w.map((v, j) => v - lr * direction[j]), next];
  },
  AdamW: (w, g, state, lr, lambda) => {
    const [direction, next] = adam(g, state);
    return [w.map((v, j) => v - lr * (direction[j] + lambda * v)), next];
  },
};

function adam(g, state) {
  const { m, v, n } = state ?? { m: g.map(() => 0), v: g.map(() => 0), n: 0 };
  const next = {
    m: m.map((old, j) => 0.9 * old + 0.1 * g[j]),
    v: v.map((old, j) => 0.999 * old + 0.001 * g[j] ** 2),
    n: n + 1,
  };
  const direction = next.m.map(
    (mean, j) =>
      mean / (1 - 0.9 ** next.n) / (Math.sqrt(next.v[j] / (1 - 0.999 ** next.n)) + 1e-8),
  );
  return [direction, next];
}

// Legendre polynomials of degree 1 to `degree` of x in [0, 1], of mean 0 and mean square 1.
export function legendre(x, degree) {
  const z = 2 * x - 1;
  const P = [1, z];
  for (let k = 1; k < degree; k++) P.push(((2 * k + 1) * z * P[k] - k * P[k - 1]) / (k + 1));
  return P.slice(1, degree + 1).map((value, k) => value * Math.sqrt(2 * k + 3));
}

// Ridge with an intercept: returns [weights, intercept] for rows X and targets y, one fit for each
// row of Y.
export function ridges(X, Y, lambda) {
  const [n, p] = [X.length, X[0].length];
  const means = X[0].map((_, j) => sum(X.map((row) => row[j])) / n);
  const Z = X.map((row) => minus(row, means));
  const A = means.map((_, i) =>
    means.map((_, j) => sum(Z.map((row) => row[i] * row[j])) / n + (i === j ? lambda : 0)),
  );
  const R = cholesky(A);
  return Y.map((y) => {
    const mean = sum(y) / n;
    const right = means.map((_, j) => sum(Z.map((row, i) => row[j] * (y[i] - mean))) / n);
    const w = solveCholesky(R, right);
    return [w, mean - dot(w, means)];
  });

  function cholesky(A) {
    const L = A.map((row) => row.map(() => 0));
    for (let i = 0; i < p; i++) {
      for (let j = 0; j <= i; j++) {
        const rest = A[i][j] - dot(L[i].slice(0, j), L[j].slice(0, j));
        L[i][j] = i === j ? Math.sqrt(rest) : rest / L[j][j];
      }
    }
    return L;
  }

  function solveCholesky(L, b) {
    const x = [...b];
    for (let i = 0; i < p; i++) {
      for (let j = 0; j < i; j++) x[i] -= L[i][j] * x[j];
      x[i] /= L[i][i];
    }
    for (let i = p - 1; i >= 0; i--) {
      for (let j = i + 1; j < p; j++) x[i] -= L[j][i] * x[j];
      x[i] /= L[i][i];
    }
    return x;
  }
}

// Numbers that are the same each time: normal ones, from a seed (mulberry32, Box and Muller).
export function normals(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

// The points where a convex function, with its minimum at `centre`, has this value.
export function contour(f, centre, level, n = 144) {
  return Array.from({ length: n }, (_, k) => {
    const angle = (2 * Math.PI * k) / n;
    const at = (r) => [centre[0] + r * Math.cos(angle), centre[1] + r * Math.sin(angle)];
    let [low, high] = [0, 1e-3];
    while (f(at(high)) < level && high < 1e3) high *= 2;
    for (let i = 0; i < 40; i++) {
      const middle = (low + high) / 2;
      if (f(at(middle)) < level) low = middle;
      else high = middle;
    }
    return at(low);
  });
}
