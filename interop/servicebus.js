// A small Azure Service Bus in this process: real AMQP 1.0, spoken by rhea, with
// tokens over $cbs, peek-locked queues with their dead letters, and peeking over
// $management. It keeps everything in memory and forgets it at the end.
//
// What is Service Bus' own and not AMQP's was written down after Microsoft's
// documentation of the protocol; test/servicebus.test.js holds it to Microsoft's
// own SDK for Node before it is used for anything else.
import { createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import rhea from "rhea";

const { types, message: amqp } = rhea;
const dead = "/$deadletterqueue";
const batched = 0x80013700; // the message format of several messages in one transfer

/** Serves the queues on a free port of 127.0.0.1. The key signs every token. A transfer larger than maxBytes ends its link. */
export async function serviceBus({ queues, keyName = "RootManageSharedAccessKey", key, lockSeconds = 60, maxBytes = 262144 }) {
  const boxes = new Map(queues.flatMap((name) => [[name, new Box()], [name + dead, new Box()]]));
  const replies = new Map(); // address → the link on which answers go there
  const container = rhea.create_container({ id: "servicebus" });
  for (const mechanism of ["ANONYMOUS", "EXTERNAL", "MSSBCBS"]) {
    container.sasl_server_mechanisms[mechanism] = () => ({ start() { this.outcome = true; this.username = "cbs"; } });
  }
  const find = (address) => boxes.get(address.toLowerCase().replace(/\/\$management$/, ""));
  const refuse = (link, condition, description) => link.close({ condition, description });
  const unknown = (link, address) => refuse(link, "amqp:not-found", `The messaging entity '${address}' could not be found.`);
  const asks = (address) => address === "$cbs" || address.toLowerCase().endsWith("/$management");

  // A receiver attaches: for a queue, or for the answers of $cbs or $management.
  container.on("sender_open", ({ sender }) => {
    const address = sender.source.address;
    mirror(sender, maxBytes);
    const box = find(address);
    if (!box && address !== "$cbs") return unknown(sender, address);
    if (asks(address)) {
      // A request names the link by its target, or, from Node, by its name.
      replies.set(sender.target?.address ?? sender.name, sender);
      return;
    }
    if (!sender.connection.authorised) return refuse(sender, "amqp:unauthorized-access", "Unauthorized access. 'Listen' claim(s) are required.");
    box.links.add(sender);
    sender.on("sendable", () => box.deliver(lockSeconds));
    sender.on("sender_draining", () => box.deliver(lockSeconds, () => sender.set_drained(true)));
    sender.on("sender_close", () => box.links.delete(sender));
    // The receiver says what is to become of a message, and waits until that is
    // done: it settles second.
    const settled = (what) => ({ delivery }) => {
      const stored = box.byTag(delivery.tag);
      if (stored) what(stored, delivery);
      delivery.update(true, amqp.accepted().described());
      delivery.remote_settled = true;
    };
    sender.on("accepted", settled((stored) => box.remove(stored)));
    sender.on("released", settled((stored) => box.unlock(stored, lockSeconds))); // and what is abandoned
    sender.on("rejected", settled((stored, delivery) => bury(address, stored, delivery.remote_state.error?.info ?? {})));
  });

  // A sender attaches: to a queue, or with questions for $cbs or $management.
  container.on("receiver_open", ({ receiver }) => {
    const address = receiver.target.address;
    mirror(receiver, maxBytes);
    if (!find(address) && address !== "$cbs") unknown(receiver, address);
  });
  container.on("message", ({ message, receiver, delivery, connection }) => {
    const address = receiver.target.address;
    const box = find(address);
    if (asks(address)) return answer(message, box ? manage(message, box, address) : putToken(message, connection));
    // Of several messages in one transfer rhea hands over the bytes.
    const several = delivery.format === batched ? [amqp.decode(message).body.content].flat().map(amqp.decode) : [message];
    if (delivery.format === batched && message.length > maxBytes) return refuse(receiver, "amqp:link:message-size-exceeded", `The received message is larger than ${maxBytes} bytes.`);
    for (const one of several) box.add(one);
    box.transfers.push(several.length);
    box.deliver(lockSeconds);
  });

  function putToken(message, connection) {
    const valid = signed(message.body, key, keyName);
    connection.authorised = valid;
    return valid ? { status: 202, text: "Accepted" } : { status: 401, text: "InvalidSignature: The token has an invalid signature." };
  }

  function bury(address, stored, info) {
    find(address).remove(stored);
    const why = Object.entries(info).filter(([name, value]) => name.startsWith("DeadLetter") && value);
    stored.message.application_properties = { ...stored.message.application_properties, ...Object.fromEntries(why) };
    find(address + dead).add(stored.message, stored);
    find(address + dead).deliver(lockSeconds);
  }

  // A receiver whose link is gone, on a busy machine for example, says by lock
  // token what is to become of a message.
  function settle(address, box, { "lock-tokens": tokens, "disposition-status": status, "deadletter-reason": reason, "deadletter-description": description }) {
    const [stored, ...more] = [...tokens].map((token) => box.byTag(guid(token)));
    if (!stored || more.length > 0) return { status: 410, text: "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue." };
    switch (status) {
      case "completed": box.remove(stored); break;
      case "abandoned": box.unlock(stored, lockSeconds); break;
      case "suspended": bury(address, stored, { DeadLetterReason: reason, DeadLetterErrorDescription: description }); break;
      default: return { status: 501, text: `no ${status} here` };
    }
    return { status: 200, text: "OK" };
  }

  function manage(message, box, address) {
    const operation = message.application_properties.operation;
    if (operation === "com.microsoft:update-disposition") return settle(address.replace(/\/\$management$/i, ""), box, message.body);
    if (operation !== "com.microsoft:peek-message") return { status: 501, text: `no ${operation} here` };
    const { "from-sequence-number": from, "message-count": count } = message.body;
    const page = box.peek(Number(from), count);
    if (page.length === 0) return { status: 204, text: "no messages" };
    return { status: 200, text: "OK", body: { messages: page.map((stored) => ({ message: amqp.encode(stored.wire()) })) } };
  }

  function answer(request, { status, text, body }) {
    replies.get(request.reply_to)?.send({
      correlation_id: request.message_id, body: body ?? "",
      application_properties: { statusCode: types.wrap_int(status), statusDescription: text, "status-code": types.wrap_int(status), "status-description": text },
    });
  }

  const server = container.listen({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const { port } = server.address();
  return {
    connection: (secret = key) => `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=${keyName};SharedAccessKey=${secret};UseDevelopmentEmulator=true;`,
    /** How many messages a queue holds, and how many of them are locked. */
    count: (name) => ({ all: find(name).stored.length, locked: find(name).stored.filter((s) => s.locked()).length }),
    /** How many messages each transfer to a queue has brought. */
    transfers: (name) => find(name).transfers,
    close: () => server.close(),
  };
}

/** Attaches a link as the other side asked for. */
function mirror(link, maxBytes) {
  link.set_source({ address: link.source?.address });
  link.set_target({ address: link.target?.address });
  const { attach } = link.local;
  attach.snd_settle_mode = link.snd_settle_mode;
  attach.rcv_settle_mode = link.rcv_settle_mode;
  attach.max_message_size = maxBytes;
}

/** A lock token is the delivery tag, written as Microsoft writes GUIDs. */
function guid(token) {
  return Buffer.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map((at) => token[at]));
}

/** Checks a shared access signature as Service Bus does. */
function signed(token, key, keyName) {
  const fields = Object.fromEntries(String(token).replace(/^SharedAccessSignature /, "").split("&").map((part) => {
    const at = part.indexOf("=");
    return [part.slice(0, at), part.slice(at + 1)];
  }));
  const expected = createHmac("sha256", key).update(`${fields.sr}\n${fields.se}`).digest("base64");
  return fields.skn === keyName && decodeURIComponent(fields.sig ?? "") === expected && Number(fields.se) > Date.now() / 1000;
}

/** One queue, or the dead letters of one. */
class Box {
  stored = [];
  links = new Set();
  transfers = [];
  last = 0;

  add(message, from) {
    this.last = from?.number ?? this.last + 1;
    this.stored.push(new Stored(message, this.last, from));
  }

  /** Hands out what is not locked, as far as the receivers have credit. */
  deliver(lockSeconds, then = () => {}) {
    const link = [...this.links].find((link) => link.sendable());
    const stored = this.stored.find((stored) => !stored.locked());
    if (!link || !stored) return then();
    link.send(stored.lock(lockSeconds), stored.tag);
    // rhea counts the credit when it writes, which is after this.
    setImmediate(() => this.deliver(lockSeconds, then));
  }

  byTag(tag) {
    return this.stored.find((stored) => stored.locked() && stored.tag.equals(tag));
  }

  remove(stored) {
    this.stored = this.stored.filter((other) => other !== stored);
  }

  unlock(stored, lockSeconds) {
    stored.until = 0;
    this.deliver(lockSeconds);
  }

  peek(from, count) {
    return this.stored.filter((stored) => stored.number >= from).slice(0, count);
  }
}

/** A message with what Service Bus notes about it. */
class Stored {
  until = 0;

  constructor(message, number, from) {
    this.message = message;
    this.number = number;
    this.deliveries = from?.deliveries ?? 0;
    this.enqueued = from?.enqueued ?? Date.now();
  }

  locked() {
    return this.until > Date.now();
  }

  lock(seconds) {
    this.until = Date.now() + seconds * 1000;
    this.tag = Buffer.from(randomUUID().replaceAll("-", ""), "hex");
    const wire = this.wire();
    wire.message_annotations["x-opt-locked-until"] = types.wrap_timestamp(this.until);
    this.deliveries++;
    return wire;
  }

  wire() {
    return {
      ...this.message, delivery_count: this.deliveries,
      message_annotations: {
        ...this.message.message_annotations,
        "x-opt-sequence-number": types.wrap_long(this.number), "x-opt-enqueued-time": types.wrap_timestamp(this.enqueued),
      },
    };
  }
}
