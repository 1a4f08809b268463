/** Calls `draw()` now and at each change of the timeline that is shown; with the room or the person another one is. */
export function followTimeline(session, draw) {
  let stopListening = () => {};
  const listen = () => {
    stopListening();
    stopListening = session.timeline.on("change", draw);
    draw();
  };
  for (const event of ["room", "me"]) session.on(event, listen);
  listen();
}

/** `act`, once for all calls until the present piece of work is done: however many events one frame brings. */
export function onceForAll(act) {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      act();
    });
  };
}
