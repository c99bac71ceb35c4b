// Numbers as Python writes them in a text: a tie goes to the even digit, where toFixed goes up.

const EXPONENT = 1e21; // from here on toFixed writes one

// value, places -> as f"{value:.{places}f}"
export function decimals(value, places) {
  const size = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  if (size >= EXPONENT) return `${sign}${BigInt(size)}${places ? "." : ""}${"0".repeat(places)}`;
  const text = size.toFixed(places);
  // A tie ends in 5, one place further on: an odd number of halves of a power of two.
  const tied = (size * 2 ** (places + 1)) % 2 === 1;
  return sign + (tied ? text.replace(/[13579]$/, (digit) => digit - 1) : text);
}

// value from 0.0001, count -> as f"{value:.{count}g}"
export function digits(value, count) {
  if (value === 0) return "0";
  const places = Math.max(0, count - 1 - Math.floor(Math.log10(value)));
  return String(Number(decimals(value, places)));
}
