// Who and what the ids stand for, as the last `world` frame says it.

const NOBODY = { name: "unknown", real_name: "", initials: "?", color: 0, kind: "member" };

export class Names {
  constructor(go) {
    this.go = go; // Opens a channel.
    this.learn({ me: "", people: [], channels: [] });
  }

  learn(world) {
    this.world = world;
    this.byPerson = new Map(world.people.map((person) => [person.id, person]));
    this.byChannel = new Map(world.channels.map((channel) => [channel.id, channel]));
  }

  me() {
    return this.world.me;
  }

  person(id) {
    return this.byPerson.get(id);
  }

  channel(id) {
    return this.byChannel.get(id);
  }

  people() {
    return this.world.people;
  }

  channels() {
    return this.world.channels;
  }

  /** Who wrote a message: a person, or an app under the name it gave. */
  author(message) {
    if (message.notice)
      return { ...NOBODY, name: "Stand-in", real_name: "Stand-in", initials: "!", kind: "page" };
    const known = this.person(message.user) ?? this.person(message.bot_id);
    if (!message.bot_id) return known ?? { ...NOBODY, name: message.username ?? "unknown" };
    const bot = known ?? this.people().find((person) => person.kind === "bot");
    const name = message.username ?? bot?.real_name ?? bot?.name ?? "App";
    return {
      ...NOBODY,
      ...bot,
      name,
      real_name: name,
      kind: "bot",
      initials: bot?.initials ?? name.slice(0, 2).toUpperCase(),
    };
  }
}
