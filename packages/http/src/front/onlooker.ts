// All copies of this module share it.
const mark = Symbol.for("@breakwater/http-onlooker");

/** Marks a listener that only looks on, so that whoever asks if somebody else listens does not count it. */
export function onlooker<Listener extends object>(listener: Listener): Listener {
  return Object.assign(listener, { [mark]: true });
}

export function isOnlooker(listener: object): boolean {
  return mark in listener;
}
