// The messages the page knows, by channel and time; no element in reach, so node can test it.

/** Compares two `ts`, strings of seconds and microseconds. */
export function byTime(one, other) {
  return (
    Number(one.ts) - Number(other.ts) || (one.ts < other.ts ? -1 : Number(one.ts !== other.ts))
  );
}

export class Store {
  constructor() {
    this.channels = new Map(); // channel -> ts -> {message, revision, stale}
    this.revision = 0;
  }

  of(channel) {
    if (!this.channels.has(channel)) this.channels.set(channel, new Map());
    return this.channels.get(channel);
  }

  /** Takes a message; answers "new", "changed", or "same" when nothing about it is different. */
  put(channel, message) {
    const entries = this.of(channel);
    const before = entries.get(message.ts);
    if (before && JSON.stringify(before.message) === JSON.stringify(message)) {
      before.stale = false;
      return "same";
    }
    this.revision += 1;
    entries.set(message.ts, { message, revision: this.revision, stale: false });
    return before ? "changed" : "new";
  }

  get(channel, ts) {
    return this.of(channel).get(ts)?.message;
  }

  drop(channel, ts) {
    return this.of(channel).delete(ts);
  }

  /** What the channel's list shows: everything but replies, in order. */
  roots(channel) {
    return this.entries(channel, (message) => !isReply(message));
  }

  /** What the thread's panel shows: the parent and its replies, in order. */
  thread(channel, ts) {
    return this.entries(
      channel,
      (message) => message.ts === ts || (isReply(message) && message.thread_ts === ts),
    );
  }

  entries(channel, wanted) {
    return [...this.of(channel).values()]
      .filter((entry) => wanted(entry.message))
      .sort((one, other) => byTime(one.message, other.message));
  }

  /** The latest time in a channel, so that a notice of the page's own can stand behind it. */
  after(channel, now = Date.now() / 1000) {
    const latest = Math.max(
      now,
      ...[...this.of(channel).keys()].map((ts) => Number(ts) + 0.000001),
    );
    return latest.toFixed(6);
  }

  /** Another person looks: what was only for the last one's eyes is gone at once. */
  forgetPrivate() {
    for (const entries of this.channels.values()) {
      for (const [ts, { message }] of entries) if (message.ephemeral) entries.delete(ts);
    }
  }

  /** Before asking for a channel anew: what doesn't come again by the time of `sweep` is gone. */
  doubt(channel) {
    for (const entry of this.of(channel).values()) entry.stale = !entry.message.notice;
  }

  sweep(channel) {
    const entries = this.of(channel);
    const stale = [...entries].filter(([, entry]) => entry.stale);
    for (const [ts] of stale) entries.delete(ts);
    return stale.length;
  }

  /** Channels that this person doesn't have are forgotten. */
  keepOnly(channels) {
    for (const channel of this.channels.keys())
      if (!channels.includes(channel)) this.channels.delete(channel);
  }
}

function isReply(message) {
  return (
    Boolean(message.thread_ts) &&
    message.thread_ts !== message.ts &&
    message.subtype !== "thread_broadcast"
  );
}
