// One line about a call or an envelope: what way it went, what it is called, what it was about. Pure.

export const WAYS = {
  api: ["app → Slack", "The app called the Web API"],
  envelope: ["Slack → app", "Something that happened, handed to the app"],
  ack: ["app ✓", "The app's answer to what it was handed"],
  response_url: ["app ↩", "The app used a response_url"],
  trouble: ["trouble", "A trouble struck"],
};
const GIST_MAX = 120;

/** The name that a line shows: an ack's own is only the id of its envelope. */
export function title(call) {
  const payload = call.request?.payload;
  if (call.way === "ack") return "acknowledged";
  if (call.way === "envelope")
    return payload?.event?.type ?? payload?.type ?? payload?.command ?? String(call.name);
  return String(call.name ?? "");
}

/** What it was about, in a few words. */
export function gist(call) {
  const request = call.request ?? {};
  const found =
    call.way === "envelope"
      ? ofEnvelope(request.payload ?? request)
      : call.way === "ack"
        ? ofAck(request)
        : ofCall(request);
  return String(found ?? "")
    .replace(/\s+/g, " ")
    .slice(0, GIST_MAX);
}

function ofEnvelope(payload) {
  const action = payload.actions?.[0];
  if (action) return action.action_id;
  if (payload.command) return payload.text;
  return payload.view?.callback_id ?? payload.event?.text;
}

function ofAck(frame) {
  const payload = frame.payload;
  const isEmpty = !payload || (typeof payload === "object" && !Object.keys(payload).length);
  return isEmpty ? "" : (payload.response_action ?? payload.text ?? "with an answer");
}

function ofCall(request) {
  return (
    request.text ??
    request.view?.callback_id ??
    request.filename ??
    request.user ??
    request.usergroup ??
    request.method ??
    request.channel
  );
}

/** Whether it still waits for its answer. */
export function isOpen(call) {
  return (
    call.way !== "ack" &&
    call.way !== "trouble" &&
    call.ok !== false &&
    call.answer === null &&
    !call.ms
  );
}

/** What went wrong, in a word; "" if nothing did. */
export function fault(call) {
  return call.ok === false ? String(call.answer?.error ?? call.answer?.note ?? "failed") : "";
}

/** Everything of it as one text, for the filter. */
export function searchable(call) {
  const words = [
    call.name,
    call.way,
    title(call),
    WAYS[call.way]?.[0],
    call.ok === false ? "error failed" : "ok",
  ];
  return `${words.join(" ")} ${JSON.stringify([call.request, call.answer])}`.toLowerCase();
}
