// The page's one place where things are made and joined: the line to the server, what is known, and
// the rooms that show it. Frames come in by `heard`, wishes go out by `line.send`.

import { announce, byId, hasKeyboard } from "./dom.js";
import { Channels } from "./channels.js";
import { Composer } from "./composer.js";
import { Drawer } from "./drawer.js";
import { introduction } from "./intro.js";
import { Line } from "./socket.js";
import { spoken } from "./message.js";
import { MessageList } from "./messages.js";
import { Modals } from "./modal.js";
import { Names } from "./names.js";
import { People } from "./people.js";
import { Pending } from "./pending.js";
import { Store } from "./store.js";
import { Thread } from "./thread.js";
import { narrowBar, regions } from "./layout.js";

const SWEEP_MS = 700; // A channel asked for anew is here by then; what didn't come is gone.
const REMEMBER = { person: "stand-in-person", channel: "stand-in-channel" };

class App {
  constructor() {
    this.store = new Store();
    this.names = new Names((channel) => this.go(channel));
    this.pending = new Pending();
    this.channel = null;
    this.isFresh = true; // The next `world` is the first on this connection.
    this.line = new Line(`ws://${location.host}/page/socket`, {
      heard: (frame) => this[`on_${frame.it}`]?.(frame),
      changed: (state) => this.changed(state),
    });
    const host = {
      names: this.names,
      act: (node, what) => this.act(node, what),
      dismiss: (channel, message) => this.dismiss(channel, message),
      openThread: (channel, ts) => this.openThread(channel, ts),
      submit: (view, values) => this.line.send({ do: "submit", view, values }),
      close: (view, everything) => this.closeView(view, everything),
    };
    this.build(host);
  }

  build(host) {
    this.channels = new Channels((channel) => this.go(channel));
    this.people = new People((person) => this.become(person));
    this.drawer = new Drawer((kind, on) => this.line.send({ do: "trouble", kind, on }));
    this.modals = new Modals(host);
    this.composer = new Composer(this.names, {
      say: (text) => this.say(text, null),
      who: (anchor) => this.people.menu(anchor),
    });
    byId("foot").append(this.composer.node);
    this.list = new MessageList(byId("log"), host, {
      head: introduction(this.names, () => this.channel),
    });
    this.thread = new Thread(host, {
      say: (text) => this.say(text, this.thread.ts),
      who: (anchor) => this.people.menu(anchor),
      closed: (ts) => this.list.focusMessage(ts),
    });
    this.putBarAway = narrowBar();
    regions();
    addEventListener("hashchange", () => this.follow());
    this.line.connect();
  }

  // What the server says.

  on_world(world) {
    const before = this.names.me();
    const isFresh = this.isFresh;
    this.isFresh = false;
    this.names.learn(world);
    this.since = Date.now() / 1000;
    if (world.me !== before) this.store.forgetPrivate();
    if (world.me !== before || isFresh) this.modals.hide();
    if (isFresh) this.drawer.clear();
    const last = sessionStorage.getItem(REMEMBER.person);
    const isElse = last && last !== world.me && this.names.person(last);
    if (isFresh && isElse) return this.line.send({ do: "be", person: last });
    const channels = world.channels.map((channel) => channel.id);
    this.store.keepOnly(channels);
    // Who lacks the channel sees another meanwhile; whoever has it again is back in it.
    const wanted = sessionStorage.getItem(REMEMBER.channel);
    this.show(channels.includes(wanted) ? wanted : (channels[0] ?? null));
    this.drawer.learn(world);
    this.on_bot(world.bot ?? { connected: 0 });
    byId("team-name").textContent = world.team?.name ?? "Stand-in";
    if (!this.followed) this.follow();
    if (before && world.me !== before)
      announce(`You act as ${this.names.person(world.me)?.real_name}`);
  }

  /** How many sockets the bot holds; null while nobody can say. */
  on_bot({ connected }) {
    const isAway = connected === 0;
    byId("bot").dataset.on = connected === null ? "unknown" : String(!isAway);
    const more = connected > 1 ? ` · ${connected} sockets` : "";
    const words = isAway ? "The bot is not connected" : `Bot connected${more}`;
    byId("bot-words").textContent = connected === null ? "Bot: not known" : words;
    byId("bot-away").hidden = !isAway;
  }

  on_message({ channel, message }) {
    const news = this.store.put(channel, message);
    if (news !== "same") this.pending.settle(message.ts);
    const isLive =
      news === "new" && Number(message.ts) >= this.since && message.user !== this.names.me();
    if (isLive && channel !== this.channel) this.channels.count(channel);
    else if (isLive) announce(spoken(message, this.names));
    this.schedule();
  }

  on_gone({ channel, ts }) {
    if (channel) this.store.drop(channel, ts);
    this.schedule();
  }

  on_view(frame) {
    this.pending.settle();
    this.modals.show(frame);
  }

  on_notice({ kind, text, channel, thread_ts: thread }) {
    this.pending.settle();
    if (this.modals.isOpen) return this.modals.say(text);
    const place = channel || this.channel;
    const isHere = this.last?.channel === place && this.last.thread === this.thread.ts;
    const within = thread ?? (isHere ? this.last.thread : null);
    const words = { type: "section", block_id: "notice", text: { type: "plain_text", text } };
    this.store.put(place, {
      ts: this.store.after(place),
      text,
      blocks: [words],
      ephemeral: true,
      thread_ts: within,
      notice: kind === "info" ? "info" : "error",
    });
    announce(text);
    this.schedule();
  }

  on_call(call) {
    this.drawer.add(call);
    if (call.way === "ack") this.pending.settle();
  }

  on_troubles({ troubles }) {
    this.drawer.learn({ troubles });
  }

  // What the visitor does.

  become(person) {
    if (person === this.names.me()) return;
    sessionStorage.setItem(REMEMBER.person, person);
    this.line.send({ do: "be", person });
    this.putBarAway();
  }

  /** The address of one message, as permalinks have it: #channel/ts. */
  follow() {
    const [channel, ts] = location.hash.slice(1).split("/");
    this.followed = true;
    if (!this.names.channel(channel)) return;
    if (channel !== this.channel) this.go(channel);
    if (ts) setTimeout(() => this.reveal(channel, ts), SWEEP_MS);
  }

  reveal(channel, ts) {
    const thread = this.store.get(channel, ts)?.thread_ts;
    if (thread && thread !== ts) this.openThread(channel, thread);
    else this.list.focusMessage(ts, { reveal: true });
  }

  go(channel) {
    this.putBarAway();
    sessionStorage.setItem(REMEMBER.channel, channel);
    if (channel !== this.channel) {
      this.show(channel);
    }
    if (hasKeyboard()) this.composer.focus();
  }

  show(channel) {
    const found = this.names.channel(channel);
    if (channel !== this.channel) this.thread.close();
    this.channel = channel;
    if (channel) {
      this.channels.seen(channel);
      this.store.doubt(channel);
      if (this.line.send({ do: "open", channel })) {
        setTimeout(() => this.store.sweep(channel) && this.schedule(), SWEEP_MS);
      }
    }
    const place = found && (found.direct ? found.name : `#${found.name}`);
    this.composer.go(channel ?? "", found ? `Message ${place} or type /` : "No channel");
    this.composer.learn(this.names.world, found?.suggest ?? null);
    this.thread.composer.learn(this.names.world, null);
    this.people.render(this.names.world);
    this.list.doubt();
    this.thread.list.doubt();
    this.schedule();
  }

  say(text, thread) {
    if (!this.channel) return false;
    this.last = { channel: this.channel, thread };
    (thread ? this.thread.list : this.list).toEnd();
    return this.line.send({ do: "say", channel: this.channel, thread_ts: thread, text });
  }

  act(node, what) {
    this.last = {
      channel: what.channel,
      thread: byId("thread").contains(node) ? this.thread.ts : null,
    };
    // Slack takes a press of what the message showed a moment ago, as while its question was open.
    if (this.line.send({ do: "act", stale: true, ...what })) this.pending.begin(node, what.ts);
    else announce("The connection to the stand-in is lost.");
  }

  dismiss(channel, message) {
    if (!message.notice) this.line.send({ do: "dismiss", channel, ts: message.ts });
    this.store.drop(channel, message.ts);
    this.schedule();
    byId("say").focus({ preventScroll: true });
  }

  openThread(channel, ts) {
    this.thread.open(channel, ts);
    this.schedule();
  }

  closeView(view, everything = false) {
    if (!this.line.send({ do: "close", view, everything })) this.modals.hide();
  }

  // What is shown.

  changed(state) {
    const isOpen = state === "open";
    if (isOpen) this.isFresh = true;
    byId("link").hidden = isOpen;
    if (!isOpen) this.on_bot({ connected: null });
    document.body.classList.toggle("offline", !isOpen);
    this.composer.online(isOpen);
    this.thread.composer.online(isOpen);
    this.pending.settle();
    if (!isOpen) this.modals.wait(false);
  }

  schedule() {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      this.render();
    });
  }

  render() {
    this.channels.render(this.names.channels(), this.channel);
    this.list.show(this.channel, this.channel, this.channel ? this.store.roots(this.channel) : []);
    this.thread.render(this.store);
  }
}

new App();
