// The line to the server: JSON frames both ways, and a new connection whenever one is lost.

const FIRST_WAIT_MS = 400;
const WAIT_MAX_MS = 5000;

export class Line {
  /** `heard(frame)` for each frame, `changed(state)` with "connecting", "open" or "lost". */
  constructor(url, { heard, changed }) {
    Object.assign(this, { url, heard, changed, socket: null, wait: FIRST_WAIT_MS, timer: null });
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
  }

  connect() {
    clearTimeout(this.timer);
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.addEventListener("open", () => {
      this.wait = FIRST_WAIT_MS;
      this.changed("open");
    });
    socket.addEventListener("message", (event) => this.receive(event.data));
    socket.addEventListener("close", () => this.lost(socket));
  }

  receive(data) {
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      console.warn("a frame was no JSON");
      return;
    }
    this.heard(frame);
  }

  lost(socket) {
    if (socket !== this.socket) return;
    this.changed("lost");
    this.timer = setTimeout(() => this.connect(), this.wait);
    this.wait = Math.min(this.wait * 1.7, WAIT_MAX_MS);
  }

  /** The network or the tab is back: no need to sit out the wait. */
  hurry() {
    if (this.socket?.readyState === WebSocket.CLOSED) this.connect();
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** Sends a frame; false if there is no line to send it on. */
  send(frame) {
    if (!this.isOpen) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }
}
