// Why a request has no answer, in words for people.

export class Refusal extends Error {
  // kind: "away" (no connection), "token", "large", "busy", "picture" (unreadable) or
  // "broken"; seconds: how long to wait before asking again, when the service said so
  constructor(kind, message, seconds = 0) {
    super(message);
    this.name = "Refusal";
    this.kind = kind;
    this.seconds = seconds;
  }
}
