/**
 * Where an arrow key leads among things that stand in a line or a grid: the new index, or null for a key
 * that leads nowhere. Rows are `columns` wide; the ends hold, except in a line that goes round.
 */
export function step(key, { at, count, columns = 1, round = false }) {
  if (count === 0) return null;
  const moves = {
    Home: 0,
    End: count - 1,
    ArrowUp: at - columns,
    ArrowDown: at + columns,
    ...(columns > 1 && { ArrowLeft: at - 1, ArrowRight: at + 1 }),
  };
  const to = moves[key];
  if (to === undefined) return null;
  if (round) return (to + count) % count;
  return to < 0 || to >= count ? null : to;
}
