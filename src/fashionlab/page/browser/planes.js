// Operations on planes: arrays of h * w values, and masks of 0 and 1.

// 1 where the condition holds for a value, else 0.
export function masked(values, isTrue) {
  const mask = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) mask[i] = isTrue(values[i]) ? 1 : 0;
  return mask;
}

export function count(mask) {
  return mask.reduce((n, inMask) => n + inMask, 0);
}

// Of all, or of those in the mask; 0 where there are none.
export function mean(values, mask) {
  let sum = 0;
  let n = 0;
  for (let i = 0; i < values.length; i++) {
    if (mask && !mask[i]) continue;
    sum += values[i];
    n++;
  }
  return n ? sum / n : 0;
}

export function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function bytes(values) {
  const rounded = new Uint8ClampedArray(values.length);
  for (let i = 0; i < values.length; i++) rounded[i] = Math.floor(values[i] + 0.5);
  return new Uint8Array(rounded.buffer);
}

export function boxOf(mask, h, w) {
  let [left, top, right, bottom] = [w, h, 0, 0];
  mask.forEach((inMask, i) => {
    if (!inMask) return;
    const [y, x] = [Math.floor(i / w), i % w];
    [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
  });
  return [left, top, right, bottom];
}

export function onBorder(i, h, w, wide) {
  const y = Math.floor(i / w);
  const x = i % w;
  return y < wide || y >= h - wide || x < wide || x >= w - wide;
}
