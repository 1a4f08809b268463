/** Time as everything here takes it: tests pass one that they wind by hand. */
export const browserClock = Object.freeze({
  now: () => Date.now(),
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer),
});
